"""What every process is told by its environment. Services add their own values in a subclass."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _key(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None
    if len(key) != 32:
        raise ValueError("must be 32 bytes in base64")
    return SecretBytes(key)


Key = Annotated[SecretBytes, BeforeValidator(_key)]
"""A symmetric key: 32 random bytes, written in base64."""


class Settings(BaseSettings):
    """Shared settings; the environment variable is the field's name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    app_env: Literal["demo", "production"] = "demo"
    port: int = Field(default=8000, description="the gateway's port on 127.0.0.1")
    public_url: str = Field(default="", description="base of links in mail and QR codes")
    data_dir: Path = Field(default=Path("var"), description="everything that is kept")
    database_url: SecretStr = Field(description="this service's own database")
    database_pool_max: int = 8
    amqp_url: SecretStr | None = Field(default=None, description="RabbitMQ; None: in one process")
    files_url: str = Field(default="", description="s3://bucket/prefix; empty: a folder")
    parcels_url: str = Field(
        default="", description="s3://bucket/prefix that the services share; empty: a folder"
    )
    jwks_file: Path = Field(description="identity's public keys, to verify sessions offline")
    trusted_proxy: bool = Field(default=False, description="believe the gateway's X-Real-IP")
    contact_phones: list[str] = ["010-62383899", "010-82024323"]  # T
    contact_email: str = "ccib@vip.163.com"  # T
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _derive_public_url(self) -> Self:
        if not self.public_url:
            if self.app_env == "production":
                raise ValueError("PUBLIC_URL must be set in production")
            object.__setattr__(self, "public_url", f"http://127.0.0.1:{self.port}")
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        if self.app_env == "production" and not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must begin with https:// in production")
        return self

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")
