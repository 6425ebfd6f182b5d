"""Which of a learner's enrolments a courseware is studied under."""

from datetime import date
from uuid import UUID

from chassis.db import Pool, Tx

from .account import cycle_begins_after
from .model import (
    Courseware,
    Enrolment,
    HourRefunded,
    NoSuchCourseware,
    NotEnrolled,
    current_enrolment,
)
from .store import courses, enrolments


async def find(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, today: date
) -> tuple[Courseware, Enrolment]:
    """Raises `NoSuchCourseware`, `NotEnrolled`, and `HourRefunded` where it was closed ($-8)."""
    courseware, enrolment = await find_recorded(
        db, learner_id=learner_id, courseware_id=courseware_id, today=today
    )
    if not enrolment.opens(courseware_id):
        raise HourRefunded()
    return courseware, enrolment


async def find_recorded(
    db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, today: date
) -> tuple[Courseware, Enrolment]:
    """Also what was refunded: its record is kept. Raises `NoSuchCourseware`, `NotEnrolled`."""
    courseware = await courses.get_courseware(db, courseware_id)
    if courseware is None:
        raise NoSuchCourseware()
    owned = await enrolments.list_enrolments(db, learner_id, courseware.course_id)
    since = await cycle_begins_after(db, learner_id, today) if len(owned) > 1 else None
    enrolment = current_enrolment(owned, since, courseware_id)
    if enrolment is None:
        raise NotEnrolled()
    return courseware, enrolment
