"""WeChat Pay API v3 messages: what a verified one tells, if every field has exactly its form."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..model.attempts import Trade
from .port import NotTrusted, RefundAnswer, RefundState
from .wechat_xml import MESSAGE_MAX, OUT_TRADE_NO, TRANSACTION_ID

__all__ = ["MESSAGE_MAX", "Json", "check_names", "read_refund", "read_trade", "text"]

Json = Mapping[str, Any]

AMOUNT_MAX = 9_999_999_999  # fen
REFUND_STATES = {
    "PROCESSING": RefundState.PROCESSING,
    "SUCCESS": RefundState.SUCCESS,
    "CLOSED": RefundState.CLOSED,
    "ABNORMAL": RefundState.ABNORMAL,
}
TAKEN = 204  # no body
NOT_TAKEN = b'{"code":"FAIL","message":"NOT ACCEPTED"}'


def check_names(told: Json, *, app_id: str, mch_id: str) -> None:
    if (told.get("appid"), told.get("mchid")) != (app_id, mch_id):
        raise NotTrusted("appid or mchid")


def read_trade(told: Json) -> Trade:
    """`amount.total`: what was asked for. A coupon of WeChat's lowers only `payer_total`."""
    amount = told.get("amount")
    if not isinstance(amount, dict) or amount.get("currency", "CNY") != "CNY":
        raise NotTrusted("amount")
    return Trade(
        out_trade_no=text(told, "out_trade_no", OUT_TRADE_NO),
        transaction_id=text(told, "transaction_id", TRANSACTION_ID),
        amount_fen=_fen(amount.get("total")),
        paid_at=_moment(told.get("success_time")),
    )


def read_refund(told: Json, out_refund_no: str) -> RefundAnswer:
    if told.get("out_refund_no") != out_refund_no:
        raise NotTrusted("another refund")
    state, amount = REFUND_STATES.get(str(told.get("status"))), told.get("amount")
    if state is None or not isinstance(amount, dict):
        raise NotTrusted("state or amount")
    settled = told.get("success_time")
    return RefundAnswer(
        state,
        text(told, "refund_id", r"[0-9]{1,64}"),
        _fen(amount.get("refund")),
        _moment(settled) if settled else None,
    )


def text(told: Json, name: str, form: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
        raise NotTrusted(f"form of {name}")
    return value


def _fen(value: object) -> int:
    if type(value) is not int or not 0 < value <= AMOUNT_MAX:
        raise NotTrusted("form of an amount")
    return value


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise NotTrusted("form of a time") from None
    if moment.tzinfo is None:
        raise NotTrusted("form of a time")
    return moment.astimezone(UTC)
