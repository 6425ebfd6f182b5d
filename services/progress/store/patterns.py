"""What the suspicious patterns are looked for in, bounded by ids and days (P-12)."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

import asyncpg

from chassis import ids
from chassis.db import Pool

from ..instants import day_bounds
from ..patterns import (
    FAST_ANSWER,
    FAST_ANSWERS,
    LONG_DAY_MS,
    SHARED_BY,
    Arrivals,
    FastAnswers,
    LongDay,
    SharedAddress,
)

SESSIONS_AT_ONCE = 100
BEATS_LOOKED_AT = 100  # the newest of a session: 25 minutes
SENT_AT_ONCE_MS = 1000  # a beat that waited longer in the page says nothing of its clock
ROWS_MAX = 1000  # of one scan and pattern
CLOCKS_APART = timedelta(minutes=1)  # an id is not made at the instant it tells


async def arrival_pages(
    db: Pool, *, heard_since: datetime, session_life: timedelta
) -> AsyncIterator[list[Arrivals]]:
    """The newest beats of every session that has been heard since then, some sessions at a time."""
    after = ids.first_id(heard_since - session_life)
    while sessions := await db.fetch(
        """
          SELECT session_id, learner_id, last_seq
            FROM sessions
           WHERE session_id > $1
             AND heard_at >= $2
             AND last_seq >= 0
        ORDER BY session_id
           LIMIT $3
        """,
        after,
        heard_since,
        SESSIONS_AT_ONCE,
    ):
        after = sessions[-1]["session_id"]
        yield await _arrivals(db, sessions)


async def _arrivals(db: Pool, sessions: Sequence[asyncpg.Record]) -> list[Arrivals]:
    rows = await db.fetch(
        """
          SELECT s.session_id,
                 array_agg(b.received_at ORDER BY b.seq) AS received_at,
                 array_agg(b.seq ORDER BY b.seq) AS seqs,
                 array_agg(b.waited_ms ORDER BY b.seq) AS waited_ms
            FROM unnest($1::uuid[], $2::int[]) AS s (session_id, last_seq)
            JOIN beats AS b ON b.session_id = s.session_id
                           AND b.seq > s.last_seq - $3
        GROUP BY s.session_id
        """,
        [each["session_id"] for each in sessions],
        [each["last_seq"] for each in sessions],
        BEATS_LOOKED_AT,
    )
    learner_of = {each["session_id"]: each["learner_id"] for each in sessions}
    return [
        Arrivals(row["session_id"], learner_of[row["session_id"]], tuple(_runs(row)))
        for row in rows
    ]


def _runs(row: asyncpg.Record) -> list[tuple[datetime, ...]]:
    """Beats one after the other that were sent at once, each in a request of its own."""
    runs: list[list[datetime]] = [[]]
    last_seq, last_at = -1, None
    for seq, at, waited_ms in zip(row["seqs"], row["received_at"], row["waited_ms"], strict=True):
        late = waited_ms > SENT_AT_ONCE_MS
        if late or seq != last_seq + 1 or at == last_at:
            runs.append([])
        if not late:
            runs[-1].append(at)
        last_seq, last_at = seq, at
    return [tuple(run) for run in runs if run]


async def list_fast_answers(db: Pool, day: date) -> list[FastAnswers]:
    """Who answered several questions of this day faster than they can be read."""
    since, until = day_bounds(day)
    rows = await db.fetch(
        """
          SELECT learner_id, count(*) AS answers,
                 min(extract(epoch FROM answered_at - asked_at) * 1000)::int AS fastest_ms
            FROM questions
           WHERE asking_id >= $1
             AND asking_id < $2
             AND state IN ('right', 'wrong')
             AND answered_at - asked_at <= $3
        GROUP BY learner_id
          HAVING count(*) >= $4
           LIMIT $5
        """,
        ids.first_id(since - CLOCKS_APART),
        ids.first_id(until),
        FAST_ANSWER,
        FAST_ANSWERS,
        ROWS_MAX,
    )
    return [FastAnswers(day=day, **row) for row in rows]


async def list_long_days(db: Pool, day: date) -> list[LongDay]:
    rows = await db.fetch(
        """
        SELECT learner_id, day, credited_ms
          FROM study_days
         WHERE day = $1
           AND credited_ms > $2
         LIMIT $3
        """,
        day,
        LONG_DAY_MS,
        ROWS_MAX,
    )
    return [LongDay(**row) for row in rows]


async def list_shared_addresses(db: Pool, day: date) -> list[SharedAddress]:
    """Addresses from which several learners opened coursewares on this day."""
    since, until = day_bounds(day)
    rows = await db.fetch(
        """
          SELECT host(address) AS address, array_agg(DISTINCT learner_id) AS learner_ids
            FROM sessions
           WHERE session_id >= $1
             AND session_id < $2
             AND address IS NOT NULL
        GROUP BY address
          HAVING count(DISTINCT learner_id) >= $3
           LIMIT $4
        """,
        ids.first_id(since),
        ids.first_id(until),
        SHARED_BY,
        ROWS_MAX,
    )
    return [SharedAddress(row["address"], day, tuple(row["learner_ids"])) for row in rows]
