"""WeChat Pay API v2 messages: flat XML, its signature, and how little of it may be believed.

Every rule here answers an attack or a defect that was reproduced; `docs/decisions` names them.
"""

import hmac
import re
from datetime import UTC, datetime
from typing import Literal
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.pay.utils import calculate_signature, calculate_signature_hmac

from chassis import clock

from ..model.attempts import Trade
from .port import NotTrusted

SignType = Literal["MD5", "HMAC-SHA256"]
Fields = dict[str, str]

MESSAGE_MAX = 64 * 1024  # bytes
TAGS_MAX = 400
NOTIFIED = (
    *("return_code", "result_code", "appid", "mch_id", "nonce_str", "sign"),
    *("out_trade_no", "transaction_id", "total_fee", "trade_type", "time_end", "openid"),
)
SIGN_FORM = {"MD5": r"[0-9A-F]{32}", "HMAC-SHA256": r"[0-9A-F]{64}"}
OUT_TRADE_NO = r"[0-9A-Za-z_\-|*]{6,32}"
TRANSACTION_ID = r"[0-9]{1,32}"
TOTAL_FEE = r"[1-9][0-9]{0,9}"
TIME_END = r"[0-9]{14}"

TAKEN = (
    b"<xml><return_code><![CDATA[SUCCESS]]></return_code>"
    b"<return_msg><![CDATA[OK]]></return_msg></xml>"
)
NOT_TAKEN = (
    b"<xml><return_code><![CDATA[FAIL]]></return_code>"
    b"<return_msg><![CDATA[NOT ACCEPTED]]></return_msg></xml>"
)


def flat_xml(raw: bytes, *, root: str = "xml") -> Fields:
    """The fields of one flat element. Raises `NotTrusted` for anything else.

    Markup declarations are refused before parsing, so no DTD or entity is ever read.
    """
    if len(raw) > MESSAGE_MAX:
        raise NotTrusted("too large")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"<!" in raw.replace(b"<![CDATA[", b""):
        raise NotTrusted("markup declaration")
    if raw.count(b"<") > TAGS_MAX:
        raise NotTrusted("too many tags")
    try:
        document = xmltodict.parse(raw.decode("utf-8"))
    except (ExpatError, ValueError, RecursionError) as error:
        raise NotTrusted(type(error).__name__) from None
    fields = document.get(root)
    if not isinstance(fields, dict):
        raise NotTrusted("no fields")
    if not all(value is None or isinstance(value, str) for value in fields.values()):
        raise NotTrusted("not flat")
    return {name: value or "" for name, value in fields.items()}


def signature(fields: Fields, key: str, sign_type: SignType) -> str:
    """Upper-case hex over all non-empty fields but `sign`, in ASCII order."""
    calculate = calculate_signature_hmac if sign_type == "HMAC-SHA256" else calculate_signature
    return str(calculate({k: v for k, v in fields.items() if k != "sign"}, key))


def is_signed(fields: Fields, key: str, sign_type: SignType) -> bool:
    given = fields.get("sign", "").encode()
    return hmac.compare_digest(given, signature(fields, key, sign_type).encode())


def read_trade(fields: Fields) -> Trade:
    """The payment that a verified message tells of. Raises `NotTrusted` unless every field has
    exactly its form: the signed text is ambiguous without that."""
    require(fields, "out_trade_no", OUT_TRADE_NO)
    require(fields, "transaction_id", TRANSACTION_ID)
    require(fields, "total_fee", TOTAL_FEE)
    require(fields, "time_end", TIME_END)
    if fields.get("fee_type", "") not in ("", "CNY"):
        raise NotTrusted("fee_type")
    try:
        paid_at = datetime.strptime(fields["time_end"], "%Y%m%d%H%M%S")
    except ValueError:
        raise NotTrusted("time_end") from None
    return Trade(
        out_trade_no=fields["out_trade_no"],
        transaction_id=fields["transaction_id"],
        amount_fen=int(fields["total_fee"]),
        paid_at=paid_at.replace(tzinfo=clock.CHINA).astimezone(UTC),
    )


def parse_notify(
    raw: bytes, *, app_id: str, mch_id: str, key: str, sign_type: SignType = "MD5"
) -> Trade:
    """The payment that a notification tells of. Raises `NotTrusted`."""
    fields = flat_xml(raw)
    missing = [name for name in NOTIFIED if not fields.get(name)]
    if missing:
        raise NotTrusted(f"missing {' '.join(missing)}")
    require(fields, "sign", SIGN_FORM[sign_type])
    if not is_signed(fields, key, sign_type):
        raise NotTrusted("signature")
    if (fields["appid"], fields["mch_id"]) != (app_id, mch_id):
        raise NotTrusted("appid or mch_id")
    if (fields["return_code"], fields["result_code"]) != ("SUCCESS", "SUCCESS"):
        raise NotTrusted("not a success")
    return read_trade(fields)


def require(fields: Fields, name: str, form: str) -> None:
    """Raises `NotTrusted` unless the field is there and has exactly this form."""
    if not re.fullmatch(form, fields.get(name, ""), re.ASCII):
        raise NotTrusted(f"form of {name}")
