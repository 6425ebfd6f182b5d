"""Money on its way back to a WeChat payment ($-8): a refund's, or a surplus payment's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import NotFound

PARTS_MAX = 50  # of one payment, at WeChat
AGAIN = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900))
ABNORMAL_AGAIN = timedelta(hours=1)  # a person must act first
PAYER_READS = "TIC EDU 继续教育退款"  # beside the refund, on the payer's phone


class NoSuchPayback(NotFound):
    """There is no such refund at WeChat."""


class PaybackStatus(StrEnum):
    WAITING = "waiting"  # for its turn: one request in a minute for one payment
    SUBMITTING = "submitting"  # sent; what became of it is not known
    PROCESSING = "processing"  # WeChat has accepted it
    ABNORMAL = "abnormal"  # the payer's card is gone: no money has left, a person must act
    SUCCESS = "success"
    CLOSED = "closed"  # no money has left, and none will
    REFUSED = "refused"


OVER = frozenset({PaybackStatus.SUCCESS, PaybackStatus.CLOSED, PaybackStatus.REFUSED})
TO_SEND = frozenset({PaybackStatus.WAITING, PaybackStatus.SUBMITTING})


@dataclass(frozen=True, slots=True)
class Payback:
    """`refund_id` is None for a surplus payment, which goes back by itself."""

    out_refund_no: str
    refund_id: UUID | None
    order_id: UUID
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    status: PaybackStatus
    made_at: datetime
    next_try_at: datetime | None
    error_code: str = ""
    wechat_id: str = ""
    tries: int = 0
    settled_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def is_to_send(self) -> bool:
        return self.status in TO_SEND

    def next_look(self, now: datetime) -> datetime:
        """When it is looked at again, if this time brings no end."""
        if self.status is PaybackStatus.ABNORMAL:
            return now + ABNORMAL_AGAIN
        return now + AGAIN[min(self.tries, len(AGAIN) - 1)]


def surplus_number(transaction_id: str) -> str:
    """The one number under which a surplus payment ever goes back."""
    return f"X{transaction_id}"
