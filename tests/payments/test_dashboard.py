"""The finance desk: what needs action first, what came in, and one order whole."""

from datetime import date, timedelta
from typing import Any

import pytest

from chassis import clock, ids
from chassis.db import transaction
from chassis.permissions import Permission
from services.payments.model.desk import Job, Revenue, nice_top
from services.payments.store import revenue, waiting
from tests.payments.books_steps import Desk, move_paid, noon, paid_order, pay_twice
from tests.payments.cards_steps import issue_one, receive, top_up
from tests.payments.conftest import Shop
from tests.payments.invoice_steps import PERSON, known


async def counts(shop: Shop) -> dict[Job, int]:
    found = await waiting.list_waiting(shop.running.pool)
    assert [one.job for one in found] == list(Job)
    return {one.job: one.count for one in found if one.count}


async def plant(shop: Shop, statement: str, *values: object) -> None:
    async with transaction(shop.running.pool) as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute(statement, *values)


async def test_every_matter_that_waits_is_counted(shop: Shop, staff_token: Any) -> None:
    learner = shop.learner()
    await known(shop, learner)
    assert await counts(shop) == {}
    assert "没有待办" in await Desk.of(shop, staff_token).read()

    order = await shop.open_order(learner)
    await shop.fault("notify", "wrong_amount")
    await shop.notify(order["out_trade_no"], forge=True)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    asked = await learner.ask("POST", "/invoices", json={**PERSON, "amount_fen": 100})
    assert asked.status_code == 201, asked.text
    await plant(
        shop,
        """
        INSERT INTO card_batches (batch_id, receipt_id, cards, face_fen, note, status, drafted_by,
                                  drafted_by_name, drafted_at)
             VALUES ($1, $1, 2, 1500, '', 'draft', $1, '孙雯', now() - interval '3 days')
        """,
        ids.new_id(),
    )
    await plant(
        shop,
        """
        INSERT INTO bill_days (day, state, next_try_at)
             VALUES (current_date - 5, 'waiting', now())
        """,
    )
    await plant(
        shop,
        "INSERT INTO inbox (message_id, name, state, headers, body)"
        " VALUES ('m', 'x', 'parked', '{}', '')",
    )
    assert await counts(shop) == {
        Job.DOUBTS: 1,
        Job.INVOICES: 1,
        Job.BATCHES: 1,
        Job.BILLS: 1,
        Job.EVENTS: 1,
    }
    overview = await Desk.of(shop, staff_token).read()
    for word in ("5 件", "最早的等了 3 天", "￥30.00", "金额与订单不同"):
        assert word in overview
    answer = await Desk.of(shop, staff_token).get("/waiting")
    assert answer.json() == {"waiting": 5, "urgent": True, "text": "5 件待办"}


def test_the_axis_ends_at_a_round_sum() -> None:
    tops = {0: 100, 100: 100, 101: 200, 201: 500, 501: 1000, 18_450: 20_000}
    assert {yuan: nice_top(yuan * 100) // 100 for yuan in tops} == tops


async def test_income_is_shown_by_day_and_source(shop: Shop, staff_token: Any) -> None:
    learner, today = shop.learner(), clock.today()
    order = await paid_order(shop, hours=2)
    await move_paid(shop, order, noon(today - timedelta(days=3)))
    await top_up(shop, learner, 15000)
    placed = await learner.order(await shop.sell(hours=3))
    assert (await learner.start_payment(placed.json()["order_id"], method="wallet")).is_success
    since = today - timedelta(days=29)
    days = await revenue.list_revenue(shop.running.pool, since=since, until=today)
    assert [one.day for one in days] == [since + timedelta(days=n) for n in range(30)]
    assert days[-4] == Revenue(today - timedelta(days=3), wechat_fen=3000)
    assert days[-1] == Revenue(today, wallet_fen=4500)
    assert sum(one.total_fen for one in days) == 7500

    await issue_one(shop, learner, 1500)
    await receive(shop, 777)
    page = await Desk.of(shop, staff_token).read()
    for word in ('class="fill-blue"', 'class="fill-mid"', "￥75.00", "看表格", "￥7.77", "1 张"):
        assert word in page
    assert "￥105.00" in page  # what is left in the account
    assert "style=" not in page


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-03-01 15:59:59+00", 1), ("2026-03-01 16:00:00+00", 2), ("2026-03-02 15:59:59+00", 2)],
)
async def test_a_day_begins_at_midnight_in_china(shop: Shop, moment: str, day: int) -> None:
    await paid_order(shop)
    await plant(shop, "UPDATE orders SET paid_at = $1::text::timestamptz", moment)
    since, until = date(2026, 3, 1), date(2026, 3, 3)
    days = await revenue.list_revenue(shop.running.pool, since=since, until=until)
    assert [one.day.day for one in days if one.total_fen] == [day]


async def test_one_order_is_shown_whole(shop: Shop, staff_token: Any) -> None:
    order = await pay_twice(shop)
    desk = Desk.of(shop, staff_token)
    listed = await desk.read(f"/orders?status=paid&q={order['number'].lower()}")
    assert f"/staff/payments/orders/{order['order_id']}" in listed
    page = await desk.read(f"/orders/{order['order_id']}")
    for word in (
        *(order["number"], "ISO/IEC 17025 实验室认可准则", order["out_trade_no"]),
        *("收到订单之外的款项", "订单付款", "学员元账户余额", "微信的通知"),
    ):
        assert word in page


async def test_an_order_that_does_not_exist_is_not_there(shop: Shop, staff_token: Any) -> None:
    # case 52
    desk = Desk.of(shop, staff_token)
    assert (await desk.get(f"/orders/{ids.new_id()}")).status_code == 404
    assert "没有符合条件的订单" in await desk.read("/orders?q=x%00y")


async def test_books_show_the_trial_balance(shop: Shop, staff_token: Any) -> None:
    # $-9
    await paid_order(shop, hours=2)
    learner = shop.learner()
    await top_up(shop, learner, 1500)
    page = await Desk.of(shop, staff_token).read("/books")
    for word in ("借贷相等", "￥30.00", "学员元账户余额", "试算平衡表", "−￥30.00"):
        assert word in page


async def test_the_desk_is_for_finance(shop: Shop, staff_token: Any) -> None:
    other = Desk.of(shop, staff_token, Permission.CATALOGUE_WRITE)
    for path in ("", "/waiting", "/orders", "/books", "/books/bills", "/books/exports"):
        assert (await other.get(path)).status_code == 403
