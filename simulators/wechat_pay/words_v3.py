"""API v3's words for orders, refunds and refusals."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulators.wechat_pay import protocol
from simulators.wechat_pay.book import SUCCESS, Order
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.protocol import Fields
from simulators.wechat_pay.protocol_v3 import rfc3339
from simulators.wechat_pay.refund_book import ABNORMAL, CLOSED, Refund
from simulators.wechat_pay.rules import Refused

RSA = "RSA"  # the sign type by which the book knows that an order came through API v3
Json = dict[str, Any]

ERRORS = {  # v2's code → status and code in v3
    "LACK_PARAMS": (400, "PARAM_ERROR"),
    "PARAM_ERROR": (400, "PARAM_ERROR"),
    "INVALID_REQUEST": (400, "INVALID_REQUEST"),
    "APPID_MCHID_NOT_MATCH": (400, "APPID_MCHID_NOT_MATCH"),
    "ORDERPAID": (400, "ORDERPAID"),
    "ORDERCLOSED": (400, "ORDER_CLOSED"),
    "ORDERNOTEXIST": (404, "ORDER_NOT_EXIST"),
    "OUT_TRADE_NO_USED": (403, "OUT_TRADE_NO_USED"),
    "TRADE_STATE_ERROR": (400, "INVALID_REQUEST"),
    "TRADE_OVERDUE": (400, "INVALID_REQUEST"),
    "REFUND_FEE_MISMATCH": (400, "INVALID_REQUEST"),
    "INVALID_TRANSACTIONID": (400, "INVALID_REQUEST"),
    "REFUNDNOTEXIST": (404, "RESOURCE_NOT_EXISTS"),
    "NOTENOUGH": (403, "NOT_ENOUGH"),
    "FREQUENCY_LIMITED": (429, "FREQUENCY_LIMITED"),
    "SYSTEMERROR": (500, "SYSTEM_ERROR"),
}
REFUND_STATES = {CLOSED: "CLOSED", ABNORMAL: "ABNORMAL"}
EVENTS = {"SUCCESS": "REFUND.SUCCESS", "CLOSED": "REFUND.CLOSED", "ABNORMAL": "REFUND.ABNORMAL"}
WALLET = "支付用户零钱"


def order_fields(asked: Mapping[str, Any], trade_type: str) -> Fields:
    """What is asked for, as the book keeps it. Raises `Refused`."""
    amount, payer = asked.get("amount"), asked.get("payer") or {}
    if not isinstance(amount, dict) or type(amount.get("total")) is not int:
        raise Refused("PARAM_ERROR", "amount.total is a whole number of fen")
    if not isinstance(payer, dict):
        raise Refused("PARAM_ERROR", "payer is an object")
    texts = {
        "body": asked.get("description", ""),
        "out_trade_no": asked.get("out_trade_no", ""),
        "notify_url": asked.get("notify_url", ""),
        "attach": asked.get("attach", ""),
        "fee_type": amount.get("currency", "CNY"),
        "time_expire": _expiry(asked.get("time_expire", "")),
        "openid": payer.get("openid", ""),
    }
    if not all(isinstance(text, str) for text in texts.values()):
        raise Refused("PARAM_ERROR", "a text is no text")
    return {
        **{name: text for name, text in texts.items() if text},
        "total_fee": str(amount["total"]),
        "trade_type": trade_type,
        "product_id": "v3",
        "spbill_create_ip": "127.0.0.1",
        "sign_type": RSA,
    }


def _expiry(text: object) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise Refused("PARAM_ERROR", "time_expire is an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise Refused("PARAM_ERROR", "time_expire names its zone")
    return protocol.beijing(moment.timestamp())


def transaction(merchant: Merchant, order: Order, *, state: str, state_text: str) -> Json:
    """What a query or a notification says of an order."""
    told: Json = {
        "appid": merchant.app_id,
        "mchid": merchant.mch_id,
        "out_trade_no": order.out_trade_no,
        "trade_state": state,
        "trade_state_desc": state_text,
        "attach": order.parameters.get("attach", ""),
        "amount": {"total": order.total_fee, "currency": "CNY"},
    }
    if order.transaction_id:
        told |= {
            "transaction_id": order.transaction_id,
            "trade_type": order.parameters["trade_type"],
            "bank_type": "OTHERS",
            "success_time": rfc3339(order.paid_at or order.created_at),
            "payer": {"openid": order.openid or ""},
        }
        told["amount"] |= {
            "payer_total": order.total_fee - order.coupon_fee,
            "payer_currency": "CNY",
        }
    return told


def refund(order: Order | None, refund: Refund, *, waiting: bool = False) -> Json:
    status = "PROCESSING" if waiting else REFUND_STATES.get(refund.status, refund.status)
    told: Json = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": (order.transaction_id if order else "") or "",
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": WALLET,
        "create_time": rfc3339(refund.created_at),
        "status": status,
        "amount": {
            "total": refund.total_fee,
            "refund": refund.refund_fee,
            "payer_total": refund.total_fee,
            "payer_refund": refund.refund_fee,
            "settlement_refund": refund.refund_fee,
            "settlement_total": refund.total_fee,
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    if status == SUCCESS and refund.settled_at:
        told["success_time"] = rfc3339(refund.settled_at)
    return told


def refund_event(merchant: Merchant, order: Order | None, told: Refund, *, untrue: bool) -> Json:
    """What a notification says of a settled refund: other names than a query's."""
    said = refund(order, told)
    status = SUCCESS if untrue else said["status"]
    amount = {name: said["amount"][name] for name in ("total", "refund", "payer_total")}
    return {
        "mchid": merchant.mch_id,
        "refund_status": status,
        "amount": {**amount, "payer_refund": told.refund_fee},
        "success_time": said.get("success_time", ""),
        **{name: said[name] for name in ("refund_id", "out_refund_no", "transaction_id")},
        **{name: said[name] for name in ("out_trade_no", "user_received_account")},
    }


def _amount(told: Json, **changes: object) -> Json:
    return {**told, "amount": {**told["amount"], **changes}}


# What may be wrong in a message that is signed well, by the kind of the fault.
SPOILT: dict[str, Callable[[Json, Fault], Json]] = {
    "wrong_amount": lambda told, fault: _amount(told, total=fault.amount_fen),
    "foreign_appid": lambda told, _: {**told, "appid": "wxffffffffffffffff"},
    "foreign_mch_id": lambda told, _: {**told, "mchid": "1999999999"},
    "foreign_currency": lambda told, _: _amount(told, currency="USD"),
    "failed_result": lambda told, _: {**told, "trade_state": "PAYERROR"},
    "extra_field": lambda told, _: {**told, "promotion_detail": [{"coupon_id": "new"}]},
}


def spoil(told: Json, fault: Fault | None) -> Json:
    change = SPOILT.get(fault.kind) if fault else None
    return change(told, fault) if change and fault else told
