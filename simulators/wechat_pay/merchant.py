"""The merchant that the provider knows."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


@dataclass(frozen=True, slots=True)
class V3:
    """What API v3 is spoken with: the merchant's public key and serial verify its requests, the
    platform's private key signs answers, named by `platform_key_id`."""

    apiv3_key: str = field(repr=False)
    merchant_serial: str
    merchant_public_key: RSAPublicKey
    platform_key: RSAPrivateKey = field(repr=False)
    platform_key_id: str


@dataclass(frozen=True, slots=True)
class Merchant:
    app_id: str
    mch_id: str
    api_key: str = field(repr=False)
    app_secret: str = field(repr=False)
    v3: V3 | None = None
