"""What certificates is told by its environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from chassis.settings import Key, Settings

from . import keys


class CertificatesSettings(Settings):
    """Shared settings and those of certificates."""

    certificate_key_file: Path = Field(description="PEM: the key that signs certificates")
    certificate_chain_file: Path = Field(description="PEM: its certificate, then up to the root")
    id_number_mac_key: Key = Field(description="finds by ID number; the same as identity's (I-9)")
    issue_every_seconds: float = Field(default=5, gt=0, description="looks for what is due")
    search_per_address_a_minute: int = Field(default=20, ge=1, description="stops guessing (Z-5)")
    search_everybody_a_minute: int = Field(default=600, ge=1, description="bounds many addresses")

    @model_validator(mode="after")
    def _refuse_demo_keys(self) -> Self:
        production = self.app_env == "production"
        if production and keys.is_demo(self.certificate_chain_file.read_bytes()):
            raise ValueError("CERTIFICATE_CHAIN_FILE holds the demo's certificate")
        return self
