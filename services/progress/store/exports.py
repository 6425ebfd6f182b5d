"""Whole tables, page by page in the order of their keys, for exports."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.db import Pool
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from ..cycles import Hour, HourCorrection, LearnerFacts, SatisfiedCycle
from ..model.desk import LearnerRecord

PAGE_ROWS = 500
NO_ID = UUID(int=0)


async def learner_pages(db: Pool) -> AsyncIterator[list[LearnerRecord]]:
    """Every learner with all that an hour account is counted from."""
    after = NO_ID
    while rows := await db.fetch(
        """
          SELECT learner_id, real_name, kind, expires_on, registered_at
            FROM learners
           WHERE learner_id > $1
             AND version > 0
        ORDER BY learner_id
           LIMIT $2
        """,
        after,
        PAGE_ROWS,
    ):
        after = rows[-1]["learner_id"]
        yield await _records(db, rows)


async def _records(db: Pool, rows: Sequence[asyncpg.Record]) -> list[LearnerRecord]:
    who = [row["learner_id"] for row in rows]
    satisfied = await _satisfied_of(db, who)
    hours = await _hours_of(db, who)
    corrections = await _corrections_of(db, who)
    bought_at = await _last_enrolled_of(db, who)
    return [
        LearnerRecord(
            row["real_name"],
            LearnerFacts(
                row["learner_id"], LearnerKind(row["kind"]), row["expires_on"], row["registered_at"]
            ),
            satisfied[row["learner_id"]],
            hours[row["learner_id"]],
            corrections[row["learner_id"]],
            bought_at.get(row["learner_id"]),
        )
        for row in rows
    ]


async def _satisfied_of(db: Pool, who: list[UUID]) -> dict[UUID, list[SatisfiedCycle]]:
    found: dict[UUID, list[SatisfiedCycle]] = defaultdict(list)
    for row in await db.fetch(
        """
          SELECT learner_id, starts_on, ends_on, hours, satisfied_at
            FROM satisfied_cycles
           WHERE learner_id = ANY($1)
        ORDER BY ends_on
        """,
        who,
    ):
        cycle = SatisfiedCycle(row["starts_on"], row["ends_on"], row["hours"], row["satisfied_at"])
        found[row["learner_id"]].append(cycle)
    return found


async def _hours_of(db: Pool, who: list[UUID]) -> dict[UUID, list[Hour]]:
    found: dict[UUID, list[Hour]] = defaultdict(list)
    for row in await db.fetch(
        """
          SELECT learner_id, courseware_id, course_kind, completed_at
            FROM hour_entries
           WHERE learner_id = ANY($1)
        ORDER BY completed_at, entry_id
        """,
        who,
    ):
        kind = CourseKind(row["course_kind"])
        found[row["learner_id"]].append(Hour(row["courseware_id"], kind, row["completed_at"]))
    return found


async def _corrections_of(db: Pool, who: list[UUID]) -> dict[UUID, list[HourCorrection]]:
    found: dict[UUID, list[HourCorrection]] = defaultdict(list)
    for row in await db.fetch(
        """
          SELECT learner_id, course_kind, hours, corrected_at
            FROM hour_corrections
           WHERE learner_id = ANY($1)
        ORDER BY corrected_at, correction_id
        """,
        who,
    ):
        kind = CourseKind(row["course_kind"])
        found[row["learner_id"]].append(HourCorrection(kind, row["hours"], row["corrected_at"]))
    return found


async def _last_enrolled_of(db: Pool, who: list[UUID]) -> dict[UUID, datetime]:
    rows = await db.fetch(
        """
          SELECT learner_id, max(enrolled_at) AS enrolled_at
            FROM enrolments
           WHERE learner_id = ANY($1)
        GROUP BY learner_id
        """,
        who,
    )
    return {row["learner_id"]: row["enrolled_at"] for row in rows}


async def count_learners(db: Pool) -> int:
    """How many rows `learner_pages` will give."""
    count: int = await db.fetchval("SELECT count(*) FROM learners WHERE version > 0")
    return count


async def count_study_days(db: Pool, since: date, until: date) -> int:
    """How many rows `study_day_pages` will give."""
    count: int = await db.fetchval(
        "SELECT count(*) FROM study_days WHERE day BETWEEN $1 AND $2 AND credited_ms > 0",
        since,
        until,
    )
    return count


async def study_day_pages(
    db: Pool, since: date, until: date
) -> AsyncIterator[list[dict[str, Any]]]:
    """Each learner's days with credited time, both ends included."""
    after_learner, after_day = NO_ID, date.min
    while rows := await db.fetch(
        """
          SELECT d.learner_id, l.real_name, d.day, d.credited_ms
            FROM study_days AS d
            JOIN learners   AS l USING (learner_id)
           WHERE (d.learner_id, d.day) > ($1, $2)
             AND d.day BETWEEN $3 AND $4
             AND d.credited_ms > 0
        ORDER BY d.learner_id, d.day
           LIMIT $5
        """,
        after_learner,
        after_day,
        since,
        until,
        PAGE_ROWS,
    ):
        after_learner, after_day = rows[-1]["learner_id"], rows[-1]["day"]
        yield [dict(row) for row in rows]


async def correction_pages(db: Pool) -> AsyncIterator[list[dict[str, Any]]]:
    """Every correction of hours and of study time, in the order in which they were written."""
    after = NO_ID
    while rows := await db.fetch(
        """
          WITH hours AS (
                 SELECT correction_id AS id, learner_id, corrected_at AS made_at, by_name, reason,
                        course_kind, hours::bigint AS hours, NULL::bigint AS credited_ms,
                        NULL::uuid AS courseware_id
                   FROM hour_corrections
                  WHERE correction_id > $1
               ORDER BY correction_id
                  LIMIT $2
               ),
               times AS (
                 SELECT entry_id AS id, learner_id, made_at, by_name, reason,
                        NULL::text AS course_kind, NULL::bigint AS hours, credited_ms,
                        courseware_id
                   FROM credit_entries
                  WHERE entry_id > $1
                    AND kind = 'correction'
               ORDER BY entry_id
                  LIMIT $2
               )
        SELECT c.id, c.learner_id, l.real_name, c.made_at, c.by_name, c.reason, c.course_kind,
               c.hours, c.credited_ms, w.title AS courseware_title
          FROM (SELECT * FROM hours UNION ALL SELECT * FROM times) AS c
          JOIN learners AS l USING (learner_id)
          LEFT JOIN coursewares AS w USING (courseware_id)
      ORDER BY c.id
         LIMIT $2
        """,
        after,
        PAGE_ROWS,
    ):
        after = rows[-1]["id"]
        yield [dict(row) for row in rows]
