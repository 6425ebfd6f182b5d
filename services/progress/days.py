"""The record of one courseware, day by day: for its learner and for staff (P-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis import clock
from chassis.db import Pool, Tx

from . import enrolled
from .instants import day_bounds
from .model import Appeal, Attempt, CreditChange
from .store import appeals, attempts, enrolments, timelines
from .timeline import CREDITED, RESTARTED, Band, band, within

DAYS_A_PAGE = 7


@dataclass(frozen=True, slots=True)
class StudyDay:
    """Everything that is recorded of one day; lists have the latest first."""

    day: date
    band: Band
    changes: tuple[CreditChange, ...]
    attempts: tuple[Attempt, ...]
    appeals: tuple[Appeal, ...]

    @property
    def may_appeal(self) -> bool:
        """Something was not credited or was taken back, and no appeal about it is open."""
        lost = any(part.reason not in (CREDITED, RESTARTED) for part in self.band.parts)
        restarted = any(change.kind == "restart" for change in self.changes)
        return (lost or restarted) and not any(appeal.is_open for appeal in self.appeals)


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """The days of one courseware, the latest first; `next_cursor`: where earlier ones follow.

    `live`: a page of it is open now, so that today goes on changing.
    """

    courseware_id: UUID
    title: str
    course_title: str
    credited_seconds: int
    required_seconds: int
    completed_at: datetime | None
    days: tuple[StudyDay, ...]
    next_cursor: date | None
    live: bool


async def read_record(
    db: Pool,
    *,
    learner_id: UUID,
    courseware_id: UUID,
    silent_before: datetime,
    before: date | None = None,
) -> StudyRecord:
    """A page of days; the earlier ones with `before`, which is the last page's `next_cursor`.

    Raises `NoSuchCourseware`, `NotEnrolled`.
    """
    courseware, enrolment = await enrolled.find_recorded(
        db, learner_id=learner_id, courseware_id=courseware_id, today=clock.today()
    )
    progress = (await enrolments.list_progress(db, [enrolment.enrolment_id])).get(
        (enrolment.enrolment_id, courseware_id)
    )
    key = {"learner_id": learner_id, "courseware_id": courseware_id}
    days = await timelines.list_days(db, **key, before=before, limit=DAYS_A_PAGE + 1)
    return StudyRecord(
        courseware_id=courseware_id,
        title=courseware.title,
        course_title=courseware.course_title,
        credited_seconds=progress.credited_ms // 1000 if progress else 0,
        required_seconds=courseware.required_seconds,
        completed_at=progress.completed_at if progress else None,
        days=await _days(db, learner_id, courseware_id, days[:DAYS_A_PAGE]),
        next_cursor=days[DAYS_A_PAGE - 1] if len(days) > DAYS_A_PAGE else None,
        live=await timelines.is_open(db, **key, heard_since=silent_before),
    )


async def read_band(db: Pool | Tx, *, learner_id: UUID, courseware_id: UUID, day: date) -> Band:
    """The time band of one day."""
    since, until = day_bounds(day)
    span = {"learner_id": learner_id, "courseware_id": courseware_id}
    opened = await timelines.list_open_times(db, **span, since=since, until=until)
    uncredited = await timelines.list_uncredited(db, **span, since=since, until=until)
    voided = await timelines.list_voided(db, **span, since=since, until=until)
    return band(opened, uncredited, voided)


async def _days(
    db: Pool, learner_id: UUID, courseware_id: UUID, days: Sequence[date]
) -> tuple[StudyDay, ...]:
    """These days, read all at once."""
    if not days:
        return ()
    key = {"learner_id": learner_id, "courseware_id": courseware_id}
    since, until = day_bounds(days[-1])[0], day_bounds(days[0])[1]
    opened = await timelines.list_open_times(db, **key, since=since, until=until)
    uncredited = await timelines.list_uncredited(db, **key, since=since, until=until)
    voided = await timelines.list_voided(db, **key, since=since, until=until)
    changes = await timelines.list_changes(db, **key, since=since, until=until)
    done = await attempts.list_attempts(db, **key, since=since, until=until)
    opened_appeals = await appeals.list_appeals(db, **key, since=days[-1], until=days[0])
    return tuple(
        StudyDay(
            day,
            band(within(opened, *day_bounds(day)), uncredited, voided),
            tuple(change for change in changes if clock.date_of(change.made_at) == day),
            tuple(attempt for attempt in done if clock.date_of(attempt.submitted_at) == day),
            tuple(appeal for appeal in opened_appeals if appeal.day == day),
        )
        for day in days
    )
