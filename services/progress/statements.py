"""What progress tells a learning record store, kept in the transaction of the change itself.

`author` is None where no record store is configured: then nothing is written at all.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Tx
from chassis.refusals import Conflict

from .model import Courseware, Enrolment
from .store import statements as store
from .store.beats import REPORT_EVERY_MS, Due
from .xapi import Author, Statement, Studied


class StatementNotParked(Conflict):
    """This statement is not parked any more. Perhaps a colleague has sent it again."""


def studied(learner_id: UUID, enrolment: Enrolment, courseware: Courseware) -> Studied:
    return Studied(
        learner_id=learner_id,
        enrolment_id=enrolment.enrolment_id,
        course_id=courseware.course_id,
        course_title=courseware.course_title,
        courseware_id=courseware.courseware_id,
        title=courseware.title,
    )


async def initialized(tx: Tx, author: Author | None, what: Studied, *, at: datetime) -> None:
    """A courseware was opened."""
    if author is not None:
        await tell(tx, author.initialized(what, at=at), now=at)


async def completed(
    tx: Tx, author: Author | None, what: Studied, *, credited_ms: int, at: datetime
) -> None:
    """「学过了」 was accepted (P-7)."""
    if author is not None:
        await tell(tx, author.completed(what, credited_ms=credited_ms, at=at), now=at)


async def passed(tx: Tx, author: Author | None, what: Studied, *, score: int, at: datetime) -> None:
    """The exercise was passed for the first time (P-6)."""
    if author is not None:
        await tell(tx, author.passed(what, score=score, at=at), now=at)


async def progressed(tx: Tx, author: Author | None, due: Sequence[Due], *, now: datetime) -> None:
    """The coursewares in which five more minutes were credited, in one read and one write; the
    others of `due` are passed over."""
    if author is None:
        return
    rows = [one for one in due if _passes_step(one)]
    if not rows:
        return
    outlines = await store.outlines_of(tx, [row.courseware_id for row in rows])
    told = [_progressed(author, row, outlines[row.courseware_id], now) for row in rows]
    await tell(tx, *told, now=now)


def _passes_step(due: Due) -> bool:
    before_ms = due.credited_ms - due.added_ms
    return due.credited_ms // REPORT_EVERY_MS > before_ms // REPORT_EVERY_MS


def _progressed(author: Author, row: Due, outline: store.Outline, now: datetime) -> Statement:
    what = Studied(
        learner_id=row.learner_id,
        enrolment_id=row.enrolment_id,
        course_id=outline.course_id,
        course_title=outline.course_title,
        courseware_id=row.courseware_id,
        title=outline.title,
    )
    return author.progressed(
        what, credited_ms=row.credited_ms, required_seconds=outline.required_seconds, at=now
    )


async def tell(tx: Tx, *statements: Statement, now: datetime) -> None:
    """Queue statements for sending, if and only if this transaction commits."""
    await store.add(tx, statements, now=now)


async def resend(tx: Tx, statement_id: UUID, *, now: datetime) -> None:
    """Send a parked statement again, as it is. Raises `StatementNotParked`."""
    if not await store.requeue(tx, [statement_id], now=now):
        raise StatementNotParked()


async def resend_all(tx: Tx, *, now: datetime) -> int:
    """Send every parked statement again; return how many."""
    return len(await store.requeue(tx, None, now=now))
