"""Tells the merchant that an order is paid."""

import asyncio
import time

from simulators.wechat_pay import faults, protocol
from simulators.wechat_pay.book import DELIVERED, LOST, PENDING, Book, Order
from simulators.wechat_pay.deliveries import Courier, Deliveries, Reply
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.protocol import Fields

REPLY_KEPT = 500  # characters of each reply in the log of attempts
XML_HEADERS = {"Content-Type": "text/xml"}


class Notifier(Deliveries):
    def __init__(
        self, *, merchant: Merchant, book: Book, plan: Plan, courier: Courier, time_scale: float
    ) -> None:
        super().__init__(time_scale)
        self._merchant = merchant
        self._book = book
        self._plan = plan
        self._courier = courier

    def pending(self) -> list[tuple[str, int, float]]:
        return self._book.pending()

    def note(self, number: str, *, state: str, tries: int, next_at: float) -> None:
        self._book.note_notification(number, state=state, tries=tries, next_at=next_at)

    async def send_now(self, order: Order) -> bool:
        """One attempt outside the schedule; whether the merchant took it."""
        return await self._attempt(order, self._plan.take(faults.NOTIFY, order.out_trade_no))

    async def try_once(self, number: str) -> str:
        order = self._book.get_order(out_trade_no=number)
        fault = self._plan.take(faults.NOTIFY, number)
        if order is None or (fault and fault.kind == "lost"):
            return LOST
        if fault and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        return DELIVERED if await self._attempt(order, fault) else PENDING

    async def _attempt(self, order: Order, fault: Fault | None) -> bool:
        copies = fault.copies if fault and fault.kind == "duplicated" else 1
        body = protocol.write(self._message(order, fault))
        taken = await asyncio.gather(*(self._post(order, body, fault) for _ in range(copies)))
        return any(taken)

    def _message(self, order: Order, fault: Fault | None) -> Fields:
        fields = {
            "return_code": "SUCCESS",
            "result_code": "SUCCESS",
            "appid": self._merchant.app_id,
            "mch_id": self._merchant.mch_id,
            **payment_fields(order),
        }
        fields = faults.spoil(faults.BEFORE_SIGNING, fields, fault)
        full = protocol.signed(fields, self._merchant.api_key, order.sign_type)
        return faults.spoil(faults.AFTER_SIGNING, full, fault)

    async def _post(self, order: Order, body: bytes, fault: Fault | None) -> bool:
        reply = await self._courier.post(order.parameters["notify_url"], body, XML_HEADERS)
        delivered = says_success(reply)
        self._book.note_attempt(
            order.out_trade_no,
            at=time.time(),
            fault=fault.kind if fault else None,
            delivered=delivered,
            status=reply.status,
            reply=reply.body.decode(errors="replace")[:REPLY_KEPT],
        )
        return delivered


def payment_fields(order: Order) -> Fields:
    """How a payment is described, in the notification and in the answer to a query alike."""
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


def says_success(reply: Reply) -> bool:
    """API v2: only 200 with an XML that says SUCCESS ends the retries."""
    try:
        return reply.status == 200 and protocol.read(reply.body).get("return_code") == "SUCCESS"
    except protocol.NotXml:
        return False
