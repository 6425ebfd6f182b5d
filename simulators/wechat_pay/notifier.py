"""Tells the merchant that an order is paid."""

import asyncio
import time

from simulators.wechat_pay import faults, notices
from simulators.wechat_pay.book import DELIVERED, LOST, PENDING, Book, Order
from simulators.wechat_pay.deliveries import Courier, Deliveries
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.notices import Notice

REPLY_KEPT = 500  # characters of each reply in the log of attempts


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
        notice = notices.payment(self._merchant, order, fault)
        taken = await asyncio.gather(*(self._post(order, notice, fault) for _ in range(copies)))
        return any(taken)

    async def _post(self, order: Order, notice: Notice, fault: Fault | None) -> bool:
        url = order.parameters["notify_url"]
        reply = await self._courier.post(url, notice.body, notice.headers)
        delivered = notice.was_taken(reply)
        self._book.note_attempt(
            order.out_trade_no,
            at=time.time(),
            fault=fault.kind if fault else None,
            delivered=delivered,
            status=reply.status,
            reply=reply.body.decode(errors="replace")[:REPLY_KEPT],
        )
        return delivered
