"""What moves credit beside beats: restarts and corrections. Entries are never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import Question

from ..model import Restart


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """`credited_ms` is added to the courseware's credit; a negative one takes away."""

    entry_id: UUID
    learner_id: UUID
    enrolment_id: UUID
    courseware_id: UUID
    kind: Literal["restart", "correction"]
    credited_ms: int
    reason: str
    made_at: datetime
    session_id: UUID | None = None
    since_at: datetime | None = None
    question_id: UUID | None = None
    by_staff: UUID | None = None
    by_name: str | None = None


async def add_entry(tx: Tx, entry: CreditEntry) -> int:
    """Write an entry and move the courseware's credit; return what it is now, in ms. The learner
    must be locked, the courseware's progress be there, and its credit not fall below zero."""
    await tx.execute(
        """
        INSERT INTO credit_entries (entry_id, learner_id, enrolment_id, courseware_id, session_id,
                                    kind, credited_ms, reason, since_at, question_id, by_staff,
                                    by_name, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        entry.entry_id,
        entry.learner_id,
        entry.enrolment_id,
        entry.courseware_id,
        entry.session_id,
        entry.kind,
        entry.credited_ms,
        entry.reason,
        entry.since_at,
        entry.question_id,
        entry.by_staff,
        entry.by_name,
        entry.made_at,
    )
    credited_ms: int = await tx.fetchval(
        """
        UPDATE courseware_progress
           SET credited_ms = credited_ms + $3
         WHERE enrolment_id = $1
           AND courseware_id = $2
     RETURNING credited_ms
        """,
        entry.enrolment_id,
        entry.courseware_id,
        entry.credited_ms,
    )
    return credited_ms


async def go_back(
    tx: Tx, *, enrolment_id: UUID, courseware_id: UUID, position_ms: int, due_ms: int | None
) -> None:
    """After a restart: where the media goes on, and the credit at which the next question comes."""
    await tx.execute(
        """
        UPDATE courseware_progress
           SET position_ms = $3,
               question_due_ms = $4
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        enrolment_id,
        courseware_id,
        position_ms,
        due_ms,
    )


async def last_restart(
    db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID, since: datetime
) -> Restart | None:
    """The last restart of a courseware from this instant on, with what was left of its credit."""
    row = await db.fetchrow(
        """
          SELECT e.made_at, e.reason, e.credited_ms AS lost_ms, q.asked,
                 b.credited_ms, b.position_ms
            FROM credit_entries AS e
            LEFT JOIN questions AS q ON q.asking_id = e.question_id
            LEFT JOIN LATERAL (
                   SELECT credited_ms, position_ms
                     FROM questions AS passed
                    WHERE passed.enrolment_id = e.enrolment_id
                      AND passed.courseware_id = e.courseware_id
                      AND passed.state = 'right'
                      AND passed.answered_at = e.since_at
                    LIMIT 1) AS b ON true
           WHERE e.enrolment_id = $1
             AND e.courseware_id = $2
             AND e.kind = 'restart'
             AND e.made_at >= $3
        ORDER BY e.made_at DESC
           LIMIT 1
        """,
        enrolment_id,
        courseware_id,
        since,
    )
    if row is None:
        return None
    return Restart(
        at=row["made_at"],
        cause=row["reason"],
        lost_ms=-row["lost_ms"],
        credited_ms=row["credited_ms"] or 0,
        position_ms=row["position_ms"] or 0,
        question=Question.model_validate(row["asked"]) if row["asked"] else None,
    )


async def restarted_at(
    db: Pool | Tx, *, enrolment_id: UUID, courseware_id: UUID
) -> datetime | None:
    """When a courseware started again last."""
    at: datetime | None = await db.fetchval(
        """
        SELECT max(made_at)
          FROM credit_entries
         WHERE enrolment_id = $1
           AND courseware_id = $2
           AND kind = 'restart'
        """,
        enrolment_id,
        courseware_id,
    )
    return at
