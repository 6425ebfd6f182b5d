"""What a notification of a payment or of a refund looks like, in both versions of the API."""

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.wechat_pay import faults, protocol, protocol_v3, signed_v3, words_v3
from simulators.wechat_pay.book import SUCCESS, Order
from simulators.wechat_pay.deliveries import Reply
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.protocol import Fields
from simulators.wechat_pay.refund_book import Refund
from simulators.wechat_pay.sealed import encrypt
from simulators.wechat_pay.words_v3 import RSA, Json

XML_HEADERS = {"Content-Type": "text/xml"}


@dataclass(frozen=True, slots=True)
class Notice:
    body: bytes
    headers: Mapping[str, str]
    is_v3: bool

    def was_taken(self, reply: Reply) -> bool:
        """v2: 200 with an XML that says SUCCESS. v3: 200 or 204."""
        if self.is_v3:
            return reply.status in (200, 204)
        try:
            said = protocol.read(reply.body).get("return_code")
        except protocol.NotXml:
            return False
        return reply.status == 200 and said == "SUCCESS"


def payment(merchant: Merchant, order: Order, fault: Fault | None) -> Notice:
    if order.sign_type == RSA:
        return _payment_v3(merchant, order, fault)
    fields = {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": merchant.app_id,
        "mch_id": merchant.mch_id,
        **payment_fields(order),
    }
    fields = faults.spoil(faults.BEFORE_SIGNING, fields, fault)
    full = protocol.signed(fields, merchant.api_key, order.sign_type)
    full = faults.spoil(faults.AFTER_SIGNING, full, fault)
    return Notice(protocol.write(full), XML_HEADERS, is_v3=False)


def refund(merchant: Merchant, order: Order | None, told: Refund, fault: Fault | None) -> Notice:
    untrue = fault is not None and fault.kind == "untrue"
    if order is not None and order.sign_type == RSA:
        said = words_v3.refund_event(merchant, order, told, untrue=untrue)
        event = words_v3.EVENTS[said["refund_status"]]
        return _notice_v3(merchant, words_v3.spoil(said, fault), event, "refund", fault)
    inner = {
        "transaction_id": (order.transaction_id if order else "") or "",
        "out_trade_no": told.out_trade_no,
        "refund_id": told.refund_id,
        "out_refund_no": told.out_refund_no,
        "total_fee": str(told.total_fee),
        "refund_fee": str(told.refund_fee),
        "settlement_refund_fee": str(told.refund_fee),
        "refund_status": SUCCESS if untrue else told.status,
        "success_time": protocol.long_beijing(told.settled_at or told.created_at),
        "refund_recv_accout": words_v3.WALLET,  # spelt as WeChat spells it
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_request_source": "API",
    }
    outer = {
        "return_code": "SUCCESS",
        "appid": merchant.app_id,
        "mch_id": merchant.mch_id,
        "nonce_str": secrets.token_hex(16),
        "req_info": encrypt(inner, merchant.api_key),
    }
    if fault and fault.kind == "garbage":
        outer["req_info"] = base64.b64encode(secrets.token_bytes(48)).decode()
    outer = faults.spoil(faults.BEFORE_SIGNING, outer, fault)
    return Notice(protocol.write(outer), XML_HEADERS, is_v3=False)


def _payment_v3(merchant: Merchant, order: Order, fault: Fault | None) -> Notice:
    told = words_v3.transaction(merchant, order, state=SUCCESS, state_text="支付成功")
    told = words_v3.spoil(told, fault)
    return _notice_v3(merchant, told, "TRANSACTION.SUCCESS", "transaction", fault)


def _notice_v3(
    merchant: Merchant, told: Json, event: str, original_type: str, fault: Fault | None
) -> Notice:
    assert merchant.v3 is not None, "who speaks v3 has its keys"
    kind = fault.kind if fault else ""
    key = "0" * 32 if kind in ("bad_tag", "garbage") else merchant.v3.apiv3_key
    body = _envelope(key, told, event, original_type)
    headers = signed_v3.headers(merchant.v3, body, fault)
    if fault and kind == "changed_amount":
        other = {**told, "amount": {**told["amount"], "total": fault.amount_fen}}
        body = _envelope(key, other, event, original_type)
    return Notice(body, {"Content-Type": "application/json", **headers}, is_v3=True)


def _envelope(apiv3_key: str, told: Json, event: str, original_type: str) -> bytes:
    resource = protocol_v3.encrypt(apiv3_key, signed_v3.dump(told), original_type=original_type)
    return signed_v3.dump(
        {
            "id": secrets.token_hex(16),
            "create_time": protocol_v3.rfc3339(time.time()),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功" if original_type == "transaction" else "退款结果",
            "resource": resource,
        }
    )


def payment_fields(order: Order) -> Fields:
    """How API v2 describes a payment, in a notification and in the answer to a query alike."""
    fields = {
        "openid": order.openid or "",
        "is_subscribe": "N",
        "trade_type": order.parameters["trade_type"],
        "bank_type": "OTHERS",
        "total_fee": str(order.total_fee),
        "fee_type": "CNY",
        "cash_fee": str(order.total_fee - order.coupon_fee),
        "transaction_id": order.transaction_id or "",
        "out_trade_no": order.out_trade_no,
        "attach": order.parameters.get("attach", ""),
        "device_info": order.parameters.get("device_info", ""),
        "time_end": protocol.beijing(order.paid_at or order.created_at),
    }
    if order.coupon_fee:
        fields |= {"coupon_fee": str(order.coupon_fee), "coupon_count": "1"}
    return fields
