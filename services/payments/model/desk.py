"""What the finance desk looks at first, and the refusals of its decisions."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Invalid, NotFound


class NoSuchDiscrepancy(NotFound):
    """There is no such difference."""


class AlreadySettled(Conflict):
    """{name} has settled this difference already."""


class PeriodEndsFirst(Invalid):
    """The period ends before it begins. Exchange the two days."""

    def __init__(self) -> None:
        super().__init__({"until": self.message})


class TooManyRows(Conflict):
    """These are {rows} rows, an Excel file may have {most}. Choose fewer days, or take CSV."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Where the provider's word (`told_fen`) and ours (`expected_fen`) do not agree."""

    discrepancy_id: UUID
    kind: str  # a `Doubt` or a `BillDoubt`
    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    order_id: UUID | None
    expected_fen: int | None
    told_fen: int | None
    bill_day: date | None
    raised_at: datetime
    healed_at: datetime | None
    refunded_at: datetime | None
    settled_at: datetime | None
    settled_by_name: str | None
    note: str | None
    number: str | None
    learner_name: str | None

    @property
    def is_open(self) -> bool:
        return self.settled_at is None and self.healed_at is None and self.refunded_at is None


class Job(StrEnum):
    """What waits for a person of finance, in the order in which the desk shows it."""

    AUDIT = "audit"
    DOUBTS = "doubts"
    BILLS = "bills"
    VOUCHERS = "vouchers"
    DISCOUNTS = "discounts"
    EMPLOYERS = "employers"
    REFUNDS = "refunds"
    INVOICES = "invoices"
    BATCHES = "batches"
    EVENTS = "events"


ALARMS = frozenset({Job.AUDIT, Job.DOUBTS, Job.BILLS, Job.EVENTS})


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a kind wait, since when the oldest does, and their sum where they have one."""

    job: Job
    count: int = 0
    oldest_at: datetime | None = None
    amount_fen: int | None = None

    @property
    def is_urgent(self) -> bool:
        return self.count > 0 and self.job in ALARMS

    def days(self, now: datetime) -> int:
        """How many whole days the oldest has waited."""
        return (now - self.oldest_at).days if self.oldest_at else 0


@dataclass(frozen=True, slots=True)
class Revenue:
    """What learners paid on one day in China, by its source."""

    day: date
    wechat_fen: int = 0
    wallet_fen: int = 0

    @property
    def total_fen(self) -> int:
        return self.wechat_fen + self.wallet_fen


def nice_top(most_fen: int) -> int:
    """The top of a chart's axis: 1, 2 or 5 times a power of ten, in fen, at least 100 yuan."""
    power = 100_00
    while True:
        for step in (1, 2, 5):
            if most_fen <= step * power:
                return step * power
        power *= 10


@dataclass(frozen=True, slots=True)
class Month:
    """What a month has brought so far, and what is owed now. In fen."""

    paid_fen: int
    refunded_fen: int
    invoiced_fen: int
    cards: int
    cards_fen: int
    wallets_fen: int
    receipts_fen: int
