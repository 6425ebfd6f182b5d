"""Access tokens: signed here, verified by every service offline with the published keys."""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis import clock
from chassis.sessions import ALGORITHM, AUDIENCE, ISSUER

from .model import Learner, Staff

ACCESS_LIFETIME: Final = timedelta(minutes=15)
DEMO_KID: Final = "demo"  # a key id that begins so is refused in production


class UnfitKey(ValueError):
    """The session key can't be used here."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one Ed25519 key."""

    key: OKPKey

    def learner(self, learner: Learner) -> str:
        """An access token for a learner."""
        return self._sign(
            sub=str(learner.learner_id),
            kind="learner",
            name=learner.real_name,
            learner_kind=learner.kind.value,
        )

    def staff(self, staff: Staff) -> str:
        """An access token for a member of staff, with what the roles allow at this moment."""
        return self._sign(
            sub=str(staff.staff_id), kind="staff", name=staff.name, permissions=staff.permissions
        )

    def jwks(self) -> dict[str, Any]:
        """The public half, as other services and strangers may read it."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": ALGORITHM}]}

    def _sign(self, **claims: Any) -> str:
        now = int(clock.now().timestamp())
        stamped = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(ACCESS_LIFETIME.total_seconds()),
            "jti": secrets.token_urlsafe(12),
            **claims,
        }
        header = {"alg": ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, stamped, self.key, algorithms=[ALGORITHM])


def read_signer(path: Path, *, production: bool) -> Signer:
    """The signer of a key file. Raises UnfitKey for anything but a private Ed25519 key with `kid`,
    and in production for a demo key."""
    key = OKPKey.import_key(json.loads(path.read_text("utf-8")))
    if not key.is_private or key.as_dict().get("crv") != "Ed25519" or not key.kid:
        raise UnfitKey("SESSION_KEY_FILE must hold a private Ed25519 key with a kid")
    if production and key.kid.startswith(DEMO_KID):
        raise UnfitKey("SESSION_KEY_FILE holds a demo key")
    return Signer(key)
