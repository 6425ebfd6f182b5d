"""Exports: whole, exact, harmless in a spreadsheet, streamed ($-9)."""

import csv
import io
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from chassis import clock
from chassis.permissions import Permission
from services.payments.store import exports as store
from tests.payments.books_steps import Desk, day_of, paid_order, pay_twice
from tests.payments.conftest import Shop

HOSTILE = ['=HYPERLINK("http://x","y")', "+1", "@x", "\tx", "-1"]


def table_of(content: bytes) -> list[list[str]]:
    assert content.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


async def take(desk: Desk, name: str, since: date, until: date) -> bytes:
    answer = await desk.get(f"/books/exports/{name}?since={since}&until={until}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_orders_of_a_period_are_exported_page_by_page(
    shop: Shop, staff_token: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAGE_ROWS", 2)
    paid = await paid_order(shop, hours=3)
    others = [await shop.learner().order(await shop.sell(hours=1)) for _ in range(4)]
    old = others[0].json()["order_id"]
    await shop.running.pool.execute(
        "UPDATE orders SET created_at = created_at - interval '40 days' WHERE order_id = $1",
        UUID(old),
    )
    today = clock.today()
    desk = Desk.of(shop, staff_token)
    head, *rows = table_of(await take(desk, "orders.csv", today - timedelta(days=1), today))
    assert head[:2] == ["订单", "提交时间"]
    by_number = {row[0]: row for row in rows}
    assert len(rows) == len(by_number) == 4
    assert by_number[paid["number"]][4:7] == ["3", "已付款", "微信支付"]
    assert by_number[paid["number"]][8:] == ["45.00", "0.00"]


async def test_the_journal_balances_in_the_file(
    shop: Shop, staff_token: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # $-9: pages end in the middle of journals and of moments
    monkeypatch.setattr(store, "PAGE_ROWS", 3)
    orders = [await paid_order(shop, hours=hours) for hours in (1, 2, 3)]
    await pay_twice(shop)
    day = await day_of(shop, orders[0])
    content = await take(Desk.of(shop, staff_token), "journal.csv", day, day + timedelta(days=1))
    _, *rows = table_of(content)
    assert len(rows) == await shop.running.pool.fetchval("SELECT count(*) FROM postings")
    fen = [[int(cell.replace(".", "") or 0) for cell in row[6:8]] for row in rows]
    assert sum(debit for debit, _ in fen) == sum(credit for _, credit in fen) > 0
    assert {row[5] for row in rows} >= {"asset:wechat", "revenue:hours", "liability:cards"}


async def test_what_a_spreadsheet_would_calculate_stays_text(shop: Shop, staff_token: Any) -> None:
    # case 51
    order = await paid_order(shop)
    day, desk = clock.today(), Desk.of(shop, staff_token)
    for hostile in HOSTILE:
        await shop.running.pool.execute(
            "UPDATE orders SET learner_name = $2 WHERE order_id = $1",
            UUID(order["order_id"]),
            hostile,
        )
        _, row = table_of(await take(desk, "orders.csv", day - timedelta(days=1), day))
        assert row[2] == f"'{hostile}"
        cell = sheet_of(await take(desk, "orders.xlsx", day - timedelta(days=1), day))["C2"]
        assert (cell.value, cell.data_type) == (hostile, "s")


async def test_amounts_are_numbers_in_excel(shop: Shop, staff_token: Any) -> None:
    order = await paid_order(shop, hours=3)
    day = await day_of(shop, order)
    desk = Desk.of(shop, staff_token)
    sheet = sheet_of(await take(desk, "journal.xlsx", day, day))
    assert [sheet["G2"].value, sheet["H3"].value] == [45, 45]
    assert sheet["G2"].data_type == "n"


async def test_days_are_those_of_china(shop: Shop, staff_token: Any) -> None:
    await paid_order(shop)
    day = date(2026, 3, 2)
    desk, pool = Desk.of(shop, staff_token), shop.running.pool
    for moment, shown in [
        ("2026-03-01 15:59:59+00", 0),
        ("2026-03-01 16:00:00+00", 1),  # midnight in Beijing
        ("2026-03-02 15:59:59+00", 1),
        ("2026-03-02 16:00:00+00", 0),
    ]:
        await pool.execute(f"UPDATE orders SET created_at = '{moment}'")  # noqa: S608
        assert len(table_of(await take(desk, "orders.csv", day, day))) == 1 + shown


async def test_excel_has_its_bound_and_a_period_is_needed(
    shop: Shop, staff_token: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid_order(shop)
    monkeypatch.setattr("services.payments.staff.exports.EXCEL_ROWS", 1)
    desk, today = Desk.of(shop, staff_token), clock.today()
    path = f"/books/exports/journal.xlsx?since={today - timedelta(days=1)}&until={today}"
    assert (await desk.get(path)).status_code == 409
    assert (await desk.get("/books/exports/journal.csv")).status_code == 422
    assert (
        await desk.get("/books/exports/journal.csv?since=1&until=9999-12-31")
    ).status_code == 422
    back = await desk.get("/books/exports/journal.csv?since=2026-03-02&until=2026-03-01")
    assert (back.status_code, "请对调" in back.text) == (422, True)
    assert (await desk.get("/books/exports/secrets.csv")).status_code == 404
    assert "journal.xlsx" in await desk.read("/books/exports")
    other = Desk.of(shop, staff_token, Permission.CATALOGUE_WRITE)
    assert (await other.get(path)).status_code == 403
