"""What payments is told about SF Express, which carries paper invoices ($-7)."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Settings

SF_EXPRESS = "https://sfapi.sf-express.com/std/service"
DEMO_SF_PARTNER_ID = "TICEDUDEMO"  # the simulator's
DEMO_SF_CHECKWORD = "simulated-checkword-of-the-demo"
DEMO_SF_SENDER_ADDRESS = "北京市示范区演示路1号"


class CourierSettings(Settings):
    sf_base_url: str = Field(default="", description="SF Express; empty: the simulator's")
    sf_partner_id: str = DEMO_SF_PARTNER_ID
    sf_checkword: SecretStr = SecretStr(DEMO_SF_CHECKWORD)
    sf_sender_name: str = "中国出入境检验检疫协会"
    sf_sender_phone: str = "010-62383899"
    sf_sender_address: str = DEMO_SF_SENDER_ADDRESS

    @model_validator(mode="after")
    def _choose_courier(self) -> Self:
        if self.app_env == "production":
            self._refuse_the_simulated_courier()
        if not self.sf_base_url:
            stub = f"http://127.0.0.1:{self.port}/simulators/sf/std/service"
            object.__setattr__(self, "sf_base_url", stub)
        return self

    def _refuse_the_simulated_courier(self) -> None:
        if self.sf_base_url != SF_EXPRESS:
            raise ValueError(f"SF_BASE_URL must be {SF_EXPRESS} in production")
        if self.sf_partner_id == DEMO_SF_PARTNER_ID:
            raise ValueError("SF_PARTNER_ID must be your own in production")
        if self.sf_checkword.get_secret_value() == DEMO_SF_CHECKWORD:
            raise ValueError("SF_CHECKWORD must be your own in production")
        if self.sf_sender_address == DEMO_SF_SENDER_ADDRESS:
            raise ValueError("SF_SENDER_ADDRESS must be your own in production")
