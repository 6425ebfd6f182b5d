"""Learners, the cycles they have satisfied, and the dated rules."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from ..cycles import Cycle, LearnerFacts, Rule, RulePart, SatisfiedCycle


async def insert_learner(tx: Tx, learner_id: UUID) -> None:
    """Make sure that a learner has a row, whatever is known of them."""
    await tx.execute(
        "INSERT INTO learners (learner_id) VALUES ($1) ON CONFLICT DO NOTHING", learner_id
    )


async def lock_learner(tx: Tx, learner_id: UUID) -> None:
    """Let a learner's actions happen one after the other until the transaction ends."""
    await tx.execute("SELECT 1 FROM learners WHERE learner_id = $1 FOR NO KEY UPDATE", learner_id)


async def lock_learners(tx: Tx, learner_ids: Collection[UUID]) -> None:
    """The same for many at once, always in one order. What is read of them must be read in a
    later statement: this one still sees what was before it waited."""
    await tx.execute(
        """
          SELECT 1
            FROM learners
           WHERE learner_id = ANY($1)
        ORDER BY learner_id
             FOR NO KEY UPDATE
        """,
        list(learner_ids),
    )


async def save_facts(
    tx: Tx,
    *,
    learner_id: UUID,
    version: int,
    real_name: str,
    kind: LearnerKind,
    expires_on: date | None,
    registered_at: datetime,
) -> bool:
    """Keep a learner's facts. False if the same or newer ones are kept already."""
    saved = await tx.fetchval(
        """
        INSERT INTO learners (learner_id, version, real_name, kind, expires_on, registered_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (learner_id) DO UPDATE
                SET version = EXCLUDED.version,
                    real_name = EXCLUDED.real_name,
                    kind = EXCLUDED.kind,
                    expires_on = EXCLUDED.expires_on,
                    registered_at = EXCLUDED.registered_at
              WHERE learners.version < EXCLUDED.version
          RETURNING true
        """,
        learner_id,
        version,
        real_name,
        kind,
        expires_on,
        registered_at,
    )
    return saved is not None


async def get_facts(db: Pool | Tx, learner_id: UUID) -> LearnerFacts | None:
    """What is known of a learner; None while their facts have not arrived."""
    row = await db.fetchrow(
        """
        SELECT learner_id, kind, expires_on, registered_at
          FROM learners
         WHERE learner_id = $1
           AND version > 0
        """,
        learner_id,
    )
    return LearnerFacts(**{**row, "kind": LearnerKind(row["kind"])}) if row else None


async def list_satisfied(db: Pool | Tx, learner_id: UUID) -> list[SatisfiedCycle]:
    """The cycles that a learner has satisfied, oldest first."""
    rows = await db.fetch(
        """
          SELECT starts_on, ends_on, hours, satisfied_at
            FROM satisfied_cycles
           WHERE learner_id = $1
        ORDER BY ends_on
        """,
        learner_id,
    )
    return [SatisfiedCycle(**row) for row in rows]


async def insert_satisfied(
    tx: Tx, *, learner_id: UUID, cycle: Cycle, hours: int, satisfied_at: datetime
) -> bool:
    """Note that a cycle is satisfied. False if that was noted before."""
    inserted = await tx.fetchval(
        """
        INSERT INTO satisfied_cycles (learner_id, starts_on, ends_on, hours, satisfied_at)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
          RETURNING true
        """,
        learner_id,
        cycle.starts_on,
        cycle.ends_on,
        hours,
        satisfied_at,
    )
    return inserted is not None


async def list_rules(db: Pool | Tx, kind: LearnerKind) -> list[Rule]:
    rows = await db.fetch(
        """
          SELECT kind, valid_from, parts
            FROM requirement_rules
           WHERE kind = $1
        ORDER BY valid_from
        """,
        kind,
    )
    return [
        Rule(LearnerKind(row["kind"]), row["valid_from"], tuple(map(_part, row["parts"])))
        for row in rows
    ]


def _part(part: Mapping[str, Any]) -> RulePart:
    return RulePart(part["label"], frozenset(map(CourseKind, part["kinds"])), part["needed"])
