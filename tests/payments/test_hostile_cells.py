"""Every table that leaves us opens as text, whatever people have called themselves (case 51)."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from services.payments import card_printing, employer_papers
from services.payments.card_printing import SheetForm
from services.payments.model.batches import Printed
from services.payments.model.employers import SheetRow
from services.payments.model.ledger import Account, Journal, move, wallet
from services.payments.store import goods, ledger
from tests.conftest import bearer
from tests.payments.books_steps import Desk
from tests.payments.conftest import Shop
from tests.payments.invoice_steps import COMPANY, Clerk, asked

HOSTILE = ['=HYPERLINK("http://x","y")', "+1", "-1", "@x", "\tx", "\rx"]


def cells_of(content: bytes) -> set[str]:
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return {cell for row in rows for cell in row}


def assert_text(content: bytes) -> None:
    """In a CSV each hostile text stands behind an apostrophe."""
    cells = cells_of(content)
    assert {f"'{text}" for text in HOSTILE} <= cells
    assert not {cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))}


def assert_strings(content: bytes) -> None:
    """In Excel's own format a text is one by its type."""
    sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = sheet.iter_rows()
    types = {str(cell.value): cell.data_type for row in rows for cell in row}
    assert "f" not in types.values()
    for text in set(HOSTILE) - {"\rx"}:  # XML has no carriage return of its own
        assert types[text] == "s"


async def book(pool: Pool, journal: Journal) -> None:
    async with transaction(pool) as tx:
        assert await ledger.book(tx, journal)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_the_journal(shop: Shop, staff_token: Any, ending: str) -> None:  # case 51
    for number, text in enumerate(HOSTILE):
        bank, cards = Account.BANK, Account.RECEIPTS
        reference = f"R{number}"
        await book(
            shop.running.pool,
            move("test", reference, clock.now(), 100, debit=bank, credit=cards, label=text),
        )
    today = clock.today()
    period = f"since={today - timedelta(days=1)}&until={today}"
    answer = await Desk.of(shop, staff_token).get(f"/books/exports/journal.{ending}?{period}")
    assert answer.status_code == 200
    (assert_text if ending == "csv" else assert_strings)(answer.content)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_the_queue_of_invoices(shop: Shop, staff_token: Any, ending: str) -> None:  # case 51
    for text in HOSTILE:
        _, invoice = await asked(shop, **COMPANY)
        await shop.running.pool.execute(
            "UPDATE invoices SET title = $2 WHERE case_number = $1", invoice["case_number"], text
        )
    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    answer = await Clerk(shop.running.client, bearer(token)).get(f"/queue.{ending}")
    assert answer.status_code == 200
    (assert_text if ending == "csv" else assert_strings)(answer.content)


async def test_a_learners_statement(shop: Shop) -> None:  # case 51
    learner = shop.learner()
    account, pool = wallet(learner.learner_id), shop.running.pool
    for number, text in enumerate(HOSTILE):
        async with transaction(pool) as tx:
            await goods.lock_buyer(tx, learner.learner_id)
            paid_in = move(
                "card_redeemed",
                f"R{number}",
                clock.now(),
                100,
                debit=Account.CARDS,
                credit=account,
                label=text,
            )
            assert await ledger.book(tx, paid_in)
    answer = await learner.client.get("/wallet/entries.csv", headers=learner.headers)
    assert answer.status_code == 200
    assert_text(answer.content)


def test_the_sheets_of_codes() -> None:  # case 51
    rows = [SheetRow(text, "3702**", "K1", "CODE", 100, date(2029, 1, 1)) for text in HOSTILE]
    assert_text(employer_papers.sheet_csv(rows))
    printed = [Printed(text, str(ids.new_id())) for text in HOSTILE]
    assert_text(
        card_printing.draw(
            SheetForm.CSV,
            printed,
            face_fen=100,
            expires_on=date(2029, 1, 1),
            made_at=clock.now(),
        )
    )
