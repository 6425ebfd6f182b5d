"""The ledger belongs to nobody who can sign in; the books are shown whole ($-9)."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from chassis import clock, ids
from chassis.db import Pool, open_pool, transaction
from deploy import prepare
from services.payments.model.ledger import Account, move
from services.payments.store import books, ledger

FORBIDDEN = [
    "UPDATE postings SET amount_fen = amount_fen * 2",
    "DELETE FROM postings",
    "TRUNCATE postings",
    "UPDATE journals SET label = 'another'",
    "DELETE FROM journals",
    "TRUNCATE journals CASCADE",
    "ALTER TABLE postings DISABLE TRIGGER ALL",
    "DROP TRIGGER postings_append_only ON postings",
    "DROP TABLE postings CASCADE",
    "CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
]


@pytest.fixture
async def as_deployed(postgres_url: str, tmp_path: Path) -> AsyncIterator[tuple[Pool, str]]:
    """The database of payments as `deploy` makes it, through the service's own role."""
    prefix = f"books_{secrets.token_hex(3)}"
    prepare.keys(tmp_path)
    urls = await prepare.databases(postgres_url, tmp_path, prefix=prefix)
    pool = await open_pool(urls["payments"], name="books")
    yield pool, prefix
    await pool.close()
    admin = await asyncpg.connect(postgres_url)
    for name in prepare.SERVICES:
        await admin.execute(f"DROP DATABASE {prefix}_{name} WITH (FORCE)")
    await admin.close()


async def book_something(pool: Pool) -> None:
    async with transaction(pool) as tx:
        journal = move("test", "T1", clock.now(), 500, debit=Account.BANK, credit=Account.RECEIPTS)
        assert await ledger.book(tx, journal)


async def test_the_services_role_cannot_change_the_ledger(as_deployed: tuple[Pool, str]) -> None:
    # case 41, $-9
    pool, _ = as_deployed
    await book_something(pool)
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    await pool.execute("GRANT UPDATE ON postings TO CURRENT_USER")  # a warning, and nothing else
    assert not await books.can_rewrite(pool)
    assert await ledger.get_balances(pool) == {"asset:bank": 500, "liability:receipts": -500}


async def test_the_services_role_books_and_an_unbalanced_journal_is_refused(
    as_deployed: tuple[Pool, str],
) -> None:
    # case 41
    pool, _ = as_deployed
    learner_id = ids.new_id()
    await pool.execute("INSERT INTO buyers (learner_id) VALUES ($1)", learner_id)
    await book_something(pool)
    with pytest.raises(asyncpg.CheckViolationError, match="balance"):
        async with transaction(pool) as tx:
            await tx.execute(
                "INSERT INTO postings SELECT journal_id, 3, 'asset:bank', 1 FROM journals"
            )
    assert not await books.can_rewrite(pool)


async def test_guarding_the_ledger_again_is_harmless(
    as_deployed: tuple[Pool, str], postgres_url: str, tmp_path: Path
) -> None:
    pool, prefix = as_deployed
    await prepare.databases(postgres_url, tmp_path, prefix=prefix)
    await book_something(pool)
    assert not await books.can_rewrite(pool)
