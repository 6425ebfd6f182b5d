"""The platform's signature on what API v3 sends: answers and notifications alike."""

import json
import secrets
import time

from simulators.wechat_pay import protocol_v3
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.merchant import V3
from simulators.wechat_pay.words_v3 import Json

SIGNATURE = "Wechatpay-Signature"
UNKNOWN_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"


def dump(told: Json) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def headers(v3: V3, body: bytes, fault: Fault | None) -> dict[str, str]:
    """Fresh for every message. Faults: `old_timestamp` (`seconds` ago, and signed so),
    `signtest`, `unknown_serial`, `bad_signature`, `unsigned`."""
    kind = fault.kind if fault else ""
    age = int(fault.seconds) if fault and kind == "old_timestamp" else 0
    stamp, nonce = str(int(time.time()) - age), secrets.token_hex(16)
    signature = protocol_v3.sign(v3.platform_key, [stamp, nonce, body.decode()])
    made = {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        SIGNATURE: signature,
        "Wechatpay-Serial": v3.platform_key_id,
        "Wechatpay-Signature-Type": protocol_v3.SCHEMA,
    }
    if kind == "unsigned":
        return {}
    if kind == "signtest":
        made[SIGNATURE] = f"WECHATPAY/SIGNTEST/{signature[19:]}"
    if kind in ("bad_signature", "forged"):
        made[SIGNATURE] = protocol_v3.sign(v3.platform_key, [stamp, nonce, "another body"])
    if kind == "unknown_serial":
        made["Wechatpay-Serial"] = UNKNOWN_SERIAL
    return made
