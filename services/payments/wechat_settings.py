"""What payments is told about WeChat Pay: the merchant account, in API v2 or v3."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Settings

from .providers.wechat_xml import SignType

WECHAT = "https://api.mch.weixin.qq.com/"
AUTHORIZE_PATH, TOKEN_PATH = "/connect/oauth2/authorize", "/sns/oauth2/access_token"
AUTHORIZE = f"https://open.weixin.qq.com{AUTHORIZE_PATH}"
TOKEN = f"https://api.weixin.qq.com{TOKEN_PATH}"
DEMO_APP_ID = "wxd930ea5d5a258f4f"  # published in WeChat's documents, together with the key
DEMO_MCH_ID = "10000100"
DEMO_API_KEY = "192006250b4c09247ec02edce69f6a2d"
DEMO_APP_SECRET = "simulated-app-secret-of-nobody-0"
DEMO_KEY_ID_PREFIX = "PUB_KEY_ID_0SIMULATED"
KEY_ID_PREFIX = "PUB_KEY_ID_"
APIV3_KEY_BYTES = 32


class WeChatSettings(Settings):
    wechat_api_version: Literal["v2", "v3"] = "v2"
    wechat_api_base_url: str = Field(default="", description="empty: the simulator's")
    wechat_app_id: str = DEMO_APP_ID
    wechat_mch_id: str = DEMO_MCH_ID
    wechat_cert_file: Path | None = Field(
        default=None, description="PEM of the merchant's certificate: v2's refunds, v3's serial"
    )
    wechat_key_file: Path | None = Field(default=None, description="its private key, PEM (PKCS#8)")
    wechat_app_secret: SecretStr = Field(
        default=SecretStr(DEMO_APP_SECRET), description="of the app: says who pays inside WeChat"
    )
    wechat_authorize_url: str = Field(
        default="", description="OAuth, for browsers; empty: WeChat's, or the simulator's"
    )
    wechat_token_url: str = Field(
        default="", description="OAuth, for us; empty: WeChat's, or the simulator's"
    )
    wechat_client_ip: str = Field(default="127.0.0.1", description="this server, as WeChat is told")
    wechat_api_key: SecretStr = Field(default=SecretStr(DEMO_API_KEY), description="v2")
    wechat_sign_type: SignType = Field(default="MD5", description="v2")
    wechat_apiv3_key: SecretStr = Field(default=SecretStr(""), description="v3: 32 bytes")
    wechat_public_key_file: Path | None = Field(default=None, description="v3: WeChat's, PEM")
    wechat_public_key_id: str = Field(default="", description="v3: PUB_KEY_ID_…")
    webhook_wait_seconds: float = Field(
        default=2.5, description="WeChat expects its reply within 3 to 5 seconds"
    )

    @model_validator(mode="after")
    def _choose_provider(self) -> Self:
        real = self.app_env == "production"
        if real:
            self._refuse_the_simulator()
        if self.wechat_api_version == "v3":
            self._require_keys_of_v3()
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
        if (
            self.wechat_api_version == "v2"
            and self.wechat_api_key.get_secret_value() == DEMO_API_KEY
        ):
            raise ValueError("WECHAT_API_KEY must be your own in production")
        if self.wechat_public_key_id.startswith(DEMO_KEY_ID_PREFIX):
            raise ValueError("WECHAT_PUBLIC_KEY_ID must be your own in production")
        if self.wechat_certificate is None:
            raise ValueError("WECHAT_CERT_FILE and WECHAT_KEY_FILE must be files in production")

    def _require_keys_of_v3(self) -> None:
        if len(self.wechat_apiv3_key.get_secret_value().encode()) != APIV3_KEY_BYTES:
            raise ValueError(f"WECHAT_APIV3_KEY must have {APIV3_KEY_BYTES} bytes for API v3")
        if not self.wechat_public_key_id.startswith(KEY_ID_PREFIX):
            raise ValueError(f"WECHAT_PUBLIC_KEY_ID must begin with {KEY_ID_PREFIX} for API v3")
        if self.wechat_public_key_file is None or not self.wechat_public_key_file.is_file():
            raise ValueError("WECHAT_PUBLIC_KEY_FILE must be a file for API v3")
        if self.wechat_certificate is None:
            raise ValueError("WECHAT_CERT_FILE and WECHAT_KEY_FILE must be files for API v3")

    @property
    def wechat_certificate(self) -> tuple[Path, Path] | None:
        """The merchant's certificate and its key, where both are there."""
        certificate, key = self.wechat_cert_file, self.wechat_key_file
        if certificate is None or key is None or not (certificate.is_file() and key.is_file()):
            return None
        return certificate, key

    @property
    def notify_url(self) -> str:
        """Where WeChat tells of payments."""
        version = "/v3" if self.wechat_api_version == "v3" else ""
        return f"{self.public_url}/webhooks/wechat{version}"
