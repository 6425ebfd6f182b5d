"""How orders end without money, and what happens to money that comes all the same."""

import asyncio

import pytest

from tests.payments.conftest import MakeShop, Shop

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=["v2", "v3"])
async def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """Everything here holds for both versions of WeChat's API."""
    return await make_shop(wechat_api_version=request.param)


async def test_an_unpaid_order_expires_and_is_closed_at_wechat(shop: Shop) -> None:  # case 24
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.let_time_pass(order["order_id"])
    await shop.sweep()
    assert (await learner.get_order(order["order_id"]))["status"] == "expired"
    [seen] = (await shop.provider_state())["orders"]
    assert seen["trade_state"] == "CLOSED"
    assert await shop.running.pool.fetchval("SELECT status FROM attempts") == "closed"
    calls = [call["endpoint"] for call in (await shop.provider_state())["calls"]]
    assert calls == ["create", "query", "close", "query"]


async def test_money_of_the_last_second_is_found_when_closing(shop: Shop) -> None:  # case 25
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.let_time_pass(order["order_id"])
    await shop.sweep()
    await shop.assert_paid_once(learner, order)


async def test_money_between_query_and_close_is_found(shop: Shop) -> None:  # case 25
    learner = shop.learner()
    order = await shop.open_order(learner)
    await learner.cancel(order["order_id"])
    await shop.fault("notify", "lost")
    await shop.fault("query", "notpay")
    await shop.scan(order["code_url"])
    await shop.sweep()
    await shop.assert_paid_once(learner, order)


async def test_a_close_without_effect_is_not_believed(shop: Shop) -> None:  # case 26
    learner = shop.learner()
    order = await shop.open_order(learner)
    await learner.cancel(order["order_id"])
    await shop.fault("close", "no_effect")
    await shop.sweep()
    assert await shop.running.pool.fetchval("SELECT status FROM attempts") == "closing"

    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


