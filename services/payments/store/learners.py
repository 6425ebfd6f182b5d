"""Payments' own copy of who learners are."""

from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.identity import LearnerKind

from ..model.learners import Learner


async def keep_learner(tx: Tx, learner: Learner) -> None:
    """Keep what identity says of a learner, unless something as new is known."""
    await tx.execute(
        """
        INSERT INTO learners AS known
                    (learner_id, version, real_name, account_name, email, kind, id_number_masked,
                     id_number_mac, qualification_number, qualification_expires_on)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (learner_id) DO UPDATE
                SET version = EXCLUDED.version, real_name = EXCLUDED.real_name,
                    account_name = EXCLUDED.account_name, email = EXCLUDED.email,
                    kind = EXCLUDED.kind, id_number_masked = EXCLUDED.id_number_masked,
                    id_number_mac = EXCLUDED.id_number_mac,
                    qualification_number = EXCLUDED.qualification_number,
                    qualification_expires_on = EXCLUDED.qualification_expires_on
              WHERE known.version < EXCLUDED.version
        """,
        learner.learner_id,
        learner.version,
        learner.real_name,
        learner.account_name,
        learner.email,
        learner.kind,
        learner.id_number_masked,
        learner.id_number_mac,
        learner.qualification_number,
        learner.qualification_expires_on,
    )


async def get_learner(db: Pool | Tx, learner_id: UUID) -> Learner | None:
    row = await db.fetchrow(
        """
        SELECT learner_id, version, real_name, account_name, email, kind, id_number_masked,
               id_number_mac, qualification_number, qualification_expires_on
          FROM learners
         WHERE learner_id = $1
        """,
        learner_id,
    )
    return _learner(row) if row else None


async def find_learner(db: Pool | Tx, *, id_number_mac: str) -> Learner | None:
    """The learner with this ID number, if one has an account (I-9)."""
    row = await db.fetchrow(
        """
          SELECT learner_id, version, real_name, account_name, email, kind, id_number_masked,
                 id_number_mac, qualification_number, qualification_expires_on
            FROM learners
           WHERE id_number_mac = $1
        ORDER BY version DESC, learner_id
           LIMIT 1
        """,
        id_number_mac,
    )
    return _learner(row) if row else None


def _learner(row: asyncpg.Record) -> Learner:
    return Learner(**{**row, "kind": LearnerKind(row["kind"])})
