"""Questions that were asked while a courseware was studied (P-5)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.catalogue import Question

from ..model import Asked

OVERDUE_MAX = 200

_COLUMNS = """asking_id, learner_id, enrolment_id, courseware_id, session_id, asked, asked_at,
              deadline, state, credited_ms, position_ms, answered_at"""


async def insert_question(tx: Tx, asked: Asked) -> None:
    """Ask; the courseware's next question is not due before this one is settled."""
    await tx.execute(
        """
        INSERT INTO questions (asking_id, question_id, learner_id, enrolment_id, courseware_id,
                               session_id, asked, asked_at, seen_at, deadline, credited_ms,
                               position_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11)
        """,
        asked.asking_id,
        asked.question.question_id,
        asked.learner_id,
        asked.enrolment_id,
        asked.courseware_id,
        asked.session_id,
        asked.question.model_dump(mode="json"),
        asked.asked_at,
        asked.deadline,
        asked.credited_ms,
        asked.position_ms,
    )


async def set_due(tx: Tx, *, enrolment_id: UUID, courseware_id: UUID, due_ms: int | None) -> None:
    """The credit at which the courseware's next question is asked."""
    await tx.execute(
        """
        UPDATE courseware_progress
           SET question_due_ms = $3
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
        due_ms,
    )


async def get_question(db: Pool | Tx, *, asking_id: UUID, learner_id: UUID) -> Asked | None:
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM questions WHERE asking_id = $1 AND learner_id = $2",  # noqa: S608
        asking_id,
        learner_id,
    )
    return _asked(row) if row else None


async def get_open(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> Asked | None:
    """The question that waits for an answer."""
    row = await db.fetchrow(
        f"""
        SELECT {_COLUMNS}
          FROM questions
         WHERE enrolment_id = $1
           AND courseware_id = $2
           AND state = 'open'
        """,  # noqa: S608 - a constant
        enrolment_id,
        courseware_id,
    )
    return _asked(row) if row else None


async def last_passed(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> Asked | None:
    """The last question that was answered rightly."""
    row = await db.fetchrow(
        f"""
          SELECT {_COLUMNS}
            FROM questions
           WHERE enrolment_id = $1
             AND courseware_id = $2
             AND state = 'right'
        ORDER BY answered_at DESC
           LIMIT 1
        """,  # noqa: S608 - a constant
        enrolment_id,
        courseware_id,
    )
    return _asked(row) if row else None


async def list_overdue(db: Pool, now: datetime) -> Sequence[Asked]:
    """Open questions whose limit ran out, where a page of the courseware was heard after that."""
    rows = await db.fetch(
        f"""
          SELECT {_COLUMNS}
            FROM questions AS q
           WHERE state = 'open'
             AND deadline < $1
             AND greatest(seen_at, (SELECT max(least(s.ended_at, s.heard_at))
                                      FROM sessions AS s
                                     WHERE s.enrolment_id = q.enrolment_id
                                       AND s.courseware_id = q.courseware_id)) >= deadline
        ORDER BY deadline
           LIMIT $2
        """,  # noqa: S608 - a constant
        now,
        OVERDUE_MAX,
    )
    return [_asked(row) for row in rows]


async def last_contact(tx: Tx, asking_id: UUID, *, besides: UUID | None = None) -> datetime:
    """When a page of the question's courseware was heard last, `besides` one session's."""
    heard_at: datetime = await tx.fetchval(
        """
        SELECT greatest(q.seen_at, (SELECT max(least(s.ended_at, s.heard_at))
                                      FROM sessions AS s
                                     WHERE s.enrolment_id = q.enrolment_id
                                       AND s.courseware_id = q.courseware_id
                                       AND s.session_id IS DISTINCT FROM $2))
          FROM questions AS q
         WHERE q.asking_id = $1
        """,
        asking_id,
        besides,
    )
    return heard_at


async def set_seen(tx: Tx, asking_id: UUID, at: datetime) -> None:
    """A page that shows the question is connected."""
    await tx.execute("UPDATE questions SET seen_at = $2 WHERE asking_id = $1", asking_id, at)


async def settle(
    tx: Tx, *, asking_id: UUID, state: str, chosen: Sequence[int] | None, at: datetime
) -> None:
    """Close a question for good."""
    await tx.execute(
        """
        UPDATE questions
           SET state = $2,
               chosen = $3,
               answered_at = $4
         WHERE asking_id = $1
        """,
        asking_id,
        state,
        chosen,
        at,
    )


async def set_deadline(tx: Tx, asking_id: UUID, deadline: datetime) -> None:
    """Move the limit by the time in which no page was heard."""
    await tx.execute("UPDATE questions SET deadline = $2 WHERE asking_id = $1", asking_id, deadline)


async def count_since(
    db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID, since: datetime | None
) -> tuple[int, int]:
    """(right, answered) of a courseware's questions since then, or ever."""
    row = await db.fetchrow(
        """
        SELECT count(*) FILTER (WHERE state = 'right') AS right, count(*) AS answered
          FROM questions
         WHERE enrolment_id = $1
           AND courseware_id = $2
           AND state IN ('right', 'wrong')
           AND answered_at > coalesce($3, '-infinity'::timestamptz)
        """,
        enrolment_id,
        courseware_id,
        since,
    )
    assert row is not None
    return row["right"], row["answered"]


async def times_asked(db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID) -> dict[UUID, int]:
    """How often each question of the pool was asked."""
    rows = await db.fetch(
        """
          SELECT question_id, count(*) AS times
            FROM questions
           WHERE enrolment_id = $1
             AND courseware_id = $2
        GROUP BY question_id
        """,
        enrolment_id,
        courseware_id,
    )
    return {row["question_id"]: row["times"] for row in rows}


def _asked(row: asyncpg.Record) -> Asked:
    return Asked(
        asking_id=row["asking_id"],
        learner_id=row["learner_id"],
        enrolment_id=row["enrolment_id"],
        courseware_id=row["courseware_id"],
        session_id=row["session_id"],
        question=Question.model_validate(row["asked"]),
        asked_at=row["asked_at"],
        deadline=row["deadline"],
        state=row["state"],
        credited_ms=row["credited_ms"],
        position_ms=row["position_ms"],
        answered_at=row["answered_at"],
    )
