"""The ledger: journals and postings, only ever added to ($-9)."""

from chassis import ids
from chassis.db import Pool, Tx

from ..model.ledger import Journal


async def book(tx: Tx, journal: Journal) -> bool:
    """Book a journal. False if this kind and reference was booked before."""
    journal_id = await tx.fetchval(
        """
        INSERT INTO journals (journal_id, kind, reference, booked_at)
             VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, reference) DO NOTHING
          RETURNING journal_id
        """,
        ids.new_id(),
        journal.kind,
        journal.reference,
        journal.booked_at,
    )
    if journal_id is None:
        return False
    await tx.executemany(
        """
        INSERT INTO postings (journal_id, line, account, amount_fen)
             VALUES ($1, $2, $3, $4)
        """,
        [
            (journal_id, line, posting.account, posting.amount_fen)
            for line, posting in enumerate(journal.postings, start=1)
        ],
    )
    return True


async def get_balances(db: Pool | Tx) -> dict[str, int]:
    """Each account's balance in fen, recomputed from its postings; debits are positive."""
    rows = await db.fetch("SELECT account, balance_fen FROM account_balances")
    return {row["account"]: row["balance_fen"] for row in rows}
