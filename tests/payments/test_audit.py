"""The audit computes every stored sum again and finds what was changed beside the books ($-9)."""

import asyncio
from typing import Any

import asyncpg
import pytest

from chassis import clock, ids
from chassis.db import transaction
from chassis.permissions import Permission
from services.payments import auditor
from services.payments.model.audit import DIFFERENCES_KEPT, Check, Figure, Report
from services.payments.store import audits as store
from tests.payments.books_steps import Desk, paid_order, pay_twice
from tests.payments.cards_steps import issue, new_card, receive, top_up
from tests.payments.conftest import Learner, Shop
from tests.payments.invoice_steps import PERSON, known


async def some_of_everything(shop: Shop) -> Learner:
    """Money through every account: paid by WeChat and from the account, twice, in cards, free."""
    await paid_order(shop, hours=2)
    learner = shop.learner()
    await known(shop, learner)
    await top_up(shop, learner, 15000)
    placed = await learner.order(await shop.sell(hours=3))
    paid = await learner.start_payment(placed.json()["order_id"], method="wallet")
    assert paid.is_success, paid.text
    await learner.order(await shop.sell(hours=1, price_fen=0))
    await issue(shop, new_card(learner, 3000))
    await receive(shop, 4200)
    asked = await learner.ask("POST", "/invoices", json={**PERSON, "amount_fen": 4500})
    assert asked.status_code == 201, asked.text
    await pay_twice(shop)
    return learner


async def found(shop: Shop) -> list[tuple[Check, int, int]]:
    report = await auditor.look(shop.running.pool)
    return [(one.check, one.stored_fen, one.computed_fen) for one in report.differences]


async def past_the_rules(shop: Shop, *statements: str) -> None:
    """As somebody who holds the database: no trigger, no reference is checked."""
    async with transaction(shop.running.pool) as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await tx.execute(statement)


def test_an_audit_counts_all_differences_and_keeps_the_first() -> None:
    report = Report()
    report.add(Figure(Check.WALLET, "a", 5, 5))
    report.add(Figure(Check.INVOICES, "a", 4, 5))  # a ceiling: less is right
    assert (report.differing, report.figures.total()) == (0, 2)
    for number in range(DIFFERENCES_KEPT + 10):
        report.add(Figure(Check.WALLET, f"{number}", 5, 6))
    report.add(Figure(Check.INVOICES, "a", 6, 5))
    assert len(report.differences) == DIFFERENCES_KEPT
    assert report.differing == DIFFERENCES_KEPT + 11


async def test_books_that_were_kept_properly_agree(shop: Shop) -> None:
    await some_of_everything(shop)
    report = await auditor.look(shop.running.pool)
    assert report.differences == []
    assert set(report.figures) == set(Check)  # nothing is left out


PLANTS = [
    (Check.WALLET, "UPDATE wallets SET balance_fen = balance_fen + 1"),
    (Check.WALLET, "DELETE FROM wallets"),
    (Check.ORDER, "UPDATE orders SET amount_fen = amount_fen + 1 WHERE method = 'wechat'"),
    (Check.ORDER, "UPDATE orders SET amount_fen = 1 WHERE method = 'none'"),
    (
        Check.ORDER,
        "UPDATE orders SET status = 'unpaid', paid_at = NULL, method = NULL"
        " WHERE method = 'wechat'",
    ),
    (
        Check.RECEIPTS,
        "UPDATE receipts SET allocated_fen = allocated_fen - 1 WHERE allocated_fen > 0",
    ),
    (Check.CARDS, "UPDATE cards SET status = 'void' WHERE status = 'active'"),
    (Check.SURPLUS, "UPDATE surplus_payments SET amount_fen = amount_fen + 1"),
    (Check.INVOICES, "UPDATE invoices SET amount_fen = 4501"),
]


@pytest.mark.parametrize(("check", "statement"), PLANTS, ids=lambda value: str(value)[:30])
async def test_a_changed_sum_is_found(shop: Shop, check: Check, statement: str) -> None:
    await some_of_everything(shop)
    await past_the_rules(shop, statement)
    differing = await found(shop)
    assert differing
    assert {one for one, _, _ in differing} == {check}


@pytest.mark.parametrize(
    ("statement", "checks"),
    [
        (
            "UPDATE postings SET amount_fen = amount_fen + 1 WHERE account = 'asset:bank'",
            {Check.JOURNAL, Check.TRIAL_BALANCE},
        ),
        (
            "DELETE FROM postings WHERE account = 'revenue:hours'",
            {Check.JOURNAL, Check.TRIAL_BALANCE, Check.ORDER},
        ),
        (
            "INSERT INTO postings SELECT journal_id, 9, 'asset:wechat', 7 FROM journals LIMIT 1",
            {Check.JOURNAL, Check.TRIAL_BALANCE},
        ),
    ],
    ids=["changed", "deleted", "added"],
)
async def test_a_rewritten_ledger_is_found(shop: Shop, statement: str, checks: set[Check]) -> None:
    await some_of_everything(shop)
    await past_the_rules(shop, statement)
    assert {check for check, _, _ in await found(shop)} == checks


async def test_the_nightly_audit_runs_once_a_day(shop: Shop) -> None:
    await paid_order(shop)
    pool, night = shop.running.pool, clock.now().astimezone(clock.CHINA).replace(hour=3)
    done = await asyncio.gather(*(auditor.audit_nightly(pool, now=night) for _ in range(8)))
    assert len([one for one in done if one]) == 1
    assert await auditor.audit_nightly(pool, now=night) is None
    assert await auditor.audit_nightly(pool, now=night.replace(hour=1)) is None  # too early
    [kept] = await store.list_audits(pool, limit=9)
    assert (kept.day, kept.report.differing) == (night.date(), 0)
    assert kept.report.figures[Check.ORDER] == 1


async def test_a_difference_raises_an_alarm_and_comes_first(
    shop: Shop, staff_token: Any, caplog: pytest.LogCaptureFixture
) -> None:
    learner = shop.learner()
    await top_up(shop, learner, 1500)
    await past_the_rules(shop, "UPDATE wallets SET balance_fen = 9900")
    desk = Desk.of(shop, staff_token)
    asked = await desk.post("/books/audits")
    assert asked.status_code == 303
    assert any("audit_differs" in record.getMessage() for record in caplog.records)
    books = await desk.read("/books")
    for word in ("￥99.00", "￥15.00", str(learner.learner_id), "1 个金额有差异"):
        assert word in books
    overview = await desk.read()
    assert "金额与原始记录不符" in overview
    assert overview.index("账簿审计") < overview.index("对不上的付款")

    await past_the_rules(shop, "UPDATE wallets SET balance_fen = 1500")
    await desk.post("/books/audits")
    assert "金额与原始记录不符" not in await desk.read()
    assert "全部一致" in await desk.read("/books")


async def test_only_one_audit_runs_at_a_time(shop: Shop, staff_token: Any) -> None:
    desk = Desk.of(shop, staff_token)
    async with transaction(shop.running.pool) as tx:
        assert await store.is_only_one(tx)
        refused = await desk.post("/books/audits")
    assert refused.status_code == 409
    assert "审计正在进行" in refused.text
    reader = Desk.of(shop, staff_token, Permission.PAYMENTS_READ)
    assert (await reader.post("/books/audits")).status_code == 403


async def test_an_audit_has_one_cause(shop: Shop) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="audit_has_one_cause"):
        await shop.running.pool.execute(
            "INSERT INTO audits VALUES ($1, NULL, now(), now(), NULL, '{}', '[]', 0)", ids.new_id()
        )
