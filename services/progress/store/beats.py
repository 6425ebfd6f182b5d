"""Beats: one read and one write for many of them at once."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from chassis import clock
from chassis.db import Pool, Tx

from ..credit import Beat, Opening, Reason, Span, Standing, State, Stretch
from ..instants import from_ms, to_ms
from ..record import Judged, Kept, OpenSession

REPORT_EVERY_MS = 300_000
REPLAY_MAX = 5_000  # beats of one session: 20 hours of 15 s


class Due(NamedTuple):
    """A courseware whose credit, now `credited_ms`, has come to a question (P-5) or has passed a
    multiple of `REPORT_EVERY_MS`."""

    enrolment_id: UUID
    courseware_id: UUID
    learner_id: UUID
    credited_ms: int
    added_ms: int
    question: bool


class Credit(NamedTuple):
    """What one fold adds to one courseware."""

    enrolment_id: UUID
    courseware_id: UUID
    credited_ms: int
    position_ms: int
    studied_at: datetime


async def list_sessions(
    tx: Tx, *, learner_ids: Collection[UUID], session_ids: Collection[UUID], since: datetime
) -> list[OpenSession]:
    """These sessions, and every other session that these learners had open since then. The
    learners must be locked."""
    rows = await tx.fetch(
        """
        SELECT session_id, learner_id, enrolment_id, courseware_id, document, started_at,
               start_ms, max_rate, ended_at, heard_at, open_since, open_before, void_until, state,
               last_seq, accounted_at, page_ms, position_ms, ahead_ms, tail_reason, tail_from,
               tail_until
          FROM sessions
         WHERE learner_id = ANY($1)
           AND (coalesce(ended_at, 'infinity') > $3 AND coalesce(ended_at, heard_at) > $3
                OR session_id = ANY($2))
        """,
        list(learner_ids),
        list(session_ids),
        since,
    )
    return [open_session(row) for row in rows]


def open_session(row: asyncpg.Record) -> OpenSession:
    tail = row["tail_reason"] and Stretch(
        Reason(row["tail_reason"]), to_ms(row["tail_from"]), to_ms(row["tail_until"])
    )
    return OpenSession(
        session_id=row["session_id"],
        learner_id=row["learner_id"],
        enrolment_id=row["enrolment_id"],
        courseware_id=row["courseware_id"],
        opening=opening(row),
        standing=Standing(
            accounted_ms=to_ms(row["accounted_at"]),
            position_ms=row["position_ms"],
            seq=row["last_seq"],
            page_ms=row["page_ms"],
            ahead_ms=row["ahead_ms"],
            state=State(row["state"]),
        ),
        heard_ms=to_ms(row["heard_at"]),
        open_since_ms=to_ms(row["open_since"]),
        ended_ms=to_ms(row["ended_at"]) if row["ended_at"] else None,
        void_ms=to_ms(row["void_until"]) if row["void_until"] else 0,
        open_before=list(itertools.starmap(Span, _pairs(row["open_before"]))),
        tail=tail or None,
    )


def opening(row: asyncpg.Record) -> Opening:
    return Opening(
        started_ms=to_ms(row["started_at"]),
        position_ms=row["start_ms"],
        document=row["document"],
        max_rate=round(row["max_rate"], 3),
    )


def _pairs(flat: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(flat[::2], flat[1::2], strict=True)


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


async def list_kept(tx: Tx, session_id: UUID, settled_ms: int) -> Kept | None:
    """What is needed to judge a session again from this instant on; None when it has too many
    beats for that."""
    beats = await tx.fetch(
        """
          SELECT seq, received_at, page_ms, waited_ms, position_ms, rate, playing, visible, idle_ms
            FROM beats
           WHERE session_id = $1
        ORDER BY seq
           LIMIT $2
        """,
        session_id,
        REPLAY_MAX + 1,
    )
    if len(beats) > REPLAY_MAX:
        return None
    stretches = await tx.fetch(
        """
          SELECT reason, from_at, until_at
            FROM uncredited
           WHERE session_id = $1
             AND until_at > $2
        ORDER BY from_at
        """,
        session_id,
        from_ms(settled_ms),
    )
    return Kept([beat(row) for row in beats], [_stretch(row) for row in stretches])


def _stretch(row: asyncpg.Record) -> Stretch:
    return Stretch(Reason(row["reason"]), to_ms(row["from_at"]), to_ms(row["until_at"]))


def beat(row: asyncpg.Record) -> Beat:
    return Beat(
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


async def save_fold(
    tx: Tx,
    *,
    beats: Sequence[Judged],
    sessions: Sequence[OpenSession],
    credits: Sequence[Credit],
    days: dict[tuple[UUID, date], int],
) -> list[Due]:
    """Beats, sessions, totals and days in one statement, as one turn. The learners must be
    locked. Returns the coursewares whose credit has come to where something is to be done."""
    rows = await tx.fetch(
        """
        WITH this AS (
            SELECT nextval('turns') AS turn
        ), kept AS (
            INSERT INTO beats (session_id, seq, received_at, page_ms, waited_ms, position_ms,
                               rate, playing, visible, idle_ms, accounted_at, credited_ms,
                               turn)
            SELECT n.*, this.turn
              FROM this,
                   unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::bigint[],
                          $5::integer[], $6::bigint[], $7::real[], $8::boolean[],
                          $9::boolean[], $10::bigint[], $11::timestamptz[], $12::integer[]) AS n
        ), moved AS (
            UPDATE sessions AS s
               SET state = n.state, last_seq = n.last_seq, heard_at = n.heard_at,
                   accounted_at = n.accounted_at, page_ms = n.page_ms,
                   position_ms = n.position_ms, ahead_ms = n.ahead_ms,
                   credited_ms = s.credited_ms + n.credited_ms, tail_reason = n.tail_reason,
                   tail_from = n.tail_from, tail_until = n.tail_until,
                   open_since = n.open_since, open_before = n.open_before::bigint[]
              FROM unnest($13::uuid[], $14::text[], $15::integer[], $16::timestamptz[],
                          $17::timestamptz[], $18::bigint[], $19::bigint[], $20::bigint[],
                          $21::bigint[], $22::text[], $23::timestamptz[], $24::timestamptz[],
                          $25::timestamptz[], $26::text[])
                AS n (session_id, state, last_seq, heard_at, accounted_at, page_ms, position_ms,
                      ahead_ms, credited_ms, tail_reason, tail_from, tail_until, open_since,
                      open_before)
             WHERE s.session_id = n.session_id
        ), totals AS (
            UPDATE courseware_progress AS p
               SET credited_ms = p.credited_ms + n.credited_ms,
                   position_ms = n.position_ms,
                   last_studied_at = greatest(p.last_studied_at, n.studied_at)
              FROM unnest($27::uuid[], $28::uuid[], $29::bigint[], $30::bigint[],
                          $31::timestamptz[])
                AS n (enrolment_id, courseware_id, credited_ms, position_ms, studied_at)
             WHERE p.enrolment_id = n.enrolment_id
               AND p.courseware_id = n.courseware_id
         RETURNING p.enrolment_id, p.courseware_id, p.learner_id, p.credited_ms,
                   n.credited_ms AS added_ms, p.question_due_ms
        ), studied AS (
            INSERT INTO study_days (learner_id, day, credited_ms)
                 SELECT *
                   FROM unnest($32::uuid[], $33::date[], $34::bigint[])
            ON CONFLICT (learner_id, day) DO UPDATE
                    SET credited_ms = study_days.credited_ms + EXCLUDED.credited_ms
        )
        SELECT enrolment_id, courseware_id, learner_id, credited_ms, added_ms,
               coalesce(credited_ms >= question_due_ms, false) AS question
          FROM totals
         WHERE credited_ms >= question_due_ms
            OR credited_ms / $35 > (credited_ms - added_ms) / $35
        """,
        *_columns((_beat_columns(row) for row in beats), 12),
        *_columns((_session_columns(session) for session in sessions), 14),
        *_columns(credits, 5),
        *_columns(((learner_id, day, ms) for (learner_id, day), ms in sorted(days.items())), 3),
        REPORT_EVERY_MS,
    )
    return [Due(**row) for row in rows]


def _beat_columns(row: Judged) -> tuple[object, ...]:
    beat = row.beat
    return (
        row.session.session_id,
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
        from_ms(session.open_since_ms),
        _flat(session.open_before),
    )


def _flat(spans: Sequence[Span]) -> str:
    """As PostgreSQL writes an array; `unnest` has no arrays of unequal arrays."""
    return f"{{{','.join(f'{span.from_ms},{span.until_ms}' for span in spans)}}}"


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as the columns that `unnest` takes."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


async def make_partitions(db: Pool) -> None:
    """Have room for the beats of this month and the next two."""
    await db.execute("SELECT make_beat_partitions($1)", clock.now().date())


async def save_uncredited(
    tx: Tx, *, rows: Sequence[tuple[UUID, Stretch]], again: Sequence[tuple[UUID, datetime]]
) -> None:
    """Keep why time was not credited; lengthen what grew. `again`: sessions that are told anew
    from some instant on, because a beat came in behind later ones."""
    if again:
        await tx.executemany(
            "DELETE FROM uncredited WHERE session_id = $1 AND from_at >= $2", again
        )
        await tx.executemany(
            "UPDATE uncredited SET until_at = $2 WHERE session_id = $1 AND until_at > $2", again
        )
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
