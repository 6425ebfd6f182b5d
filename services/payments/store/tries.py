"""Tries to redeem a card: kept for the audit, and counted for the limits across all processes."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.tries import Limit, Try


async def insert_try(tx: Tx, tried: Try) -> None:
    await tx.execute(
        """
        INSERT INTO card_tries (try_id, learner_id, address, outcome, card_id, tried_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *astuple(tried),
    )


async def hold_address(tx: Tx, address: str) -> None:
    """Tries from one address are counted one at a time, until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", address)


async def list_filling(
    tx: Tx,
    *,
    learner_id: UUID,
    address: str,
    per_account: Sequence[Limit],
    per_address: Sequence[Limit],
) -> list[datetime | None]:
    """For each limit, when the failure happened that fills it; None if there were fewer."""
    rows = await tx.fetch(
        """
          SELECT (
                 SELECT tried_at
                   FROM card_tries
                  WHERE failed
                    AND learner_id = $1
               ORDER BY tried_at DESC
                  LIMIT 1
                 OFFSET failures - 1) AS moment
            FROM unnest($3::int[]) WITH ORDINALITY AS limits (failures, place)
       UNION ALL
          SELECT (
                 SELECT tried_at
                   FROM card_tries
                  WHERE failed
                    AND address = $2
               ORDER BY tried_at DESC
                  LIMIT 1
                 OFFSET failures - 1)
            FROM unnest($4::int[]) WITH ORDINALITY AS limits (failures, place)
        """,
        learner_id,
        address,
        [limit.failures for limit in per_account],
        [limit.failures for limit in per_address],
    )
    return [row["moment"] for row in rows]


async def count_failures(db: Pool | Tx, *, since: datetime) -> int:
    """Of everybody."""
    counted: int = await db.fetchval(
        "SELECT count(*) FROM card_tries WHERE failed AND tried_at >= $1", since
    )
    return counted


async def delete_old(db: Pool, *, before: datetime) -> None:
    """What redeemed a card is kept with the card; addresses are not kept for ever."""
    await db.execute("DELETE FROM card_tries WHERE tried_at < $1", before)
