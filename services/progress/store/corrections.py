"""Hours that staff added to an account or took away; rows are never changed (P-12)."""

from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind

from ..cycles import HourCorrection
from ..model.desk import CorrectedHours


async def insert_correction(
    tx: Tx,
    *,
    correction_id: UUID,
    learner_id: UUID,
    course_kind: CourseKind,
    hours: int,
    reason: str,
    by_staff: UUID,
    by_name: str,
    corrected_at: datetime,
) -> None:
    await tx.execute(
        """
        INSERT INTO hour_corrections (correction_id, learner_id, course_kind, hours, reason,
                                      by_staff, by_name, corrected_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        correction_id,
        learner_id,
        course_kind,
        hours,
        reason,
        by_staff,
        by_name,
        corrected_at,
    )


async def list_counted(db: Pool | Tx, learner_id: UUID) -> list[HourCorrection]:
    """What counts of every correction that a learner ever had, oldest first."""
    rows = await db.fetch(
        """
          SELECT course_kind, hours, corrected_at
            FROM hour_corrections
           WHERE learner_id = $1
        ORDER BY corrected_at, correction_id
        """,
        learner_id,
    )
    return [
        HourCorrection(CourseKind(row["course_kind"]), row["hours"], row["corrected_at"])
        for row in rows
    ]


async def list_corrections(db: Pool | Tx, learner_id: UUID) -> list[CorrectedHours]:
    """The same with reason and name, newest first."""
    rows = await db.fetch(
        """
          SELECT course_kind, hours, reason, by_name, corrected_at
            FROM hour_corrections
           WHERE learner_id = $1
        ORDER BY corrected_at DESC, correction_id DESC
        """,
        learner_id,
    )
    return [
        CorrectedHours(**{**row, "course_kind": CourseKind(row["course_kind"])}) for row in rows
    ]
