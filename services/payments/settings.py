"""What payments is told by its environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Key, Settings

from .providers.wechat_xml import SignType

WECHAT = "https://api.mch.weixin.qq.com/"
DEMO_APP_ID = "wxd930ea5d5a258f4f"  # published in WeChat's documents, together with the key
DEMO_MCH_ID = "10000100"
AUTHORIZE_PATH, TOKEN_PATH = "/connect/oauth2/authorize", "/sns/oauth2/access_token"
AUTHORIZE = f"https://open.weixin.qq.com{AUTHORIZE_PATH}"
TOKEN = f"https://api.weixin.qq.com{TOKEN_PATH}"
DEMO_APP_SECRET = "simulated-app-secret-of-nobody-0"
DEMO_API_KEY = "192006250b4c09247ec02edce69f6a2d"


class PaymentsSettings(Settings):
    wechat_api_base_url: str = Field(default="", description="empty: the simulator's")
    wechat_app_id: str = DEMO_APP_ID
    wechat_mch_id: str = DEMO_MCH_ID
    wechat_api_key: SecretStr = SecretStr(DEMO_API_KEY)
    wechat_app_secret: SecretStr = Field(
        default=SecretStr(DEMO_APP_SECRET), description="of the app: says who pays inside WeChat"
    )
    wechat_authorize_url: str = Field(
        default="", description="for browsers; empty: WeChat's, or the simulator's"
    )
    wechat_token_url: str = Field(
        default="", description="for us; empty: WeChat's, or the simulator's"
    )
    wechat_sign_type: SignType = "MD5"
    wechat_client_ip: str = Field(default="127.0.0.1", description="this server, as WeChat is told")
    wechat_cert_file: Path | None = Field(
        default=None, description="PEM of the merchant's TLS certificate: refunds of API v2"
    )
    wechat_key_file: Path | None = Field(default=None, description="its private key")
    order_pay_minutes: int = Field(default=30, ge=5, le=110, description="a code lives two hours")
    id_number_mac_key: Key = Field(description="finds people by ID number; the same as identity's")
    card_key: Key = Field(description="keys the hash of study card codes; losing it voids them all")
    parcel_key: Key = Field(description="seals what no event may hold; notifications has the same")
    bank_account_name: str = "中国出入境检验检疫协会"  # $-3, as the notice gives it
    bank_name: str = "中国建设银行北京中轴路支行"
    bank_account_number: str = "11001085800056014693"
    webhook_wait_seconds: float = Field(
        default=2.5, description="WeChat expects its reply within 3 to 5 seconds"
    )

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        if self.app_env == "production":
            self._refuse_the_simulator()
        real = self.app_env == "production"
        here, simulator = f"http://127.0.0.1:{self.port}", "/simulators/wechat"
        for name, value in (
            ("wechat_api_base_url", f"{here}{simulator}/api/"),
            ("wechat_authorize_url", AUTHORIZE if real else f"{simulator}{AUTHORIZE_PATH}"),
            ("wechat_token_url", TOKEN if real else f"{here}{simulator}{TOKEN_PATH}"),
        ):
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        return self

    def _refuse_the_simulator(self) -> None:
        """Nobody may pay with play money: not with published credentials, not elsewhere."""
        if self.wechat_api_base_url != WECHAT:
            raise ValueError(f"WECHAT_API_BASE_URL must be {WECHAT} in production")
        if (self.wechat_authorize_url or AUTHORIZE) != AUTHORIZE:
            raise ValueError(f"WECHAT_AUTHORIZE_URL must be {AUTHORIZE} in production")
        if (self.wechat_token_url or TOKEN) != TOKEN:
            raise ValueError(f"WECHAT_TOKEN_URL must be {TOKEN} in production")
        if self.wechat_app_secret.get_secret_value() == DEMO_APP_SECRET:
            raise ValueError("WECHAT_APP_SECRET must be your own in production")
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

    @property
    def notify_url(self) -> str:
        return f"{self.public_url}/webhooks/wechat"
