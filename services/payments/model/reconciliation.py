"""The provider's daily bill against our books: what moved there, what moved here ($-9).

Payments are known by their transaction, refunds by our number. The two clocks need not agree, so
that what moved near midnight is looked for in the bills of two days.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from chassis import clock
from chassis.refusals import NotFound

READY_AT = time(10)  # in China; WeChat makes yesterday's bill until then
RETRY_EVERY = timedelta(minutes=30)
CATCH_UP_DAYS = 90  # WeChat keeps its bills three months
NO_BILL_AFTER = timedelta(days=3)  # a day on which nothing moved may never get one
NEAR_MIDNIGHT = timedelta(hours=1)


class NoSuchBill(NotFound):
    """There is no bill of this day."""


class MovementKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


class BillDoubt(StrEnum):
    """How a bill and our books may disagree. "Here" are our books."""

    MISSING_HERE = "bill_missing_here"
    MISSING_THERE = "bill_missing_there"
    OTHER_AMOUNT = "bill_other_amount"
    OTHER_NUMBER = "bill_other_number"
    REPEATED = "bill_repeated"
    REFUND_MISSING_HERE = "bill_refund_missing_here"
    REFUND_MISSING_THERE = "bill_refund_missing_there"
    REFUND_OTHER_AMOUNT = "bill_refund_other_amount"
    REFUND_OTHER_NUMBER = "bill_refund_other_number"
    REFUND_REPEATED = "bill_refund_repeated"


class BillState(StrEnum):
    WAITING = "waiting"  # for the bill
    COMPARED = "compared"
    NONE = "none"  # no bill was made, and nothing moved here


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved at the provider, as its bill or as our books have it."""

    kind: MovementKind
    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    amount_fen: int
    at: datetime

    @property
    def key(self) -> tuple[MovementKind, str]:
        is_payment = self.kind is MovementKind.PAYMENT
        return self.kind, self.transaction_id if is_payment else self.out_refund_no

    @property
    def numbers(self) -> tuple[str, str]:
        return self.out_trade_no, self.transaction_id


@dataclass(frozen=True, slots=True)
class BillDifference:
    kind: BillDoubt
    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    expected_fen: int | None  # our word
    told_fen: int | None  # the bill's


@dataclass(frozen=True, slots=True)
class Sum:
    count: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`there` − `here` is, kind by kind, exactly what the differences say."""

    there: Mapping[MovementKind, Sum]
    here: Mapping[MovementKind, Sum]
    differences: tuple[BillDifference, ...]


def compare(
    day: date,
    bill: Sequence[Movement],
    *,
    before: Collection[Movement] | None,
    elsewhere: Collection[Movement] = (),
    ours: Collection[Movement],
) -> Comparison:
    """The bill of a day against our movements of that day and its neighbours.

    `before`: the bill of the day before; None where there is none to look into. `elsewhere`: what
    bills of any other day tell. What we have in the last hour of the day is asked of the next
    day's bill and this one together.
    """
    here = {one.key: one for one in ours}
    seen = {one.key for one in before or ()}
    counted: list[Movement] = []
    differences: list[BillDifference] = []
    for row in bill:
        own = None if row.key in seen else here.get(row.key)
        if row.key in seen:
            differences.append(_difference("REPEATED", row, None, row.amount_fen))
        elif own is None:
            differences.append(_difference("MISSING_HERE", row, None, row.amount_fen))
        elif own.amount_fen != row.amount_fen:
            differences.append(_difference("OTHER_AMOUNT", row, own.amount_fen, row.amount_fen))
        elif own.numbers != row.numbers:
            differences.append(_difference("OTHER_NUMBER", row, own.amount_fen, row.amount_fen))
        if own is not None:
            counted.append(own)
        seen.add(row.key)
    seen |= {one.key for one in elsewhere}
    for own in here.values():
        if own.key not in seen and _is_due(own.at, day, before_known=before is not None):
            differences.append(_difference("MISSING_THERE", own, own.amount_fen, None))
            counted.append(own)
    return Comparison(_sums(bill), _sums(counted), tuple(differences))


def _is_due(at: datetime, day: date, *, before_known: bool) -> bool:
    """Whether the bills up to this day's must have it: not what moved so late that it may stand
    in the next one."""
    midnight = datetime.combine(day, time(), clock.CHINA)
    since = midnight - NEAR_MIDNIGHT if before_known else midnight + NEAR_MIDNIGHT
    return since <= at < midnight + timedelta(days=1) - NEAR_MIDNIGHT


def _difference(
    name: str, movement: Movement, expected_fen: int | None, told_fen: int | None
) -> BillDifference:
    prefix = "" if movement.kind is MovementKind.PAYMENT else "REFUND_"
    return BillDifference(
        BillDoubt[prefix + name],
        movement.out_trade_no,
        movement.transaction_id,
        movement.out_refund_no,
        expected_fen,
        told_fen,
    )


def _sums(movements: Iterable[Movement]) -> dict[MovementKind, Sum]:
    sums = {kind: Sum() for kind in MovementKind}
    for one in movements:
        known = sums[one.kind]
        sums[one.kind] = Sum(known.count + 1, known.fen + one.amount_fen)
    return sums


def days_to_have(now: datetime, *, first: date | None) -> list[date]:
    """The days whose bill should be compared by now: yesterday from ten o'clock on, and those
    before it, as far back as bills are kept and our books go. `first`: our first day."""
    if first is None:
        return []
    china = now.astimezone(clock.CHINA)
    last = china.date() - timedelta(days=1 if china.time() >= READY_AT else 2)
    since = max(first, china.date() - timedelta(days=CATCH_UP_DAYS))
    return [since + timedelta(days=n) for n in range((last - since).days + 1)]


def will_never_come(day: date, now: datetime, *, anything_moved: bool) -> bool:
    """Whether a bill that is still not made is none: a day on which nothing moved has no bill."""
    end = datetime.combine(day, time(), clock.CHINA) + timedelta(days=1)
    return not anything_moved and now > end + NO_BILL_AFTER
