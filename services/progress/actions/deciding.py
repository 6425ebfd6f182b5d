"""The answer to an appeal against a day's uncredited time (P-9, P-12)."""

from datetime import datetime
from uuid import UUID

from chassis import ids
from chassis.db import Pool, Tx

from .. import days
from ..model.desk import (
    AlreadyDecided,
    AppealCase,
    AppealOfRefundedHour,
    MoreThanThatDay,
    NoSuchAppeal,
    StaffMember,
)
from ..store import credits, desk_appeals, learners, sessions, withdrawals


async def decide_appeal(
    tx: Tx, *, appeal_id: UUID, granted_ms: int, answer: str, by: StaffMember, now: datetime
) -> None:
    """Grant so much of the day's uncredited time as an entry of its own, or with 0 decline; once.

    Raises `NoSuchAppeal`, `AlreadyDecided`; `MoreThanThatDay` where less was not credited;
    `AppealOfRefundedHour`.
    """
    appeal = await _lock(tx, appeal_id)
    key = {"enrolment_id": appeal.enrolment_id, "courseware_id": appeal.courseware_id}
    if granted_ms and await withdrawals.is_closed(tx, **key):
        raise AppealOfRefundedHour()

    left_ms = await grantable_ms(tx, appeal)
    if granted_ms > left_ms:
        raise MoreThanThatDay(minutes=left_ms // 60_000)

    decided = await desk_appeals.decide(
        tx,
        appeal_id=appeal_id,
        state="granted" if granted_ms else "declined",
        decided_at=now,
        decided_by=by.staff_id,
        decided_name=by.name,
        answer=answer,
        granted_ms=granted_ms or None,
    )
    if not decided:
        raise AlreadyDecided()
    if granted_ms:
        await credits.add_entry(tx, _entry(appeal, granted_ms, answer, by, now))

    await sessions.notify(tx, [appeal.learner_id])


async def _lock(tx: Tx, appeal_id: UUID) -> AppealCase:
    appeal = await desk_appeals.get_case(tx, appeal_id)
    if appeal is None:
        raise NoSuchAppeal()
    await learners.lock_learner(tx, appeal.learner_id)
    return appeal


async def grantable_ms(db: Pool | Tx, appeal: AppealCase) -> int:
    """The time of that day that is not credited, or no more, and that no appeal was granted yet."""
    key = {"learner_id": appeal.learner_id, "courseware_id": appeal.courseware_id}
    band = await days.read_band(db, **key, day=appeal.day)
    granted_ms = await desk_appeals.granted_of_day(db, **key, day=appeal.day)
    return max(0, (band.seconds - band.credited_seconds) * 1000 - granted_ms)


def _entry(
    appeal: AppealCase, granted_ms: int, answer: str, by: StaffMember, now: datetime
) -> credits.CreditEntry:
    return credits.CreditEntry(
        entry_id=ids.new_id(),
        learner_id=appeal.learner_id,
        enrolment_id=appeal.enrolment_id,
        courseware_id=appeal.courseware_id,
        kind="correction",
        credited_ms=granted_ms,
        reason=answer,
        made_at=now,
        by_staff=by.staff_id,
        by_name=by.name,
    )
