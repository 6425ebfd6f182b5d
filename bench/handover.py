"""One of two consumer processes is killed under load: how soon the other has its shards."""

import asyncio
from datetime import UTC, datetime

from bench import ground, load
from bench.goals import Goals
from bench.ground import Ground

LEARNERS = 500
PER_SECOND = 500
BEFORE_SECONDS, AFTER_SECONDS = 12.0, 10.0  # by then the two share the shards
HANDOVER_SECONDS = 5


async def measure(goals: Goals) -> None:
    """The first process came alone; under load it gives half of the shards to the second, which
    gets the other half when the first is killed."""
    async with ground.opened() as stands:
        first, _ = await stands.serve("first")
        _, port = await stands.serve("second")
        people = await stands.learners(LEARNERS)
        wanted = load.Load(port, people, BEFORE_SECONDS + AFTER_SECONDS, 0, PER_SECOND)
        loading = asyncio.create_task(asyncio.to_thread(load.run, wanted))
        await asyncio.sleep(BEFORE_SECONDS)
        killed_at = datetime.now(UTC)
        first.kill()
        result = await loading
        stored = await stands.drained(result.answered)
        goals.at_most(
            "hand-over of a killed process's shards",
            await _longest_pause(stands, killed_at),
            HANDOVER_SECONDS,
            "s",
        )
        goals.at_most("beats lost at the hand-over", result.answered - stored, 0)
        goals.at_most("beats refused meanwhile", result.refused, 0)
        goals.at_most("sessions credited wrongly", await _wrong(stands), 0)


async def _longest_pause(stands: Ground, killed_at: datetime) -> float:
    """Between two commits of one shard round the kill, in seconds: what was in the hands of the
    killed process has no other trace."""
    [(seconds,)] = await stands.fetch(
        """
        WITH commits AS (
               SELECT DISTINCT get_byte(uuid_send(learner_id), 15) % 16 AS shard,
                               pg_xact_commit_timestamp(b.xmin) AS at
                          FROM beats    AS b
                          JOIN sessions AS s USING (session_id)
        ), pauses AS (
            SELECT lead(at) OVER (PARTITION BY shard ORDER BY at) AS next_at, at
              FROM commits
        )
        SELECT extract(epoch FROM max(next_at - at))
          FROM pauses
         WHERE next_at > $1
        """,
        killed_at,
    )
    return float(seconds)


async def _wrong(stands: Ground) -> int:
    """Everybody studied honestly all the time: each millisecond is credited, and once."""
    [(number,)] = await stands.fetch(
        """
        SELECT count(*)
          FROM sessions            AS s
          JOIN courseware_progress AS p USING (enrolment_id, courseware_id)
         WHERE p.credited_ms <> (SELECT sum(credited_ms)
                                   FROM beats AS b
                                  WHERE b.session_id = s.session_id)
            OR p.credited_ms <> round(1000 * extract(epoch FROM accounted_at - started_at))
        """
    )
    return int(number)
