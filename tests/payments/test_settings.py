"""A real deployment does not start with play money (case 62)."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.payments.courier_settings import SF_EXPRESS
from services.payments.settings import PaymentsSettings
from services.payments.wechat_settings import DEMO_APP_ID, DEMO_APP_SECRET, DEMO_MCH_ID, WECHAT

KEYS: dict[str, Any] = dict.fromkeys(
    ("id_number_mac_key", "card_key", "parcel_key"), b64encode(bytes(32)).decode()
)
REAL: dict[str, Any] = {
    **KEYS,
    "app_env": "production",
    "public_url": "https://edu.example",
    "database_url": "postgresql://x",
    "jwks_file": Path("jwks.json"),
    "wechat_api_base_url": WECHAT,
    "wechat_app_id": "wx0000000000000001",
    "wechat_mch_id": "1900000001",
    "wechat_api_key": "k" * 32,
    "wechat_app_secret": "s" * 32,
    "wechat_cert_file": Path(__file__),
    "wechat_key_file": Path(__file__),
    "sf_base_url": SF_EXPRESS,
    "sf_partner_id": "OURS",
    "sf_checkword": "c" * 32,
    "sf_sender_address": "北京市海淀区1号",
}


def test_production_starts_with_its_own_credentials() -> None:
    settings = PaymentsSettings(**REAL)
    assert settings.wechat_api_base_url == WECHAT
    assert settings.notify_url == "https://edu.example/webhooks/wechat"


@pytest.mark.parametrize(
    "missing",
    [
        *("wechat_api_base_url", "wechat_app_id", "wechat_mch_id", "wechat_api_key"),
        *("wechat_app_secret", "wechat_cert_file", "wechat_key_file"),
        *("sf_base_url", "sf_partner_id", "sf_checkword", "sf_sender_address"),
    ],
)
def test_production_refuses_the_demos_values(missing: str) -> None:
    given = {name: value for name, value in REAL.items() if name != missing}
    with pytest.raises(ValidationError) as refused:
        PaymentsSettings(**given)
    assert missing.upper() in str(refused.value)
    assert "k" * 32 not in str(refused.value)
    assert "c" * 32 not in str(refused.value)


def test_production_refuses_another_address() -> None:
    with pytest.raises(ValidationError):
        PaymentsSettings(**{**REAL, "wechat_api_base_url": "http://127.0.0.1:8000/"})


def test_the_demo_pays_at_the_simulator() -> None:
    settings = PaymentsSettings(
        port=8123, database_url="postgresql://x", jwks_file=Path("j"), **KEYS
    )
    assert settings.wechat_api_base_url == "http://127.0.0.1:8123/simulators/wechat/api/"


V3: dict[str, Any] = {
    **REAL,
    "wechat_api_version": "v3",
    "wechat_apiv3_key": "k" * 32,
    "wechat_public_key_file": Path(__file__),
    "wechat_public_key_id": "PUB_KEY_ID_0114232134912410000000000000",
}
del V3["wechat_api_key"]


def test_api_v3_needs_no_key_of_v2() -> None:
    assert PaymentsSettings(**V3).notify_url == "https://edu.example/webhooks/wechat/v3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wechat_apiv3_key", ""),
        ("wechat_apiv3_key", "k" * 31),
        ("wechat_public_key_id", ""),
        ("wechat_public_key_id", "5157F09EFDC096DE"),
        ("wechat_public_key_id", "PUB_KEY_ID_0SIMULATED"),
        ("wechat_public_key_file", None),
        ("wechat_key_file", Path("/nowhere")),
        ("wechat_api_base_url", "http://127.0.0.1:8000/simulators/wechat/api/"),
        ("wechat_api_base_url", "https://api.mch.weixin.qq.com.example/"),
        ("wechat_app_id", DEMO_APP_ID),
        ("wechat_mch_id", DEMO_MCH_ID),
        ("wechat_app_secret", DEMO_APP_SECRET),
        ("wechat_token_url", "http://127.0.0.1:8000/sns/oauth2/access_token"),
        ("wechat_authorize_url", "http://127.0.0.1:8000/connect/oauth2/authorize"),
    ],
)
def test_production_refuses_api_v3_without_its_own_keys(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        PaymentsSettings(**{**V3, name: value})
    assert name.upper() in str(refused.value)
