"""The provider's daily bill against our books: every difference is found, and named ($-9)."""

import asyncio
from datetime import timedelta
from typing import Any

from chassis import clock
from chassis.permissions import Permission
from services.payments import reconciler, returning
from services.payments.providers.port import RefundAsked
from services.payments.store import reconciliation as store
from tests.payments.books_steps import (
    Desk,
    day_of,
    let_days_pass,
    morning_after,
    move_paid,
    noon,
    open_doubts,
    paid_order,
    pay_twice,
    reconcile,
    wait_for,
)
from tests.payments.conftest import Shop

STRANGER = "H000000NOTOURS0000"


async def test_a_bill_that_agrees_closes_its_day(shop: Shop) -> None:
    orders = [await paid_order(shop, hours=hours) for hours in (1, 2)]
    day = await day_of(shop, orders[0])
    await let_days_pass(shop)
    await shop.fault("bill", "comma")  # case 58: commas and a BOM are no differences
    assert await reconcile(shop, day)
    bill = await store.get_day(shop.running.pool, day)
    assert bill is not None
    assert (bill.state, bill.payments_there_fen, bill.payments_here_fen) == ("compared", 4500, 4500)
    assert (bill.payments_there, bill.payments_here, bill.refunds_there) == (2, 2, 0)
    assert await open_doubts(shop) == []


async def test_each_fault_of_a_bill_is_found(shop: Shop) -> None:
    # case 58
    missing, changed = await paid_order(shop), await paid_order(shop, hours=2)
    day = await day_of(shop, missing)
    await move_paid(shop, missing, noon(day))
    await let_days_pass(shop)
    number, other = missing["out_trade_no"], changed["out_trade_no"]

    await shop.fault("bill", "extra_row", amount_fen=777)
    await reconcile(shop, day)
    assert await open_doubts(shop) == [("bill_missing_here", STRANGER, None, 777)]
    await shop.fault("bill", "missing_row", out_trade_no=number)
    await reconcile(shop, day)
    assert await open_doubts(shop) == [("bill_missing_there", number, 1500, None)]
    await shop.fault("bill", "other_amount", out_trade_no=other, amount_fen=2999)
    await reconcile(shop, day)
    assert await open_doubts(shop) == [("bill_other_amount", other, 3000, 2999)]
    await reconcile(shop, day)
    assert await open_doubts(shop) == []  # all has healed, and nothing is forgotten
    assert len(await shop.discrepancies()) == 3


async def test_a_bill_that_cannot_be_believed_changes_nothing(shop: Shop) -> None:
    order = await paid_order(shop)
    day = await day_of(shop, order)
    await let_days_pass(shop)
    for fault in ("wrong_total", "truncated", "error_500", "not_xml"):
        await shop.fault("bill", fault)
        assert not await reconcile(shop, day)
    bill = await store.get_day(shop.running.pool, day)
    assert bill is not None
    assert bill.state == "waiting"
    assert await open_doubts(shop) == []


async def test_a_bill_that_is_not_ready_is_asked_for_half_an_hour_later(shop: Shop) -> None:
    # case 58
    order = await paid_order(shop)
    day = await day_of(shop, order)
    pool, now = shop.running.pool, morning_after(day)
    await reconciler.reconcile(pool, shop.wechat, now=now)
    waits = await store.get_day(pool, day)
    assert waits is not None
    assert (waits.state, waits.tries, waits.reason) == ("waiting", 1, "not ready")
    await let_days_pass(shop)
    await reconciler.reconcile(pool, shop.wechat, now=now + timedelta(minutes=29))
    assert (await store.get_day(pool, day) or waits).state == "waiting"
    await reconciler.reconcile(pool, shop.wechat, now=now + timedelta(minutes=31))
    assert (await store.get_day(pool, day) or waits).state == "compared"


async def test_missed_days_are_caught_up(shop: Shop) -> None:
    order = await paid_order(shop)
    day, pool = await day_of(shop, order), shop.running.pool
    await pool.execute("UPDATE orders SET created_at = created_at - interval '5 days'")
    await let_days_pass(shop)
    await reconciler.reconcile(pool, shop.wechat, now=morning_after(day))
    days = await store.list_days(pool, before=None, limit=100)
    assert [one.day for one in days] == [day - timedelta(days=n) for n in range(6)]
    # nothing moved before: after three days no bill is waited for any more
    assert [one.state for one in days] == ["compared", *["waiting"] * 2, *["none"] * 3]


async def test_two_processes_fetch_a_bill_once(shop: Shop) -> None:
    order = await paid_order(shop)
    day, pool = await day_of(shop, order), shop.running.pool
    await let_days_pass(shop)
    at_once = [reconciler.reconcile(pool, shop.wechat, now=morning_after(day)) for _ in range(8)]
    await asyncio.gather(*at_once)
    bill = await store.get_day(pool, day)
    assert bill is not None
    assert (bill.state, bill.tries) == ("compared", 1)


async def test_a_payment_that_only_the_bill_knows_is_settled_first(shop: Shop) -> None:
    # $-2: both the notification and the sweeper's queries were lost
    learner = shop.learner()
    order = await shop.open_order(learner, hours=1)
    await shop.fault("notify", "lost", times=20)
    await shop.scan(order["code_url"])
    day = clock.today()
    await let_days_pass(shop)
    await reconcile(shop, day)
    await shop.assert_paid_once(learner, order)
    assert await open_doubts(shop) == []


