"""What payments is told by its environment."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Key, Settings

from .model.invoice_room import Policy
from .providers.wechat_xml import SignType

WECHAT = "https://api.mch.weixin.qq.com/"
DEMO_APP_ID = "wxd930ea5d5a258f4f"  # published in WeChat's documents, together with the key
DEMO_MCH_ID = "10000100"
DEMO_API_KEY = "192006250b4c09247ec02edce69f6a2d"

SF_EXPRESS = "https://sfapi.sf-express.com/std/service"
DEMO_SF_PARTNER_ID = "TICEDUDEMO"  # the simulator's
DEMO_SF_CHECKWORD = "simulated-checkword-of-the-demo"
DEMO_SF_SENDER_ADDRESS = "北京市示范区演示路1号"


class PaymentsSettings(Settings):
    wechat_api_base_url: str = Field(default="", description="empty: the simulator's")
    wechat_app_id: str = DEMO_APP_ID
    wechat_mch_id: str = DEMO_MCH_ID
    wechat_api_key: SecretStr = SecretStr(DEMO_API_KEY)
    wechat_sign_type: SignType = "MD5"
    wechat_client_ip: str = Field(default="127.0.0.1", description="this server, as WeChat is told")
    wechat_cert_file: Path | None = Field(
        default=None, description="PEM of the merchant's TLS certificate: refunds of API v2"
    )
    wechat_key_file: Path | None = Field(default=None, description="its private key")
    order_pay_minutes: int = Field(default=30, ge=5, le=110, description="a code lives two hours")
    id_number_mac_key: Key = Field(description="finds people by ID number; the same as identity's")
    card_key: Key = Field(description="keys the hash of study card codes; losing it voids them all")
    card_key_version: int = Field(default=1, ge=1, le=999, description="kept beside each hash")
    card_valid_years: int = Field(default=3, ge=1, le=20, description="then a card needs staff")
    sheet_hours: int = Field(default=24, ge=1, le=168, description="to fetch a batch's codes")
    card_failures_alarm: int = Field(default=100, ge=10, description="refused codes in an hour")
    parcel_key: Key = Field(description="seals what no event may hold; notifications has the same")
    bank_account_name: str = "中国出入境检验检疫协会"  # $-3, as the notice gives it
    bank_name: str = "中国建设银行北京中轴路支行"
    bank_account_number: str = "11001085800056014693"
    invoice_policy: Policy = Field(
        default=Policy.AT_CONSUMPTION, description="when money paid in ahead is invoiced ($-7)"
    )
    sf_base_url: str = Field(default="", description="SF Express; empty: the simulator's")
    sf_partner_id: str = DEMO_SF_PARTNER_ID
    sf_checkword: SecretStr = SecretStr(DEMO_SF_CHECKWORD)
    sf_sender_name: str = "中国出入境检验检疫协会"
    sf_sender_phone: str = "010-62383899"
    sf_sender_address: str = DEMO_SF_SENDER_ADDRESS
    refund_spacing_seconds: float = Field(
        default=61, gt=0, description="WeChat takes one refund of a payment in a minute"
    )
    refund_two_persons_above_fen: int = Field(
        default=100_000, ge=0, description="larger refunds are approved by two persons ($-8)"
    )
    webhook_wait_seconds: float = Field(
        default=2.5, description="WeChat expects its reply within 3 to 5 seconds"
    )

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        if self.app_env == "production":
            self._refuse_the_simulator()
            self._refuse_the_simulated_courier()
        if not self.sf_base_url:
            stub = f"http://127.0.0.1:{self.port}/simulators/sf/std/service"
            object.__setattr__(self, "sf_base_url", stub)
        if not self.wechat_api_base_url:
            simulator = f"http://127.0.0.1:{self.port}/simulators/wechat/api/"
            object.__setattr__(self, "wechat_api_base_url", simulator)
        return self

    def _refuse_the_simulator(self) -> None:
        """Nobody may pay with play money: not with published credentials, not elsewhere."""
        if self.wechat_api_base_url != WECHAT:
            raise ValueError(f"WECHAT_API_BASE_URL must be {WECHAT} in production")
        if self.wechat_app_id == DEMO_APP_ID or self.wechat_mch_id == DEMO_MCH_ID:
            raise ValueError("WECHAT_APP_ID and WECHAT_MCH_ID must be your own in production")
        if self.wechat_api_key.get_secret_value() == DEMO_API_KEY:
            raise ValueError("WECHAT_API_KEY must be your own in production")
        if self.wechat_certificate is None:
            raise ValueError("WECHAT_CERT_FILE and WECHAT_KEY_FILE must be files in production")

    @property
    def wechat_certificate(self) -> tuple[Path, Path] | None:
        """The merchant's certificate and its key, where both are there."""
        certificate, key = self.wechat_cert_file, self.wechat_key_file
        if certificate is None or key is None or not (certificate.is_file() and key.is_file()):
            return None
        return certificate, key

    def _refuse_the_simulated_courier(self) -> None:
        if self.sf_base_url != SF_EXPRESS:
            raise ValueError(f"SF_BASE_URL must be {SF_EXPRESS} in production")
        if self.sf_partner_id == DEMO_SF_PARTNER_ID:
            raise ValueError("SF_PARTNER_ID must be your own in production")
        if self.sf_checkword.get_secret_value() == DEMO_SF_CHECKWORD:
            raise ValueError("SF_CHECKWORD must be your own in production")
        if self.sf_sender_address == DEMO_SF_SENDER_ADDRESS:
            raise ValueError("SF_SENDER_ADDRESS must be your own in production")

    @property
    def refund_spacing(self) -> timedelta:
        return timedelta(seconds=self.refund_spacing_seconds)

    @property
    def notify_url(self) -> str:
        return f"{self.public_url}/webhooks/wechat"
