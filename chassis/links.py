"""Links that prove who may follow them: `<request id>.<mac>`.

The mac is made from the request's id with a key that identity and notifications share, so that
the event which asks for a mail carries no secret. Single use and expiry are identity's rows.
"""

import base64
import hmac
from uuid import UUID

EMAIL_CONFIRMATION = "email_confirmation"
PASSWORD_RESET = "password_reset"


def token(key: bytes, purpose: str, request_id: UUID) -> str:
    return f"{request_id.hex}.{_mac(key, purpose, request_id)}"


def read(key: bytes, purpose: str, token: str) -> UUID | None:
    """The request that a token was made for; None when it was not made with this key."""
    name, _, mac = token.partition(".")
    try:
        request_id = UUID(hex=name)
    except ValueError:
        return None
    genuine = hmac.compare_digest(mac.encode(), _mac(key, purpose, request_id).encode())
    return request_id if genuine else None


def _mac(key: bytes, purpose: str, request_id: UUID) -> str:
    digest = hmac.digest(key, f"{purpose}:{request_id.hex}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
