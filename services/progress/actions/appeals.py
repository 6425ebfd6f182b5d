"""Opening an appeal against a day's uncredited time (P-9). Staff decide it at their desk."""

from datetime import date, datetime
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx

from .. import enrolled
from ..instants import day_bounds
from ..model import AppealOpen, NothingToAppeal
from ..store import appeals, learners, timelines


async def open_appeal(
    tx: Tx, *, learner_id: UUID, courseware_id: UUID, day: date, words: str, now: datetime
) -> UUID:
    """Ask the association to look at a day's uncredited time; return the appeal's identity.

    Raises `NoSuchCourseware`, `NotEnrolled`, `NothingToAppeal`, `AppealOpen`.
    """
    await learners.lock_learner(tx, learner_id)
    await enrolled.find(
        tx, learner_id=learner_id, courseware_id=courseware_id, today=clock.date_of(now)
    )

    key = {"learner_id": learner_id, "courseware_id": courseware_id}
    since, until = day_bounds(day)
    enrolment_id = await timelines.find_uncredited(tx, **key, since=since, until=until)
    if enrolment_id is None:
        raise NothingToAppeal()

    appeal_id = ids.new_id()
    opened = await appeals.insert_appeal(
        tx,
        **key,
        appeal_id=appeal_id,
        enrolment_id=enrolment_id,
        day=day,
        words=words,
        opened_at=now,
    )
    if not opened:
        raise AppealOpen()
    return appeal_id
