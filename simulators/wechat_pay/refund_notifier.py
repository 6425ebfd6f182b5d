"""Tells the merchant that a refund is settled."""

import asyncio

from simulators.wechat_pay import faults, notices
from simulators.wechat_pay.book import DELIVERED, LOST, PENDING, Book
from simulators.wechat_pay.deliveries import Courier, Deliveries
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.notifier import REPLY_KEPT
from simulators.wechat_pay.refund_book import PROCESSING, Refund
from simulators.wechat_pay.refunds import Refunds


class RefundNotifier(Deliveries):
    def __init__(
        self,
        *,
        merchant: Merchant,
        book: Book,
        refunds: Refunds,
        plan: Plan,
        courier: Courier,
        time_scale: float,
    ) -> None:
        super().__init__(time_scale)
        self._merchant = merchant
        self._book = book
        self._refunds = refunds
        self._plan = plan
        self._courier = courier

    def pending(self) -> list[tuple[str, int, float]]:
        return self._book.refunds.pending()

    def note(self, number: str, *, state: str, tries: int, next_at: float) -> None:
        self._book.refunds.note_told(number, state=state, tries=tries, next_at=next_at)

    async def send_now(self, refund: Refund) -> bool:
        """One attempt outside the schedule; whether the merchant took it."""
        fault = self._plan.take(faults.REFUND_NOTIFY, refund.out_refund_no)
        return await self._attempt(refund, fault)

    async def try_once(self, number: str) -> str:
        refund = self._refunds.get(number)
        if refund is None:
            return LOST
        if refund.status == PROCESSING:
            return PENDING
        fault = self._plan.take(faults.REFUND_NOTIFY, number, refund.out_trade_no)
        if fault and fault.kind == "lost":
            return LOST
        if fault and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        return DELIVERED if await self._attempt(refund, fault) else PENDING

    async def _attempt(self, refund: Refund, fault: Fault | None) -> bool:
        copies = fault.copies if fault and fault.kind == "duplicated" else 1
        order = self._book.get_order(out_trade_no=refund.out_trade_no)
        notice = notices.refund(self._merchant, order, refund, fault)
        replies = await asyncio.gather(
            *(
                self._courier.post(refund.notify_url, notice.body, notice.headers)
                for _ in range(copies)
            )
        )
        reply = replies[0].body.decode(errors="replace")[:REPLY_KEPT]
        self._book.refunds.note_reply(refund.out_refund_no, f"{replies[0].status} {reply}")
        return any(notice.was_taken(reply) for reply in replies)
