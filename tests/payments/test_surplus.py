"""Money that was paid twice goes back by itself, once, under one number ($-8)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.payments.conftest import Learner, Shop
from tests.payments.refund_steps import (
    Desk,
    at_wechat,
    desk,
    paybacks,
    refunded,
    refunded_fen,
    said,
    send,
)

__all__ = ["desk"]


async def paid_twice(shop: Shop, learner: Learner) -> tuple[dict[str, Any], str]:
    """Two codes of one order are scanned; the order, and the number of the second."""
    order = await shop.open_order(learner)
    first = order["out_trade_no"]
    await shop.running.pool.execute(
        "UPDATE attempts SET status = 'closing' WHERE out_trade_no = $1", first
    )
    again = (await learner.start_payment(order["order_id"])).json()
    await shop.scan(again["code_url"])
    await shop.until_paid(learner, order["order_id"])
    await shop.scan(order["code_url"])
    async with asyncio.timeout(10):
        while await paybacks(shop) == []:
            await shop.sweep()
    return order, first


async def test_the_second_payment_goes_back_once_with_a_fixed_number(
    shop: Shop, desk: Desk
) -> None:
    # case 27, $-9: one credit, one refund; both notifications are answered SUCCESS
    learner = shop.learner()
    order, second = await paid_twice(shop, learner)
    transaction_id = await shop.running.pool.fetchval(
        "SELECT transaction_id FROM surplus_payments WHERE out_trade_no = $1", second
    )
    assert await shop.discrepancies() == ["surplus"]
    assert "Paid twice, on its way back by itself" in said(await desk.get())
    await send(shop, times=3)
    assert await paybacks(shop) == [(f"X{transaction_id}", "success", 15_000)]
    [there] = await at_wechat(shop)
    assert (there["out_trade_no"], there["refund_fee"]) == (second, 15_000)
    assert await shop.balances() == {
        "asset:wechat": 15_000,
        "revenue:hours": -15_000,
        "liability:surplus": 0,
    }
    assert (await learner.get_order(order["order_id"]))["status"] == "paid"
    assert len(await shop.paid_events()) == 1
    assert await refunded(shop) == []
    assert await refunded_fen(shop, order) == 0
    assert await shop.notify(second)
    await send(shop)
    assert len(await at_wechat(shop)) == 1


async def test_a_payment_after_the_close_is_never_lost(shop: Shop, desk: Desk) -> None:
    # case 26: the close is answered SUCCESS, the number stays open, and is paid
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("close", "no_effect")
    await learner.cancel(order["order_id"])
    await shop.sweep()
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    assert (await shop.balances())["revenue:hours"] == -15_000
    assert await paybacks(shop) == []


async def test_a_surplus_that_is_back_calls_for_nobody_any_more(
    shop: Shop, desk: Desk, staff_token: Callable[..., str]
) -> None:
    # $-8
    await paid_twice(shop, shop.learner())
    client = shop.running.client
    before = await client.get("/staff/payments?lang=en", headers=desk.headers)
    assert "1 matter waits for you." in said(before)
    await send(shop, times=3)
    after = await client.get("/staff/payments?lang=en", headers=desk.headers)
    assert "Nothing waits." in said(after)


async def test_many_settlements_of_a_surplus_send_it_back_once(shop: Shop, desk: Desk) -> None:
    # case 27: the race
    learner = shop.learner()
    _, second = await paid_twice(shop, learner)
    await asyncio.gather(*(shop.notify(second) for _ in range(10)), *(send(shop) for _ in range(5)))
    await send(shop)
    assert len(await at_wechat(shop)) == 1
    assert [status for _, status, _ in await paybacks(shop)] == ["success"]


@pytest.mark.parametrize(("kind", "status"), [("no_balance", "refused"), ("abnormal", "abnormal")])
async def test_a_surplus_in_trouble_stands_on_the_desk(
    shop: Shop, desk: Desk, kind: str, status: str
) -> None:
    # $-8, case 35
    await shop.fault("refund", kind)
    await paid_twice(shop, shop.learner())
    await send(shop)
    [(number, now, _)] = await paybacks(shop)
    assert now == status
    assert (await shop.balances())["liability:surplus"] == -15_000
    assert f"Try again: {number}" in (await desk.get()).text
    await shop.till.post("/control/refunds", json={"out_refund_no": number, "status": "SUCCESS"})
    assert (await desk.post(f"/surplus/{number}")).status_code == 303
    assert (await desk.post("/surplus/X1")).status_code == 404
    await send(shop)
    assert await paybacks(shop) == [(number, "success", 15_000)]
