"""A learner's whole record and the figures that were made of it, for the audit."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..credit import Beat, Rules, Standing
from ..instants import to_ms
from ..record import OpenSession
from .beats import beat, opening


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction did to a record: exactly one of these."""

    number: int
    opened: OpenSession | None = None
    ended: tuple[UUID, int] | None = None
    restarted: tuple[UUID, UUID, int] | None = None
    beats: dict[UUID, list[Beat]] | None = None
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds: per session (credited, accounted until), per courseware, per day."""

    sessions: dict[UUID, tuple[int, int]]
    coursewares: dict[tuple[UUID, UUID], int]
    days: dict[date, int]


async def keep_rules(db: Pool, rules: Rules) -> None:
    """Note by which bounds beats are judged from now on, where they are others than before."""
    await db.execute(
        """
        INSERT INTO study_rules (interval_ms, idle_limit_ms, late_ms)
             SELECT new.interval_ms, new.idle_limit_ms, new.late_ms
               FROM (VALUES ($1::integer, $2::integer, $3::integer))
                 AS new (interval_ms, idle_limit_ms, late_ms)
          LEFT JOIN (SELECT *
                       FROM study_rules
                   ORDER BY turn DESC
                      LIMIT 1) AS old ON true
              WHERE (new.interval_ms, new.idle_limit_ms, new.late_ms)
                    IS DISTINCT FROM (old.interval_ms, old.idle_limit_ms, old.late_ms)
        """,
        rules.interval_ms,
        rules.idle_limit_ms,
        rules.late_ms,
    )


async def list_rules(tx: Tx) -> list[Turn]:
    """The bounds, and the turns from which on they held."""
    rows = await tx.fetch("SELECT turn, interval_ms, idle_limit_ms, late_ms FROM study_rules")
    return [
        Turn(
            row["turn"],
            rules=Rules(
                interval_ms=row["interval_ms"],
                idle_limit_ms=row["idle_limit_ms"],
                late_ms=row["late_ms"],
            ),
        )
        for row in rows
    ]


async def list_learners(tx: Tx) -> AsyncIterator[UUID]:
    """Everybody who has studied, but for those who began before turns were kept (migration 2)."""
    query = """
          SELECT learner_id
            FROM sessions
        GROUP BY learner_id
          HAVING min(turn) > 0
        ORDER BY learner_id
    """
    async for row in tx.cursor(query):
        yield row["learner_id"]


async def list_turns(tx: Tx, learner_id: UUID) -> list[Turn]:
    """The record in the order in which it was taken."""
    sessions = await tx.fetch(
        """
        SELECT session_id, learner_id, enrolment_id, courseware_id, document, started_at, start_ms,
               max_rate, turn, ended_at, ended_turn
          FROM sessions
         WHERE learner_id = $1
        """,
        learner_id,
    )
    turns = [*_openings(sessions), *await _restarts(tx, learner_id), *await list_rules(tx)]
    turns += await _withdrawals(tx, learner_id)
    turns += await _beats(tx, [row["session_id"] for row in sessions])
    return sorted(turns, key=lambda turn: (turn.number, turn.opened is None))


def _openings(sessions: list[asyncpg.Record]) -> Iterator[Turn]:
    for row in sessions:
        yield Turn(row["turn"], opened=_as_opened(row))
        if row["ended_turn"] is not None:
            yield Turn(row["ended_turn"], ended=(row["session_id"], to_ms(row["ended_at"])))


def _as_opened(row: asyncpg.Record) -> OpenSession:
    started = opening(row)
    return OpenSession(
        session_id=row["session_id"],
        learner_id=row["learner_id"],
        enrolment_id=row["enrolment_id"],
        courseware_id=row["courseware_id"],
        opening=started,
        standing=Standing(started.started_ms, started.position_ms),
        heard_ms=started.started_ms,
        open_since_ms=started.started_ms,
    )


async def _restarts(tx: Tx, learner_id: UUID) -> list[Turn]:
    rows = await tx.fetch(
        """
        SELECT turn, enrolment_id, courseware_id, made_at
          FROM credit_entries
         WHERE learner_id = $1
           AND kind = 'restart'
        """,
        learner_id,
    )
    return [
        Turn(
            row["turn"],
            restarted=(row["enrolment_id"], row["courseware_id"], to_ms(row["made_at"])),
        )
        for row in rows
    ]


async def _withdrawals(tx: Tx, learner_id: UUID) -> list[Turn]:
    """A refund closes an hour: like a restart, what is said from then on of before earns nothing
    ($-8)."""
    rows = await tx.fetch(
        """
        SELECT e.withdrawn_turn, enrolment_id, p.courseware_id, e.withdrawn_at
          FROM enrolments          AS e
          JOIN courseware_progress AS p USING (enrolment_id)
         WHERE e.learner_id = $1
           AND e.withdrawn_at IS NOT NULL
           AND NOT p.kept
        """,
        learner_id,
    )
    return [
        Turn(
            row["withdrawn_turn"],
            restarted=(row["enrolment_id"], row["courseware_id"], to_ms(row["withdrawn_at"])),
        )
        for row in rows
    ]


async def _beats(tx: Tx, session_ids: list[UUID]) -> list[Turn]:
    turns: dict[int, dict[UUID, list[Beat]]] = defaultdict(lambda: defaultdict(list))
    rows = await tx.fetch(
        """
        SELECT session_id, turn, seq, received_at, page_ms, waited_ms, position_ms, rate, playing,
               visible, idle_ms
          FROM beats
         WHERE session_id = ANY($1)
        """,
        session_ids,
    )
    for row in rows:
        turns[row["turn"]][row["session_id"]].append(beat(row))
    return [Turn(number, beats=dict(beats)) for number, beats in turns.items()]


async def sum_entries(tx: Tx, learner_id: UUID) -> dict[tuple[UUID, UUID], int]:
    """What restarts and corrections moved, by enrolment and courseware."""
    rows = await tx.fetch(
        """
          SELECT enrolment_id, courseware_id, sum(credited_ms)::bigint AS credited_ms
            FROM credit_entries
           WHERE learner_id = $1
        GROUP BY enrolment_id, courseware_id
        """,
        learner_id,
    )
    return {(row["enrolment_id"], row["courseware_id"]): row["credited_ms"] for row in rows}


async def stored_figures(tx: Tx, learner_id: UUID) -> Figures:
    sessions = await tx.fetch(
        "SELECT session_id, credited_ms, accounted_at FROM sessions WHERE learner_id = $1",
        learner_id,
    )
    coursewares = await tx.fetch(
        """
        SELECT p.enrolment_id, p.courseware_id, p.credited_ms
          FROM courseware_progress AS p
          JOIN enrolments          AS e USING (enrolment_id)
         WHERE e.learner_id = $1
        """,
        learner_id,
    )
    days = await tx.fetch(
        "SELECT day, credited_ms FROM study_days WHERE learner_id = $1", learner_id
    )
    return Figures(
        sessions={
            row["session_id"]: (row["credited_ms"], to_ms(row["accounted_at"])) for row in sessions
        },
        coursewares={
            (row["enrolment_id"], row["courseware_id"]): row["credited_ms"] for row in coursewares
        },
        days={row["day"]: row["credited_ms"] for row in days},
    )
