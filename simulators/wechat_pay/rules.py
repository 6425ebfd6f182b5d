"""What WeChat Pay refuses, with the error code it gives. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from simulators.wechat_pay import protocol
from simulators.wechat_pay.protocol import Fields

CODE_LIFE_SECONDS = 2 * 60 * 60  # of a code_url, whatever time_expire says
EARLIEST_EXPIRY_SECONDS = 60

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
TOTAL_FEE = re.compile(r"[1-9][0-9]{0,9}")

NEEDED = ("body", "out_trade_no", "total_fee", "spbill_create_ip", "notify_url", "trade_type")
LONGEST = {
    "nonce_str": 32,
    "body": 127,
    "detail": 6000,
    "attach": 127,
    "device_info": 32,
    "fee_type": 16,
    "spbill_create_ip": 64,
    "notify_url": 256,
    "product_id": 32,
    "openid": 128,
    "goods_tag": 32,
}
NEEDED_BY_TYPE = {"NATIVE": "product_id", "JSAPI": "openid"}
NOT_COMPARED = frozenset({"sign", "sign_type", "nonce_str"})


class Refused(Exception):
    """A business refusal: `err_code` and its description, in a signed answer."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code)
        self.code = code
        self.description = description


def check_new_order(fields: Fields) -> None:
    """Raises `Refused` when unifiedorder would not take these fields."""
    _check_present(fields, NEEDED)
    _check_lengths(fields)
    check_out_trade_no(fields)
    if not TOTAL_FEE.fullmatch(fields["total_fee"]):
        raise _wrong("total_fee is a whole number of fen from 1 on")
    if fields.get("fee_type", "CNY") != "CNY":
        raise _wrong("fee_type is CNY")
    _check_notify_url(fields["notify_url"])
    needed = NEEDED_BY_TYPE.get(fields["trade_type"])
    if needed is None:
        raise _wrong("trade_type is NATIVE or JSAPI")
    _check_present(fields, (needed,))


def check_out_trade_no(fields: Fields) -> None:
    _check_present(fields, ("out_trade_no",))
    if not OUT_TRADE_NO.fullmatch(fields["out_trade_no"]):
        raise _wrong("out_trade_no has 6 to 32 characters of 0-9A-Za-z_-|*")


def expiry(fields: Fields) -> float | None:
    """The last moment the payer may pay. Raises `Refused` when it can't be read."""
    if not fields.get("time_expire"):
        return None
    try:
        return protocol.moment(fields["time_expire"])
    except ValueError:
        raise _wrong("time_expire is yyyyMMddHHmmss") from None


def check_expiry(fields: Fields, *, now: float, is_new: bool) -> None:
    """A new order lives a minute at least; an older one must not have expired."""
    expires_at = expiry(fields)
    earliest = now + (EARLIEST_EXPIRY_SECONDS if is_new else 0)
    if expires_at is not None and expires_at < earliest:
        raise _wrong("time_expire is too early")


def same_order(stored: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Whether a repeated unifiedorder is the same one: every parameter but nonce and sign."""
    return _compared(stored) == _compared(given)


def _compared(fields: Mapping[str, str]) -> Fields:
    return {name: value for name, value in fields.items() if value and name not in NOT_COMPARED}


def _check_present(fields: Fields, names: tuple[str, ...]) -> None:
    missing = [name for name in names if not fields.get(name)]
    if missing:
        raise Refused("LACK_PARAMS", f"missing: {', '.join(missing)}")


def _check_lengths(fields: Fields) -> None:
    too_long = [n for n, longest in LONGEST.items() if len(fields.get(n, "")) > longest]
    if too_long:
        raise _wrong(f"too long: {', '.join(too_long)}")


def _check_notify_url(text: str) -> None:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.netloc:
        raise _wrong("notify_url is an absolute http address")
    if "?" in text or "#" in text:
        raise _wrong("notify_url has no query string")


def _wrong(description: str) -> Refused:
    return Refused("INVALID_REQUEST", description)
