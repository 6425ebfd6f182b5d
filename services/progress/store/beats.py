"""Beats: one read and one write for many of them at once."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from chassis.db import Tx

from ..credit import Beat, Reason, Standing, State, Stretch
from ..instants import from_ms, to_ms
from ..model import OpenSession

REPLAY_MAX = 5_000  # beats of one session: 20 hours of 15 s


class BeatRow(NamedTuple):
    """A judged beat."""

    session_id: UUID
    beat: Beat
    accounted_ms: int
    credited_ms: int


class Credit(NamedTuple):
    """What one fold adds to one courseware."""

    enrolment_id: UUID
    courseware_id: UUID
    credited_ms: int
    position_ms: int
    studied_at: datetime


async def lock_sessions(
    tx: Tx, *, learner_ids: Collection[UUID], session_ids: Collection[UUID], since: datetime
) -> list[OpenSession]:
    """These sessions, and every other session that these learners had open since then, held in
    the order of their ids until the transaction ends."""
    rows = await tx.fetch(
        """
          SELECT session_id, learner_id, enrolment_id, courseware_id, document, started_at,
                 start_ms, ended_at, heard_at, state, last_seq, accounted_at, page_ms,
                 position_ms, ahead_ms, tail_reason, tail_from, tail_until
            FROM sessions
           WHERE learner_id = ANY($1)
             AND (coalesce(ended_at, 'infinity') > $3 AND heard_at > $3
                  OR session_id = ANY($2))
        ORDER BY session_id
             FOR NO KEY UPDATE
        """,
        list(learner_ids),
        list(session_ids),
        since,
    )
    return [_open_session(row) for row in rows]


def _open_session(row: asyncpg.Record) -> OpenSession:
    tail = row["tail_reason"] and Stretch(
        Reason(row["tail_reason"]), to_ms(row["tail_from"]), to_ms(row["tail_until"])
    )
    return OpenSession(
        session_id=row["session_id"],
        learner_id=row["learner_id"],
        enrolment_id=row["enrolment_id"],
        courseware_id=row["courseware_id"],
        document=row["document"],
        started_ms=to_ms(row["started_at"]),
        start_position_ms=row["start_ms"],
        ended_ms=to_ms(row["ended_at"]) if row["ended_at"] else None,
        heard_ms=to_ms(row["heard_at"]),
        standing=Standing(
            accounted_ms=to_ms(row["accounted_at"]),
            position_ms=row["position_ms"],
            seq=row["last_seq"],
            page_ms=row["page_ms"],
            ahead_ms=row["ahead_ms"],
            state=State(row["state"]),
        ),
        tail=tail or None,
    )


async def list_known(tx: Tx, pairs: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Which of these (session, seq) have been accepted before."""
    rows = await tx.fetch(
        """
        SELECT session_id, seq
          FROM beats
          JOIN unnest($1::uuid[], $2::integer[]) AS asked (session_id, seq)
         USING (session_id, seq)
        """,
        [session_id for session_id, _ in pairs],
        [seq for _, seq in pairs],
    )
    return {(row["session_id"], row["seq"]) for row in rows}


async def list_beats(tx: Tx, session_id: UUID) -> list[tuple[Beat, int]] | None:
    """All beats of a session in order, with what they earned; None when there are too many."""
    rows = await tx.fetch(
        """
          SELECT seq, received_at, page_ms, waited_ms, position_ms, rate, playing, visible,
                 idle_ms, credited_ms
            FROM beats
           WHERE session_id = $1
        ORDER BY seq
           LIMIT $2
        """,
        session_id,
        REPLAY_MAX + 1,
    )
    return [_beat(row) for row in rows] if len(rows) <= REPLAY_MAX else None


def _beat(row: asyncpg.Record) -> tuple[Beat, int]:
    beat = Beat(
        seq=row["seq"],
        received_ms=to_ms(row["received_at"]),
        page_ms=row["page_ms"],
        waited_ms=row["waited_ms"],
        position_ms=row["position_ms"],
        rate=round(row["rate"], 3),
        playing=row["playing"],
        visible=row["visible"],
        idle_ms=row["idle_ms"],
    )
    return beat, row["credited_ms"]