async def test_comparing_again_changes_nothing_that_is_decided(
    shop: Shop, staff_token: Any
) -> None:
    order = await paid_order(shop)
    day, pool = await day_of(shop, order), shop.running.pool
    await let_days_pass(shop)
    await shop.fault("bill", "extra_row", times=3)
    await reconcile(shop, day)
    desk = Desk.of(shop, staff_token)
    discrepancy_id = await pool.fetchval("SELECT discrepancy_id FROM discrepancies")
    here = f"/books/differences/{discrepancy_id}"
    assert "账单有收款，我方账簿没有" in await desk.read(here)

    short = await desk.post(here, note="x")
    assert short.status_code == 422
    settled = await desk.post(here, note="测试商户的收款，与本平台无关")
    assert settled.status_code == 303
    again = await desk.post(here, note="又一次处理")
    assert again.status_code == 409
    assert "李文" in again.text

    await reconcile(shop, day)
    await reconciler.look_again(pool)
    assert await open_doubts(shop) == []
    kept = await pool.fetchrow("SELECT settled_by, note, healed_at FROM discrepancies")
    assert kept is not None
    assert (kept["settled_by"], kept["healed_at"]) == (desk.staff_id, None)
    assert kept["note"] == "测试商户的收款，与本平台无关"
    assert "测试商户的收款" in await desk.read(f"/books/bills/{day}")


async def test_what_healed_and_differs_again_is_open_again(shop: Shop, staff_token: Any) -> None:
    order = await paid_order(shop)
    day, pool = await day_of(shop, order), shop.running.pool
    await let_days_pass(shop)
    for _ in range(2):
        await shop.fault("bill", "extra_row")
        await reconcile(shop, day)
        assert len(await open_doubts(shop)) == 1
        await reconcile(shop, day)
        assert await open_doubts(shop) == []
    assert await pool.fetchval("SELECT count(*) FROM discrepancies") == 1
    discrepancy_id = await pool.fetchval("SELECT discrepancy_id FROM discrepancies")

    desk = Desk.of(shop, staff_token)
    settled = await desk.post(f"/books/differences/{discrepancy_id}", note="已与微信核实")
    assert settled.status_code == 303
    healed_at = await pool.fetchval("SELECT healed_at FROM discrepancies")
    await shop.fault("bill", "extra_row")
    await reconcile(shop, day)
    assert await pool.fetchval("SELECT healed_at FROM discrepancies") == healed_at is not None


async def test_staff_see_the_days_and_may_ask_again(shop: Shop, staff_token: Any) -> None:
    order = await paid_order(shop)
    day = await day_of(shop, order)
    desk = Desk.of(shop, staff_token)
    await wait_for(shop, day)
    here = f"/books/bills/{day}"
    assert "尚未生成" in await desk.read("/books/bills")
    assert (await desk.post(here)).status_code == 303
    await let_days_pass(shop)
    assert (await desk.post(here)).status_code == 303
    page = await desk.read(here)
    assert "￥15.00" in page
    assert "一致" in page
    assert (await desk.get("/books/bills/2001-01-01")).status_code == 404
    assert (await desk.post("/books/bills/2001-01-01")).status_code == 404
    assert (await desk.get("/books/bills/9999-12-31")).status_code == 404


async def test_settling_needs_its_own_right(shop: Shop, staff_token: Any) -> None:
    reader = Desk.of(shop, staff_token, Permission.PAYMENTS_READ)
    unknown = "/books/differences/01990000-0000-7000-8000-000000000000"
    assert (await reader.post(unknown, note="gut so")).status_code == 403
    assert (await reader.get(unknown)).status_code == 404
    assert (await Desk.of(shop, staff_token).post(unknown, note="gut so")).status_code == 404


async def give_surplus_back(shop: Shop) -> dict[str, Any]:
    """Money that was paid twice goes back by itself; its payback."""
    await pay_twice(shop)
    pool = shop.running.pool
    async with asyncio.timeout(5):
        while not (row := await pool.fetchrow("SELECT * FROM paybacks WHERE status = 'success'")):
            await pool.execute("UPDATE paybacks SET next_try_at = now()")
            await returning.sweep(pool, shop.wechat, timedelta(0))
    return dict(row)


async def test_refunds_stand_in_the_bill_too(shop: Shop) -> None:
    # case 58, $-8
    payback = await give_surplus_back(shop)
    pool, number = shop.running.pool, payback["out_refund_no"]
    day = clock.date_of(payback["settled_at"])
    await pool.execute("UPDATE paybacks SET settled_at = $1", noon(day))
    await let_days_pass(shop)
    await reconcile(shop, day)
    bill = await store.get_day(pool, day)
    assert bill is not None
    assert (bill.refunds_there, bill.refunds_there_fen, bill.refunds_here_fen) == (1, 1500, 1500)
    assert await open_doubts(shop) == []

    trade = payback["out_trade_no"]
    await shop.fault("bill", "missing_row", out_trade_no=number)
    await reconcile(shop, day)
    assert await open_doubts(shop) == [("bill_refund_missing_there", trade, 1500, None)]
    await shop.fault("bill", "other_amount", out_trade_no=number, amount_fen=1499)
    await reconcile(shop, day)
    assert await open_doubts(shop) == [("bill_refund_other_amount", trade, 1500, 1499)]


async def test_a_refund_that_somebody_made_at_wechat_is_found(shop: Shop) -> None:
    order = await paid_order(shop)
    asked = RefundAsked(
        out_refund_no="OUTSIDE-1",
        out_trade_no=order["out_trade_no"],
        transaction_id=order["transaction_id"],
        amount_fen=700,
        total_fen=1500,
        reason="商户平台手工退款",
    )
    assert (await shop.wechat.refund(asked)).amount_fen == 700
    await let_days_pass(shop)
    await reconcile(shop, await day_of(shop, order))
    found = [("bill_refund_missing_here", order["out_trade_no"], None, 700)]
    assert await open_doubts(shop) == found
