"""A learner's CNY account as a list, read from the ledger ($-4, $-9)."""

from uuid import UUID

from chassis.db import Pool, Tx

from ..model.ledger import wallet
from ..model.wallet import Entry


async def list_entries(
    db: Pool | Tx, learner_id: UUID, *, before: UUID | None, limit: int
) -> list[Entry]:
    """The latest first, from those before the journal `before`."""
    rows = await db.fetch(
        """
        WITH moved AS (
               SELECT journal_id, sum(-amount_fen)::bigint AS amount_fen
                 FROM postings
                WHERE account = $1
             GROUP BY journal_id
        ), running AS (
               SELECT journal_id, amount_fen,
                      sum(amount_fen) OVER (ORDER BY journal_id)::bigint AS balance_fen
                 FROM moved
        )
          SELECT journal_id, kind, label, amount_fen, balance_fen, booked_at
            FROM running
            JOIN journals USING (journal_id)
           WHERE $2::uuid IS NULL OR journal_id < $2
        ORDER BY journal_id DESC
           LIMIT $3
        """,
        wallet(learner_id),
        before,
        limit,
    )
    return [Entry(**dict(row)) for row in rows]
