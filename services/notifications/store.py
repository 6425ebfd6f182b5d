"""Every query of the notifications database. SQL in, model objects out, no decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from .model import (
    Audience,
    Learner,
    Mail,
    Outcome,
    Result,
    Settled,
    State,
    Template,
    TrailEntry,
    told,
)

MAIL = """
       m.mail_id, m.template, m.audience, m.learner_id, l.real_name, l.email AS learner_email,
       CASE m.audience WHEN 'learner' THEN coalesce(m.address, l.email) END AS "to",
       m."values", m.parcel_id, m.expires_at, m.state, m.claims, m.failures, m.unknowns,
       m.next_try_at, m.reason, m.detail, m.subject, m.body, m.queued_at, m.sent_at
"""

# What is due, and its order: one index each, so that a long queue is not sorted for every mail.
DUE = (
    ("m.state = 'sending' AND m.leased_until <= $1", "m.leased_until"),
    (
        "m.state IN ('queued', 'failed') AND m.next_try_at <= $1"
        " AND (m.address IS NOT NULL OR l.email IS NOT NULL)",
        "m.next_try_at",
    ),
)


async def keep_learner(tx: Tx, learner: Learner) -> None:
    """Keep these facts unless newer ones are known."""
    await tx.execute(
        """
        INSERT INTO learners (learner_id, version, real_name, email)
             VALUES ($1, $2, $3, $4)
        ON CONFLICT (learner_id) DO UPDATE
                SET version = EXCLUDED.version,
                    real_name = EXCLUDED.real_name,
                    email = EXCLUDED.email,
                    kept_at = now()
              WHERE learners.version < EXCLUDED.version
        """,
        learner.learner_id,
        learner.version,
        learner.real_name,
        learner.email,
    )


async def insert_mail(
    tx: Tx,
    *,
    mail_id: UUID,
    event_id: UUID,
    template: Template,
    learner_id: UUID,
    values: Mapping[str, Any],
    audience: Audience,
    address: str | None,
    parcel_id: UUID | None,
    expires_at: datetime | None,
    now: datetime,
) -> bool:
    """False when this event has its mail already."""
    inserted = await tx.fetchval(
        """
        INSERT INTO mails (mail_id, event_id, template, learner_id, "values", audience, address,
                           parcel_id, expires_at, next_try_at, queued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        ON CONFLICT ON CONSTRAINT mails_event_once DO NOTHING
          RETURNING true
        """,
        mail_id,
        event_id,
        template,
        learner_id,
        dict(values),
        audience,
        address,
        parcel_id,
        expires_at,
        now,
    )
    return inserted is not None


async def lock_due_mail(tx: Tx, now: datetime) -> Mail | None:
    """A mail that a sender took and never brought back, or else the one that waits longest and
    whose address is known; never one that somebody else holds."""
    for due, by in DUE:
        row = await tx.fetchrow(
            f"""
              SELECT {MAIL}
                FROM mails AS m
                LEFT JOIN learners AS l USING (learner_id)
               WHERE {due}
            ORDER BY {by}
               LIMIT 1
                 FOR UPDATE OF m SKIP LOCKED
            """,  # noqa: S608 - the columns and conditions stand above
            now,
        )
        if row:
            return _mail(row)
    return None


async def lock_mail(tx: Tx, mail_id: UUID) -> Mail | None:
    row = await tx.fetchrow(
        f"""
        SELECT {MAIL}
          FROM mails AS m
          LEFT JOIN learners AS l USING (learner_id)
         WHERE m.mail_id = $1
           FOR UPDATE OF m
        """,  # noqa: S608 - the columns stand above
        mail_id,
    )
    return _mail(row) if row else None


async def lock_parked_mails(tx: Tx, *, limit: int) -> list[UUID]:
    rows = await tx.fetch(
        """
          SELECT mail_id
            FROM mails
           WHERE state = 'parked'
        ORDER BY mail_id
           LIMIT $1
             FOR UPDATE
        """,
        limit,
    )
    return [row["mail_id"] for row in rows]


async def mark_sending(tx: Tx, mail_id: UUID, *, leased_until: datetime) -> None:
    await tx.execute(
        """
        UPDATE mails
           SET state = 'sending', claims = claims + 1, leased_until = $2
         WHERE mail_id = $1
        """,
        mail_id,
        leased_until,
    )


async def save_settled(
    tx: Tx, mail_id: UUID, settled: Settled, *, outcome: Outcome, now: datetime
) -> None:
    sent = settled.state is State.SENT
    await tx.execute(
        """
        UPDATE mails
           SET state = $2,
               failures = $3,
               unknowns = $4,
               next_try_at = $5,
               leased_until = NULL,
               reason = $6,
               detail = $7,
               sent_at = $8
         WHERE mail_id = $1
        """,
        mail_id,
        settled.state,
        settled.failures,
        settled.unknowns,
        settled.next_try_at,
        None if sent else outcome.result,
        None if sent else told(outcome.detail),
        now if sent else None,
    )


async def save_letter(tx: Tx, mail_id: UUID, *, subject: str, body: str) -> None:
    """What the learner can read again: set by the first attempt, kept by the others."""
    await tx.execute(
        """
        UPDATE mails
           SET subject = coalesce(subject, $2), body = coalesce(body, $3)
         WHERE mail_id = $1
        """,
        mail_id,
        subject,
        body,
    )


async def requeue(tx: Tx, mail_ids: Sequence[UUID], *, now: datetime) -> None:
    """Send again from the beginning; what is known of earlier attempts stays in the trail."""
    await tx.execute(
        """
        UPDATE mails
           SET state = 'queued', claims = 0, failures = 0, next_try_at = $2
         WHERE mail_id = ANY($1)
        """,
        mail_ids,
        now,
    )


async def add_trail(
    tx: Tx,
    mail_ids: Sequence[UUID],
    *,
    at: datetime,
    what: str,
    detail: str = "",
    staff_id: UUID | None = None,
    staff_name: str | None = None,
) -> None:
    await tx.execute(
        """
        INSERT INTO mail_trail (mail_id, at, what, detail, staff_id, staff_name)
             SELECT unnest($1::uuid[]), $2, $3, $4, $5, $6
        """,
        mail_ids,
        at,
        what,
        told(detail),
        staff_id,
        staff_name,
    )


async def get_mail(db: Pool, mail_id: UUID) -> Mail | None:
    row = await db.fetchrow(
        f"""
        SELECT {MAIL}
          FROM mails AS m
          LEFT JOIN learners AS l USING (learner_id)
         WHERE m.mail_id = $1
        """,  # noqa: S608 - the columns stand above
        mail_id,
    )
    return _mail(row) if row else None


async def list_trail(db: Pool, mail_id: UUID) -> list[TrailEntry]:
    """The latest first."""
    rows = await db.fetch(
        """
          SELECT at, what, detail, staff_name
            FROM mail_trail
           WHERE mail_id = $1
        ORDER BY entry_id DESC
           LIMIT 100
        """,
        mail_id,
    )
    return [TrailEntry(**row) for row in rows]


async def list_mails_of(
    db: Pool, *, learner_id: UUID, before: UUID | None, limit: int
) -> list[Mail]:
    """The mails to a learner that have been written, the latest first."""
    rows = await db.fetch(
        f"""
          SELECT {MAIL}
            FROM mails AS m
            LEFT JOIN learners AS l USING (learner_id)
           WHERE m.learner_id = $1
             AND m.audience = 'learner'
             AND m.subject IS NOT NULL
             AND ($2::uuid IS NULL OR m.mail_id < $2)
        ORDER BY m.mail_id DESC
           LIMIT $3
        """,  # noqa: S608 - the columns stand above
        learner_id,
        before,
        limit,
    )
    return [_mail(row) for row in rows]


async def list_queue(
    db: Pool, *, states: Sequence[State], search: str, before: UUID | None, limit: int
) -> list[Mail]:
    """Mails in these states, the latest first; `search` is part of a name, address or subject."""
    rows = await db.fetch(
        f"""
          SELECT {MAIL}
            FROM mails AS m
            LEFT JOIN learners AS l USING (learner_id)
           WHERE m.state = ANY($1)
             AND ($2 = ''
                  OR strpos(lower(coalesce(m.address, l.email)), lower($2)) > 0
                  OR strpos(l.real_name, $2) > 0
                  OR strpos(m.subject, $2) > 0)
             AND ($3::uuid IS NULL OR m.mail_id < $3)
        ORDER BY m.mail_id DESC
           LIMIT $4
        """,  # noqa: S608 - the columns stand above
        list(states),
        search,
        before,
        limit,
    )
    return [_mail(row) for row in rows]


async def count_by_state(db: Pool) -> dict[State, int]:
    rows = await db.fetch("SELECT state, count(*) AS n FROM mails GROUP BY state")
    counted = {State(row["state"]): int(row["n"]) for row in rows}
    return {state: counted.get(state, 0) for state in State}


async def count_unknowns(db: Pool) -> int:
    """How often an answer was lost, so that a mail may have arrived twice."""
    return int(await db.fetchval("SELECT coalesce(sum(unknowns), 0) FROM mails"))


async def list_awaited(db: Pool, parcel_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the parcels that a mail still needs because it is not sent yet."""
    rows = await db.fetch(
        """
        SELECT parcel_id
          FROM mails
         WHERE parcel_id = ANY($1)
           AND state <> 'sent'
        """,
        parcel_ids,
    )
    return {row["parcel_id"] for row in rows}


def _mail(row: asyncpg.Record) -> Mail:
    known = dict(row)
    known["template"] = Template(known["template"])
    known["audience"] = Audience(known["audience"])
    known["state"] = State(known["state"])
    known["reason"] = Result(known["reason"]) if known["reason"] else None
    return Mail(**known)
