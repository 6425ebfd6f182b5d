"""What the identity service is told by its environment, beside what every service is."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from chassis.settings import Key, Settings


class IdentitySettings(Settings):
    """Keys are 32 random bytes in base64."""

    session_key_file: Path = Field(description="Ed25519 private key (JWK with kid) for sessions")
    id_number_key: Key = Field(description="encrypts ID numbers at rest (I-9)")
    id_number_mac_key: Key = Field(description="finds ID numbers; certificates has the same")
    link_key: Key = Field(description="signs mailed links; notifications has the same")
    captcha_answer: str | None = Field(
        default=None, description="fixes every captcha's answer, for automated runs of the demo"
    )

    @model_validator(mode="after")
    def _no_demo_in_production(self) -> Self:
        if self.app_env == "production" and self.captcha_answer:
            raise ValueError("CAPTCHA_ANSWER must not be set in production")
        return self
