"""Tells the merchant that an order is paid, again and again, on the published schedule."""

import asyncio
import logging
import time
from collections.abc import Sequence

import httpx

from simulators.wechat_pay import faults, protocol
from simulators.wechat_pay.book import DELIVERED, GIVEN_UP, LOST, PENDING, Book, Order
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.protocol import Fields

# 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h: 24 hours and 4 minutes.
RETRY_GAPS_SECONDS: Sequence[int] = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)
REPLY_KEPT = 500  # characters of each reply in the log of attempts

log = logging.getLogger(__name__)


class Notifier:
    """`notify_timeout` is the reply's deadline in seconds; `time_scale` stretches the gaps."""

    def __init__(
        self,
        *,
        merchant: Merchant,
        book: Book,
        plan: Plan,
        notify_timeout: float,
        time_scale: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._merchant = merchant
        self._book = book
        self._plan = plan
        self._notify_timeout = notify_timeout
        self._time_scale = time_scale
        self._transport = transport
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Go on with what was still to be told when the process ended."""
        for out_trade_no, tries, next_at in self._book.pending():
            self._begin(out_trade_no, tries, next_at)

    def tell(self, out_trade_no: str) -> None:
        self._begin(out_trade_no, 0, time.time())

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send_now(self, order: Order) -> bool:
        """One attempt outside the schedule; whether the merchant took it."""
        fault = self._plan.take(faults.NOTIFY, order.out_trade_no)
        return await self._attempt(order, fault)

    def _begin(self, out_trade_no: str, tries: int, next_at: float) -> None:
        if out_trade_no in self._tasks:
            return
        task = asyncio.create_task(self._deliver(out_trade_no, tries, next_at))
        self._tasks[out_trade_no] = task
        task.add_done_callback(lambda done: self._ended(out_trade_no, done))

    def _ended(self, out_trade_no: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(out_trade_no, None)
        if not task.cancelled() and task.exception():
            log.error("the notification of %s broke off", out_trade_no, exc_info=task.exception())

    async def _deliver(self, out_trade_no: str, tries: int, next_at: float) -> None:
        while True:
            await asyncio.sleep(max(0.0, next_at - time.time()))
            state = await self._next_attempt(out_trade_no)
            if state == PENDING and tries == len(RETRY_GAPS_SECONDS):
                state = GIVEN_UP
            if state == PENDING:
                next_at = time.time() + RETRY_GAPS_SECONDS[tries] * self._time_scale
            tries += 1
            self._book.note_notification(out_trade_no, state=state, tries=tries, next_at=next_at)
            if state != PENDING:
                return

    async def _next_attempt(self, out_trade_no: str) -> str:
        order = self._book.get_order(out_trade_no=out_trade_no)
        fault = self._plan.take(faults.NOTIFY, out_trade_no)
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
        status: int | None = None
        delivered = False
        try:
            async with (
                asyncio.timeout(self._notify_timeout),
                httpx.AsyncClient(
                    trust_env=False,
                    follow_redirects=False,
                    timeout=self._notify_timeout,
                    transport=self._transport,
                ) as client,
            ):
                response = await client.post(
                    order.parameters["notify_url"],
                    content=body,
                    headers={"Content-Type": "text/xml"},
                )
            status, reply = response.status_code, response.text
            delivered = status == 200 and _says_success(response.content)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            reply = type(error).__name__
        self._book.note_attempt(
            order.out_trade_no,
            at=time.time(),
            fault=fault.kind if fault else None,
            delivered=delivered,
            status=status,
            reply=reply[:REPLY_KEPT],
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


def _says_success(reply: bytes) -> bool:
    try:
        return protocol.read(reply).get("return_code") == "SUCCESS"
    except protocol.NotXml:
        return False
