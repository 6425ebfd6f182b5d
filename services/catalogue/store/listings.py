"""Reading for the course centre: courses and packages as one person sees them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind, CoursewareKind, QuestionRule
from contracts.identity import LearnerKind

from ..model import Bundle, Cursor, KindCount, Lesson, Listing, Search, Sort, State


async def find_courses(
    db: Pool | Tx, search: Search, *, limit: int, after: Cursor | None = None
) -> tuple[list[Listing], int]:
    """Published courses that fit, from the cursor on; and how many fit in all, seen or not."""
    rows = await db.fetch(
        """
            WITH fitting AS (
                 SELECT c.course_id, c.title, c.kind, c.area, c.summary, c.description, c.hours,
                        c.price_fen, c.state, c.version, c.published_at,
                        o.course_id IS NOT NULL AS owned
                   FROM courses c
              LEFT JOIN owned_courses o
                     ON o.course_id = c.course_id
                    AND o.learner_id = $5
                  WHERE c.state = 'published'
                    AND ($1::text IS NULL OR c.kind = $1)
                    AND ($2::text IS NULL OR c.area = $2)
                    AND concat_ws(' ', c.title, c.area, c.summary,
                                  (SELECT string_agg(w.title, ' ')
                                     FROM coursewares w
                                    WHERE w.course_id = c.course_id)) ILIKE ALL ($3::text[])
                    AND CASE $4::text WHEN 'yes' THEN o.course_id IS NOT NULL
                                      WHEN 'no' THEN o.course_id IS NULL
                                      ELSE true END)
          SELECT *, (SELECT count(*) FROM fitting) AS total
            FROM fitting
           WHERE $7::uuid IS NULL
              OR CASE $6::text WHEN 'hours' THEN (hours, course_id) > ($9::integer, $7)
                               ELSE (published_at, course_id) < ($8::timestamptz, $7) END
        ORDER BY CASE WHEN $6 = 'hours' THEN hours END,
                 CASE WHEN $6 = 'hours' THEN course_id END,
                 published_at DESC,
                 course_id DESC
           LIMIT $10
        """,
        search.kind,
        search.area,
        [f"%{escape(word)}%" for word in search.words],
        search.owned,
        search.learner_id,
        search.sort,
        after.item_id if after else None,
        after.key if after and search.sort is Sort.NEWEST else None,
        after.key if after and search.sort is Sort.HOURS else None,
        limit,
    )
    return await _listings(db, rows), rows[0]["total"] if rows else 0


def escape(word: str) -> str:
    """A word as itself in a pattern: `%`, `_` and the backslash lose their meaning."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def get_course(db: Pool | Tx, course_id: UUID, *, learner_id: UUID | None) -> Listing | None:
    """A course that is sold, or that this learner owns although it is sold no more."""
    rows = await db.fetch(
        """
          SELECT c.course_id, c.title, c.kind, c.area, c.summary, c.description, c.hours,
                 c.price_fen, c.state, c.version, c.published_at,
                 o.course_id IS NOT NULL AS owned
            FROM courses c
       LEFT JOIN owned_courses o
              ON o.course_id = c.course_id
             AND o.learner_id = $2
           WHERE c.course_id = $1
             AND (c.state = 'published' OR (c.state = 'retired' AND o.course_id IS NOT NULL))
        """,
        course_id,
        learner_id,
    )
    found = await _listings(db, rows)
    return found[0] if found else None


async def list_areas(db: Pool | Tx, kind: CourseKind | None) -> list[str]:
    """The trades that published courses of this kind belong to, the biggest first."""
    rows = await db.fetch(
        """
          SELECT area
            FROM courses
           WHERE state = 'published'
             AND ($1::text IS NULL OR kind = $1)
        GROUP BY area
        ORDER BY sum(hours) DESC, area
        """,
        kind,
    )
    return [row["area"] for row in rows]


async def count_by_kind(db: Pool | Tx) -> dict[CourseKind, KindCount]:
    """What there is to study, for every kind, zero included."""
    rows = await db.fetch(
        """
          SELECT kind, count(*) AS courses, sum(hours) AS hours
            FROM courses
           WHERE state = 'published'
        GROUP BY kind
        """
    )
    counted = {row["kind"]: row for row in rows}
    return {
        kind: KindCount(kind, counted[kind]["courses"], int(counted[kind]["hours"]))
        if kind in counted
        else KindCount(kind, 0, 0)
        for kind in CourseKind
    }


