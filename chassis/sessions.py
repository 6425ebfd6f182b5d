"""Who is asking: access tokens signed by identity, verified here with its public keys, offline."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from chassis.permissions import Permission

log = structlog.get_logger()

ISSUER = AUDIENCE = "tic-edu"
ALGORITHM = "Ed25519"  # the name that RFC 9864 gives to EdDSA with this curve
ACCESS_COOKIE, REFRESH_COOKIE = "access", "refresh"
TOKEN_LENGTH = 4096
RELOAD_SECONDS = 5.0  # how often an unknown key id may make us read the key file again


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. `kind` is "learner" or "staff"."""

    subject: UUID
    kind: str
    name: str
    learner_kind: str | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def is_learner(self) -> bool:
        return self.kind == "learner"

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


class SessionKeys:
    """Identity's public keys, read from the JWKS file and again when an unknown key turns up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: KeySet | None = None
        self._read_at = 0.0
        self._claims = JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
        )

    def verify(self, token: str) -> Session | None:
        """The session of a genuine, unexpired access token; else None."""
        if not token or len(token) > TOKEN_LENGTH:
            return None
        claims = self._decode(token)
        if claims is None and self._read_again():
            claims = self._decode(token)
        return _session(claims) if claims is not None else None

    def _decode(self, token: str) -> dict[str, Any] | None:
        if self._keys is None and not self._read_again():
            return None
        assert self._keys is not None
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError):
            return None
        return dict(decoded.claims)

    def _read_again(self) -> bool:
        if time.monotonic() - self._read_at < RELOAD_SECONDS and self._keys is not None:
            return False
        self._read_at = time.monotonic()
        try:
            self._keys = KeySet.import_key_set(json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError) as reason:
            log.warning("jwks_unreadable", reason=type(reason).__name__)
            return False
        return True


def _session(claims: dict[str, Any]) -> Session | None:
    try:
        return Session(
            subject=UUID(claims["sub"]),
            kind=str(claims["kind"]),
            name=str(claims.get("name", "")),
            learner_kind=claims.get("learner_kind"),
            permissions=frozenset(claims.get("permissions", ())),
        )
    except (KeyError, ValueError, TypeError):
        return None
