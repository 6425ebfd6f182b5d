"""Keys for API v3 in a folder: what the merchant holds, and what the provider does.

Made once; whoever comes later finds them.
"""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from simulators.wechat_pay.merchant import V3

BITS = 2048
VALID_DAYS = 3650
KEY_ID = "PUB_KEY_ID_0SIMULATED"  # a real one has digits only
MERCHANT_KEY, MERCHANT_CERTIFICATE = "apiclient_key.pem", "apiclient_cert.pem"
PLATFORM_KEY, PUBLIC_KEY, NAMES = "platform_key.pem", "pub_key.pem", "names.json"


def make(folder: Path) -> dict[str, str]:
    """The merchant's half as environment variables; all of it is made at the first call."""
    if not (folder / NAMES).exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_merchant(folder)
        platform = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
        _write(folder / PLATFORM_KEY, _pem(platform))
        _write(
            folder / PUBLIC_KEY,
            platform.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )
        _write(folder / NAMES, json.dumps({"apiv3_key": secrets.token_hex(16)}).encode())
    return {
        "WECHAT_CERT_FILE": str(folder / MERCHANT_CERTIFICATE),
        "WECHAT_KEY_FILE": str(folder / MERCHANT_KEY),
        "WECHAT_PUBLIC_KEY_FILE": str(folder / PUBLIC_KEY),
        "WECHAT_PUBLIC_KEY_ID": KEY_ID,
        "WECHAT_APIV3_KEY": str(json.loads((folder / NAMES).read_text())["apiv3_key"]),
    }


def read(folder: Path) -> V3:
    """The provider's half; made if need be."""
    apiv3_key = make(folder)["WECHAT_APIV3_KEY"]
    certificate = x509.load_pem_x509_certificate((folder / MERCHANT_CERTIFICATE).read_bytes())
    platform_key = load_pem_private_key((folder / PLATFORM_KEY).read_bytes(), password=None)
    merchant_public_key = certificate.public_key()
    assert isinstance(platform_key, rsa.RSAPrivateKey)
    assert isinstance(merchant_public_key, rsa.RSAPublicKey)
    return V3(
        apiv3_key=apiv3_key,
        merchant_serial=f"{certificate.serial_number:040X}",
        merchant_public_key=merchant_public_key,
        platform_key=platform_key,
        platform_key_id=KEY_ID,
    )


def _make_merchant(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated merchant")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .sign(key, SHA256())
    )
    _write(folder / MERCHANT_KEY, _pem(key))
    _write(folder / MERCHANT_CERTIFICATE, certificate.public_bytes(Encoding.PEM))


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, readable by nobody else."""
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    os.replace(partial, path)