async def list_packages(
    db: Pool | Tx,
    *,
    learner_id: UUID | None,
    limit: int,
    audience: LearnerKind | None = None,
    after: Cursor | None = None,
) -> list[Bundle]:
    """Published packages, the smallest first."""
    rows = await db.fetch(
        """
          SELECT package_id, title, summary, audience, hours, price_fen, version
            FROM packages
           WHERE version > 0
             AND ($1::text IS NULL OR $1 = ANY(audience))
             AND ($2::uuid IS NULL OR (hours, package_id) > ($3::integer, $2))
        ORDER BY hours, package_id
           LIMIT $4
        """,
        audience,
        after.item_id if after else None,
        after.key if after else None,
        limit,
    )
    return await _bundles(db, rows, learner_id=learner_id)


async def get_package(db: Pool | Tx, package_id: UUID, *, learner_id: UUID | None) -> Bundle | None:
    rows = await db.fetch(
        """
        SELECT package_id, title, summary, audience, hours, price_fen, version
          FROM packages
         WHERE package_id = $1
           AND version > 0
        """,
        package_id,
    )
    found = await _bundles(db, rows, learner_id=learner_id)
    return found[0] if found else None


async def _listings(db: Pool | Tx, rows: Sequence[Any]) -> list[Listing]:
    lessons = await _lessons(db, [row["course_id"] for row in rows])
    return [_listing(row, lessons[row["course_id"]]) for row in rows]


def _listing(row: Any, lessons: Sequence[Lesson]) -> Listing:
    return Listing(
        course_id=row["course_id"],
        title=row["title"],
        kind=CourseKind(row["kind"]),
        area=row["area"],
        summary=row["summary"],
        description=row["description"],
        hours=row["hours"],
        price_fen=row["price_fen"],
        state=State(row["state"]),
        version=row["version"],
        published_at=row["published_at"],
        owned=row["owned"],
        coursewares=tuple(lessons),
    )


async def _lessons(db: Pool | Tx, course_ids: Sequence[UUID]) -> dict[UUID, list[Lesson]]:
    rows = await db.fetch(
        """
          SELECT w.course_id, w.courseware_id, w.title, w.kind, w.required_seconds,
                 w.question_rule, w.max_playback_rate,
                 count(q.question_id) FILTER (WHERE q.use = 'popup') AS popup_count,
                 count(q.question_id) FILTER (WHERE q.use = 'exercise') AS exercise_count
            FROM coursewares w
       LEFT JOIN questions q USING (courseware_id)
           WHERE w.course_id = ANY($1)
        GROUP BY w.courseware_id
        ORDER BY w.course_id, w.position
        """,
        course_ids,
    )
    found: dict[UUID, list[Lesson]] = defaultdict(list)
    for row in rows:
        values = {
            **row,
            "kind": CoursewareKind(row["kind"]),
            "question_rule": QuestionRule(row["question_rule"]),
        }
        found[values.pop("course_id")].append(Lesson(**values))
    return found


async def _bundles(db: Pool | Tx, rows: Sequence[Any], *, learner_id: UUID | None) -> list[Bundle]:
    courses = await _package_courses(db, [row["package_id"] for row in rows], learner_id=learner_id)
    return [
        Bundle(
            package_id=row["package_id"],
            title=row["title"],
            summary=row["summary"],
            audience=tuple(LearnerKind(kind) for kind in row["audience"]),
            hours=row["hours"],
            price_fen=row["price_fen"],
            version=row["version"],
            courses=tuple(courses[row["package_id"]]),
        )
        for row in rows
    ]


async def _package_courses(
    db: Pool | Tx, package_ids: Sequence[UUID], *, learner_id: UUID | None
) -> dict[UUID, list[Listing]]:
    rows = await db.fetch(
        """
          SELECT p.package_id,
                 c.course_id, c.title, c.kind, c.area, c.summary, c.description, c.hours,
                 c.price_fen, c.state, c.version, c.published_at,
                 o.course_id IS NOT NULL AS owned
            FROM package_courses p
            JOIN courses c USING (course_id)
       LEFT JOIN owned_courses o
              ON o.course_id = c.course_id
             AND o.learner_id = $2
           WHERE p.package_id = ANY($1)
        ORDER BY p.package_id, p.position
        """,
        package_ids,
        learner_id,
    )
    found: dict[UUID, list[Listing]] = defaultdict(list)
    for row, listing in zip(rows, await _listings(db, rows), strict=True):
        found[row["package_id"]].append(listing)
    return found