async def test_cancelling_ends_the_order_and_keeps_the_cart(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await learner.put(course_id)
    order = (await learner.order()).json()
    for _ in range(3):
        cancelled = await learner.cancel(order["order_id"])
        assert cancelled.status_code == 200
        assert cancelled.json()["status"] == "cancelled"
    assert len((await learner.ask("GET", "/cart")).json()["lines"]) == 1
    refused = await learner.start_payment(order["order_id"])
    assert refused.json()["code"] == "OrderCancelled"
    again = (await learner.order()).json()
    assert again["number"] != order["number"]


async def test_a_paid_order_cannot_be_cancelled(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    refused = await learner.cancel(order["order_id"])
    assert refused.status_code == 409
    assert refused.json()["code"] == "OrderAlreadyPaid"


async def test_cancelling_while_paying_never_loses_the_money(shop: Shop) -> None:
    for _ in range(10):
        learner = shop.learner()
        order = await shop.open_order(learner)
        await shop.fault("notify", "lost", out_trade_no=order["out_trade_no"])
        await shop.scan(order["code_url"])
        await asyncio.gather(
            learner.cancel(order["order_id"]), shop.sweep(), shop.sweep(), shop.sweep()
        )
        await shop.sweep()
        assert (await learner.get_order(order["order_id"]))["status"] == "paid"
    assert len(await shop.paid_events()) == 10
    assert (await shop.balances())["asset:wechat"] == 10 * 15000


async def test_late_money_for_a_closed_order_opens_its_courses(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.running.pool.execute("UPDATE attempts SET status = 'closed', next_look_at = NULL")
    await learner.cancel(order["order_id"])
    assert await shop.notify(order["out_trade_no"])
    await shop.assert_paid_once(learner, order)


async def test_late_money_is_found_by_the_sweeper_when_the_query_fails(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await learner.cancel(order["order_id"])
    await shop.running.pool.execute("UPDATE attempts SET status = 'closed', next_look_at = NULL")
    await shop.fault("query", "error_500")
    assert await shop.notify(order["out_trade_no"])
    assert (await learner.get_order(order["order_id"]))["status"] == "cancelled"
    await shop.sweep()
    await shop.assert_paid_once(learner, order)


async def test_a_second_payment_of_an_order_is_kept_for_refund(shop: Shop) -> None:  # case 27
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.running.pool.execute("UPDATE attempts SET status = 'closed', next_look_at = NULL")
    second = (await learner.start_payment(order["order_id"])).json()
    assert second["code_url"] != order["code_url"]
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    await shop.scan(second["code_url"])
    async with asyncio.timeout(5):
        while await shop.discrepancies() != ["surplus"]:
            await asyncio.sleep(0.01)

    assert len(await shop.paid_events()) == 1
    assert await shop.balances() == {
        "asset:wechat": 30000,
        "revenue:hours": -15000,
        "liability:surplus": -15000,
    }
    notifications = (await shop.provider_state())["notifications"]
    assert {told["state"] for told in notifications} == {"delivered"}
    for number in (1, 2):
        assert await shop.notify(f"{order['number']}-{number}"), "repeats are taken"
    assert (await shop.balances())["liability:surplus"] == -15000


async def test_two_orders_for_one_course_open_it_once_and_keep_the_rest(shop: Shop) -> None:
    learner, course_id, other = shop.learner(), await shop.sell(), await shop.sell()
    orders = [(await learner.order(*w)).json() for w in ((course_id,), (course_id, other))]
    started = [await learner.start_payment(order["order_id"]) for order in orders]
    for order, answer in zip(orders, started, strict=True):
        await shop.scan(answer.json()["code_url"])
        await shop.until_paid(learner, order["order_id"])
    assert await shop.discrepancies() == ["partly_owned"]
    assert len(await shop.paid_events()) == 2


async def test_a_lost_answer_to_create_is_asked_for_again_with_the_same_number(
    shop: Shop,
) -> None:  # case 7
    learner = shop.learner()
    order = (await learner.order(await shop.sell())).json()
    await shop.fault("create", "error_500")
    started = await learner.start_payment(order["order_id"])
    assert started.status_code == 202
    assert started.json()["status"] == "pending"
    assert started.json()["code_url"] is None
    again = await learner.start_payment(order["order_id"])
    assert again.status_code == 202

    await shop.fault("create", "system_error_after")
    await shop.sweep()
    await shop.sweep()
    shown = await learner.get_order(order["order_id"])
    assert shown["payment"]["status"] == "waiting"
    [seen] = (await shop.provider_state())["orders"]
    assert seen["out_trade_no"] == f"{order['number']}-1"
    await shop.scan(shown["payment"]["code_url"])
    await shop.until_paid(learner, order["order_id"])


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_an_answer_to_create_that_never_comes_costs_no_second_number(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:  # case 7
    client = f"services.payments.providers.wechat_{version}_client"
    monkeypatch.setattr(f"{client}.READ_SECONDS", 0.3)
    shop = await make_shop(wechat_api_version=version)
    learner = shop.learner()
    order = (await learner.order(await shop.sell())).json()
    await shop.fault("create", "hang", seconds=600)
    started = await learner.start_payment(order["order_id"])
    assert (started.status_code, started.json()["code_url"]) == (202, None)
    [there] = (await shop.provider_state())["orders"]
    await shop.till.delete("/control/faults")
    await shop.sweep()
    shown = await learner.get_order(order["order_id"])
    assert shown["payment"]["code_url"].startswith("weixin://")
    [seen] = (await shop.provider_state())["orders"]
    assert seen["out_trade_no"] == there["out_trade_no"] == f"{order['number']}-1"


async def test_an_order_about_to_end_takes_no_new_payment(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    order = (await learner.order(course_id)).json()
    await shop.let_time_pass(order["order_id"], minutes=29)
    refused = await learner.start_payment(order["order_id"])
    assert refused.status_code == 409
    assert refused.json()["code"] == "OrderExpired"
    fresh = (await learner.order(course_id)).json()
    assert fresh["number"] != order["number"]
    assert (await learner.get_order(order["order_id"]))["status"] == "expired"


async def test_an_order_that_wechat_refused_too_often_is_given_up(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.running.pool.execute(
        "UPDATE attempts SET ordinal = 99, status = 'failed', next_look_at = NULL"
    )
    refused = await learner.start_payment(order["order_id"])
    assert (refused.status_code, refused.json()["code"]) == (503, "ProviderRefused")
