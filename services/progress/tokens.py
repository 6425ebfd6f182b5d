"""Session tokens: which session of which learner a beat is for, checked without a database.

learner (16 bytes) · session (16) · expiry (4, seconds) · HMAC-SHA256 over them (18), base64url.
"""

import base64
import binascii
import hmac
from typing import NamedTuple
from uuid import UUID

LENGTH = 72
_MAC = 18


class Ticket(NamedTuple):
    learner: bytes
    session: bytes


def sign(key: bytes, *, learner_id: UUID, session_id: UUID, expires_at_seconds: int) -> str:
    content = learner_id.bytes + session_id.bytes + expires_at_seconds.to_bytes(4, "big")
    return base64.urlsafe_b64encode(content + _mac(key, content)).decode()


def read(key: bytes, token: str, *, now_seconds: float) -> Ticket | None:
    """What a genuine token says; None when it is not ours or has expired."""
    if len(token) != LENGTH:
        return None
    try:
        raw = base64.b64decode(token, b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    content = raw[:36]
    if not hmac.compare_digest(raw[36:], _mac(key, content)):
        return None
    if int.from_bytes(content[32:], "big") < now_seconds:
        return None
    return Ticket(content[:16], content[16:32])


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"beat-token:" + content, "sha256")[:_MAC]