async def save_fold(
    tx: Tx,
    *,
    beats: Sequence[BeatRow],
    sessions: Sequence[OpenSession],
    credits: Sequence[Credit],
    days: dict[tuple[UUID, date], int],
) -> None:
    """Beats, sessions, totals and days in one statement. The sessions must be locked."""
    await tx.execute(
        """
        WITH kept AS (
            INSERT INTO beats (session_id, seq, received_at, page_ms, waited_ms, position_ms,
                               rate, playing, visible, idle_ms, accounted_at, credited_ms)
            SELECT *
              FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::bigint[],
                          $5::integer[], $6::bigint[], $7::real[], $8::boolean[],
                          $9::boolean[], $10::bigint[], $11::timestamptz[], $12::integer[])
        ), moved AS (
            UPDATE sessions AS s
               SET state = n.state, last_seq = n.last_seq, heard_at = n.heard_at,
                   accounted_at = n.accounted_at, page_ms = n.page_ms,
                   position_ms = n.position_ms, ahead_ms = n.ahead_ms,
                   credited_ms = s.credited_ms + n.credited_ms, tail_reason = n.tail_reason,
                   tail_from = n.tail_from, tail_until = n.tail_until
              FROM unnest($13::uuid[], $14::text[], $15::integer[], $16::timestamptz[],
                          $17::timestamptz[], $18::bigint[], $19::bigint[], $20::bigint[],
                          $21::bigint[], $22::text[], $23::timestamptz[], $24::timestamptz[])
                AS n (session_id, state, last_seq, heard_at, accounted_at, page_ms, position_ms,
                      ahead_ms, credited_ms, tail_reason, tail_from, tail_until)
             WHERE s.session_id = n.session_id
        ), totals AS (
            UPDATE courseware_progress AS p
               SET credited_ms = p.credited_ms + n.credited_ms,
                   position_ms = n.position_ms,
                   last_studied_at = greatest(p.last_studied_at, n.studied_at)
              FROM unnest($25::uuid[], $26::uuid[], $27::bigint[], $28::bigint[],
                          $29::timestamptz[])
                AS n (enrolment_id, courseware_id, credited_ms, position_ms, studied_at)
             WHERE p.enrolment_id = n.enrolment_id
               AND p.courseware_id = n.courseware_id
        )
        INSERT INTO study_days (learner_id, day, credited_ms)
             SELECT *
               FROM unnest($30::uuid[], $31::date[], $32::bigint[])
        ON CONFLICT (learner_id, day) DO UPDATE
                SET credited_ms = study_days.credited_ms + EXCLUDED.credited_ms
        """,
        *_columns((_beat_columns(row) for row in beats), 12),
        *_columns((_session_columns(session) for session in sessions), 12),
        *_columns(credits, 5),
        *_columns(((learner_id, day, ms) for (learner_id, day), ms in sorted(days.items())), 3),
    )


def _beat_columns(row: BeatRow) -> tuple[object, ...]:
    beat = row.beat
    return (
        row.session_id,
        beat.seq,
        from_ms(beat.received_ms),
        beat.page_ms,
        beat.waited_ms,
        beat.position_ms,
        beat.rate,
        beat.playing,
        beat.visible,
        beat.idle_ms,
        from_ms(row.accounted_ms),
        row.credited_ms,
    )


def _session_columns(session: OpenSession) -> tuple[object, ...]:
    standing, tail = session.standing, session.tail
    return (
        session.session_id,
        standing.state,
        standing.seq,
        from_ms(session.heard_ms),
        from_ms(standing.accounted_ms),
        standing.page_ms,
        standing.position_ms,
        standing.ahead_ms,
        session.credited_ms,
        tail.reason if tail else None,
        from_ms(tail.from_ms) if tail else None,
        from_ms(tail.until_ms) if tail else None,
    )


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as the columns that `unnest` takes."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


async def save_uncredited(
    tx: Tx, *, rows: Sequence[tuple[UUID, Stretch]], rewritten: Sequence[UUID]
) -> None:
    """Keep why time was not credited; lengthen what grew. `rewritten`: sessions told anew from
    their start, because a beat came in behind later ones."""
    if rewritten:
        await tx.execute("DELETE FROM uncredited WHERE session_id = ANY($1)", rewritten)
    await tx.executemany(
        """
        INSERT INTO uncredited (session_id, from_at, until_at, reason)
             VALUES ($1, $2, $3, $4)
        ON CONFLICT (session_id, from_at) DO UPDATE
                SET until_at = EXCLUDED.until_at,
                    reason = EXCLUDED.reason
        """,
        [
            (session_id, from_ms(stretch.from_ms), from_ms(stretch.until_ms), stretch.reason)
            for session_id, stretch in rows
        ],
    )
