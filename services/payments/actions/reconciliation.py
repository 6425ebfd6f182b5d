"""Bills: what is waited for, the bill that came, comparing it, settling what does not fit."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog

from chassis import clock
from chassis.db import Tx

from ..model.desk import AlreadySettled, NoSuchDiscrepancy
from ..model.learners import Staff
from ..model.reconciliation import (
    RETRY_EVERY,
    BillState,
    Movement,
    NoSuchBill,
    compare,
    days_to_have,
    will_never_come,
)
from ..store import desk, movements
from ..store import reconciliation as store

log = structlog.get_logger()

DAYS_AT_ONCE = 10
A_DAY = timedelta(days=1)


async def take_due(tx: Tx, *, first: date | None, now: datetime) -> list[date]:
    """The days whose bill to ask for now, those that were missed among them; asked again half an
    hour later where the bill is not there."""
    await store.insert_days(tx, days_to_have(now, first=first), now=now)
    return await store.take_due(tx, now=now, next_try_at=now + RETRY_EVERY, limit=DAYS_AT_ONCE)


async def note_not_ready(tx: Tx, day: date, *, now: datetime) -> None:
    """The bill is not made yet, which is no error; a day on which nothing moved may get none."""
    await store.lock_day(tx, day)
    ours = await movements.list_ours(tx, since=_midnight(day), until=_midnight(day + A_DAY))

    if will_never_come(day, now, anything_moved=bool(ours)):
        await store.mark_none(tx, day)
    else:
        await store.note_reason(tx, day, "not ready")


async def keep(tx: Tx, day: date, bill: Sequence[Movement], *, now: datetime) -> int:
    """Keep a day's bill and compare it. Returns how many differences were raised.

    Raises `NoSuchBill` where nobody waits for it.
    """
    if await store.lock_day(tx, day) is None:
        raise NoSuchBill
    await movements.replace_rows(tx, day, bill)
    return await _compare(tx, day, now=now)


async def compare_again(tx: Tx, day: date, *, now: datetime) -> int:
    """Compare a bill that is here with the books of now. Harmless when nothing has changed."""
    if await store.lock_day(tx, day) is not BillState.COMPARED:
        return 0
    return await _compare(tx, day, now=now)


async def _compare(tx: Tx, day: date, *, now: datetime) -> int:
    bill = await movements.list_rows(tx, day)
    ours = await movements.list_ours(
        tx, since=_midnight(day - A_DAY), until=_midnight(day + 2 * A_DAY), told=bill
    )
    before_known = await store.is_compared(tx, day - A_DAY)
    comparison = compare(
        day,
        bill,
        before=await movements.list_rows(tx, day - A_DAY) if before_known else None,
        elsewhere=await movements.list_elsewhere(tx, day, ours),
        ours=ours,
    )
    await store.mark_compared(tx, day, comparison, now=now)
    raised = await store.keep_differences(tx, day, comparison.differences, now=now)
    if raised:
        log.error("bill_differs", day=day.isoformat(), differences=raised)
    return raised


async def settle(tx: Tx, discrepancy_id: UUID, *, note: str, by: Staff, now: datetime) -> None:
    """A person has dealt with what does not fit, and says how.

    Raises `NoSuchDiscrepancy`, `AlreadySettled`.
    """
    found = await desk.get_discrepancy(tx, discrepancy_id, lock=True)
    if found is None:
        raise NoSuchDiscrepancy
    if found.settled_at is not None:
        raise AlreadySettled(name=found.settled_by_name)

    await desk.mark_settled(tx, discrepancy_id, note=note, by=by, now=now)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.CHINA)
