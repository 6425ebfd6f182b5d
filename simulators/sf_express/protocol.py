"""How SF's open platform is spoken to: the signature, and the two layers of an answer."""

import hashlib
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

FIELDS = ("partnerID", "requestID", "serviceCode", "timestamp", "msgDigest", "msgData")


def java_url_encode(text: str) -> str:
    """As java.net.URLEncoder does: letters, digits and `.-*_` stay, a blank becomes `+`."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def digest(message: str, timestamp: str, checkword: str) -> str:
    encoded = java_url_encode(f"{message}{timestamp}{checkword}")
    return b64encode(hashlib.md5(encoded.encode()).digest()).decode()


def platform_refusal(code: str, message: str) -> dict[str, Any]:
    """The platform did not let the request through to the service."""
    return {"apiErrorMsg": message, "apiResponseID": "", "apiResultCode": code}


def answer(
    *, code: str = "S0000", message: str | None = None, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the service said; its text is JSON inside JSON."""
    inner = {
        "success": code == "S0000",
        "errorCode": code,
        "errorMsg": message,
        "msgData": data,
    }
    return {
        "apiErrorMsg": "",
        "apiResponseID": "simulated",
        "apiResultCode": "A1000",
        "apiResultData": json.dumps(inner, ensure_ascii=False),
    }
