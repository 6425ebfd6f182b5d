"""What the finance desk looks at first, and the refusals of its decisions."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.refusals import Conflict, NotFound


class NoSuchDiscrepancy(NotFound):
    """There is no such difference."""


class AlreadySettled(Conflict):
    """{name} has settled this difference already."""


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
    settled_at: datetime | None
    settled_by_name: str | None
    note: str | None
    number: str | None
    learner_name: str | None
