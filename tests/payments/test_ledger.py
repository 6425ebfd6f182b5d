"""The books: balanced when committed, and never rewritten ($-9)."""

import asyncpg
import pytest

from chassis import clock, ids
from chassis.db import Pool, transaction
from services.payments.model.ledger import Account, Journal, Posting
from services.payments.store import ledger
from tests.payments.conftest import Shop


def journal(*amounts: int, reference: str = "R1") -> Journal:
    accounts = [Account.WECHAT, Account.HOURS_SOLD, Account.SURPLUS]
    postings = tuple(Posting(account, fen) for account, fen in zip(accounts, amounts, strict=False))
    return Journal("test", reference, clock.now(), postings)


async def write(pool: Pool, *amounts: int) -> None:
    """A journal as a careless program would write it, past the model."""
    async with transaction(pool) as tx:
        journal_id = ids.new_id()
        await tx.execute(
            "INSERT INTO journals (journal_id, kind, reference, booked_at)"
            " VALUES ($1, 'test', 'R', now())",
            journal_id,
        )
        for line, amount in enumerate(amounts):
            await tx.execute(
                "INSERT INTO postings (journal_id, line, account, amount_fen)"
                " VALUES ($1, $2, 'asset:wechat', $3)",
                journal_id,
                line,
                amount,
            )


@pytest.mark.parametrize("amounts", [(), (1,), (1, 2), (5, -4), (0,)])
def test_an_unbalanced_journal_cannot_be_made(amounts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="balance"):
        journal(*amounts)


async def test_a_journal_is_booked_once(shop: Shop) -> None:
    pool = shop.running.pool
    booked = []
    for _ in range(3):
        async with transaction(pool) as tx:
            booked.append(await ledger.book(tx, journal(3, -2, -1)))
    assert booked == [True, False, False]
    assert await ledger.get_balances(pool) == {
        "asset:wechat": 3,
        "revenue:hours": -2,
        "liability:surplus": -1,
    }


@pytest.mark.parametrize("amounts", [(), (1,), (5, -4)])  # case 41
async def test_the_database_refuses_an_unbalanced_journal_at_commit(
    shop: Shop, amounts: tuple[int, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await write(shop.running.pool, *amounts)
    assert refused.value.constraint_name == "journal_balances"
    assert await shop.balances() == {}


async def test_a_posting_added_later_must_balance_too(shop: Shop) -> None:
    pool = shop.running.pool
    await write(pool, 5, -5)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO postings SELECT journal_id, 9, 'asset:wechat', 1 FROM journals"
        )


@pytest.mark.parametrize("table", ["journals", "postings"])  # case 41
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET journal_id = journal_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
)
async def test_history_is_not_rewritten(shop: Shop, statement: str, table: str) -> None:
    await write(shop.running.pool, 5, -5)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await shop.running.pool.execute(statement.format(table))
    assert "append-only" in str(refused.value)


async def test_a_posting_names_a_known_kind_of_account(shop: Shop) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await shop.running.pool.execute(
            "INSERT INTO postings VALUES ($1, 1, 'pocket', 1)", ids.new_id()
        )
    assert refused.value.constraint_name == "posting_account_named"
