"""API v3 without a server: a client, and messages that WeChat could have signed."""

from pathlib import Path

from services.payments.providers.wechat_v3 import WeChatV3
from simulators.wechat_pay import keys as simulated
from simulators.wechat_pay import protocol_v3, signed_v3
from simulators.wechat_pay.faults import Fault
from tests.payments.conftest import APP_ID, MCH_ID
from tests.payments.test_wechat_client import NUMBER


class V3:
    """Both halves of the keys of this run."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.folder = Path(keys["WECHAT_KEY_FILE"]).parent
        self.names = simulated.read(self.folder)

    def client(self, *, base_url: str = "http://127.0.0.1:9", **changes: str) -> WeChatV3:
        """One that talks to nobody, or to `base_url`."""
        given = {
            "apiv3_key": self.names.apiv3_key,
            "serial": self.names.merchant_serial,
            "private_key": (self.folder / simulated.MERCHANT_KEY).read_text(),
            "public_key": (self.folder / simulated.PUBLIC_KEY).read_text(),
            "public_key_id": self.names.platform_key_id,
            "notify_url": "http://127.0.0.1:8000/webhooks/wechat/v3",
        }
        return WeChatV3(base_url=base_url, app_id=APP_ID, mch_id=MCH_ID, **(given | changes))

    def headers(self, body: bytes, fault: str = "") -> dict[str, str]:
        return signed_v3.headers(self.names, body, Fault("notify", fault) if fault else None)

    def notification(
        self, changes: dict[str, object] | None = None, event: str = "TRANSACTION.SUCCESS"
    ) -> bytes:
        told = signed_v3.dump(TRANSACTION | (changes or {}))
        resource = protocol_v3.encrypt(self.names.apiv3_key, told, original_type="transaction")
        return signed_v3.dump(
            {
                "id": "1",
                "resource_type": "encrypt-resource",
                "event_type": event,
                "resource": resource,
            }
        )


TRANSACTION: dict[str, object] = {
    "appid": APP_ID,
    "mchid": MCH_ID,
    "out_trade_no": NUMBER,
    "transaction_id": "4200001234567890",
    "trade_state": "SUCCESS",
    "trade_type": "NATIVE",
    "success_time": "2026-11-21T13:35:25+08:00",
    "payer": {"openid": "oPayer"},
    "amount": {"total": 15000, "payer_total": 14700, "currency": "CNY"},
}
