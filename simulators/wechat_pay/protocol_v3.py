"""What travels in API v3: RSA signatures over lines, and AES-256-GCM. Knows nothing of orders."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.wechat_pay.protocol import BEIJING

SCHEMA = "WECHATPAY2-SHA256-RSA2048"
PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def sign(key: RSAPrivateKey, lines: Sequence[str]) -> str:
    """In base64, over the lines, each with its line feed."""
    return base64.b64encode(key.sign(_text(lines), PKCS1v15(), SHA256())).decode()


def verify(key: RSAPublicKey, lines: Sequence[str], signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), _text(lines), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True


def read_authorization(header: str) -> Mapping[str, str]:
    """The parameters of an Authorization header; none where it is of another scheme."""
    scheme, _, rest = header.partition(" ")
    return dict(PARAMETER.findall(rest)) if scheme == SCHEMA else {}


def encrypt(apiv3_key: str, text: bytes, *, original_type: str) -> dict[str, Any]:
    """The `resource` of a notification."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), text, original_type.encode())
    return {
        "original_type": original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": original_type,
        "nonce": nonce,
    }


def rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, BEIJING).isoformat(timespec="seconds")


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
