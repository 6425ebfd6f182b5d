"""The ledger: journals and postings, only ever added to ($-9)."""

from uuid import UUID

from chassis import ids
from chassis.db import Pool, Tx

from ..model.ledger import WALLET_PREFIX, Journal
from ..model.wallet import BalanceTooLow


async def book(tx: Tx, journal: Journal) -> bool:
    """Book a journal and move the balances of the wallets it touches. False if this kind and
    reference was booked before. Raises `BalanceTooLow`.

    The caller holds the buyer of each wallet (`goods.lock_buyer`).
    """
    journal_id = await tx.fetchval(
        """
        INSERT INTO journals (journal_id, kind, reference, booked_at, label)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (kind, reference) DO NOTHING
          RETURNING journal_id
        """,
        ids.new_id(),
        journal.kind,
        journal.reference,
        journal.booked_at,
        journal.label,
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
    for posting in journal.postings:
        if posting.account.startswith(WALLET_PREFIX):
            learner_id = UUID(posting.account.removeprefix(WALLET_PREFIX))
            await _move_wallet(tx, learner_id, -posting.amount_fen)
    return True


async def _move_wallet(tx: Tx, learner_id: UUID, change_fen: int) -> None:
    """The row is made before it is moved: an insert of a negative change would break the rule that
    the sum keeps."""
    await tx.execute(
        "INSERT INTO wallets (learner_id, balance_fen) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        learner_id,
    )
    moved = await tx.fetchval(
        """
           UPDATE wallets
              SET balance_fen = balance_fen + $2
            WHERE learner_id = $1
              AND balance_fen + $2 >= 0
        RETURNING true
        """,
        learner_id,
        change_fen,
    )
    if not moved:
        raise BalanceTooLow


async def get_balance(db: Pool | Tx, learner_id: UUID) -> int:
    """A learner's CNY account, in fen."""
    balance: int | None = await db.fetchval(
        "SELECT balance_fen FROM wallets WHERE learner_id = $1", learner_id
    )
    return balance or 0


async def get_balances(db: Pool | Tx) -> dict[str, int]:
    """Each account's balance in fen, recomputed from its postings; debits are positive."""
    rows = await db.fetch("SELECT account, balance_fen FROM account_balances")
    return {row["account"]: row["balance_fen"] for row in rows}
