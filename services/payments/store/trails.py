"""The trail of cards and batches."""

from collections.abc import Sequence
from dataclasses import astuple
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.trails import Deed, Entry


async def insert_entries(tx: Tx, entries: Sequence[Entry]) -> None:
    await tx.executemany(
        """
        INSERT INTO card_trail (entry_id, card_id, batch_id, what, reason, by_id, by_name, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [astuple(entry) for entry in entries],
    )


async def list_entries(
    db: Pool | Tx, *, card_id: UUID | None = None, batch_id: UUID | None = None
) -> list[Entry]:
    """What was done to a card or to a batch, the latest first."""
    rows = await db.fetch(
        """
          SELECT entry_id, card_id, batch_id, what, reason, by_id, by_name, made_at
            FROM card_trail
           WHERE card_id = $1
              OR batch_id = $2
        ORDER BY entry_id DESC
        """,
        card_id,
        batch_id,
    )
    return [Entry(**{**row, "what": Deed(row["what"])}) for row in rows]
