"""Paying by WeChat: from a scanned code to open courses, once. Numbers are those of the cases in
the payments reference; "no effect" means order, ledger and outbox unchanged."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest

from chassis import clock
from contracts.payments import PaymentMethod
from tests.payments.conftest import MakeShop, Shop


@pytest.fixture(params=["v2", "v3"])
async def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """Everything here holds for both versions of WeChat's API."""
    return await make_shop(wechat_api_version=request.param)


async def test_forty_hours_cost_six_hundred_yuan(shop: Shop) -> None:  # $-1
    learner = shop.learner()
    placed = await learner.order(await shop.sell(hours=40))
    assert placed.status_code == 201
    assert placed.json()["amount_fen"] == 60000
    assert placed.json()["status"] == "unpaid"


async def test_a_code_is_fetched_for_exactly_the_orders_amount(shop: Shop) -> None:  # case 3
    learner = shop.learner()
    order = await shop.open_order(learner, hours=10)
    assert order["code_url"].startswith("weixin://")

    [seen] = (await shop.provider_state())["orders"]
    assert seen["parameters"]["total_fee"] == "15000"
    assert seen["parameters"]["product_id"]
    ends_at = datetime.strptime(seen["parameters"]["time_expire"], "%Y%m%d%H%M%S")
    left = ends_at.replace(tzinfo=clock.CHINA) - clock.now()
    assert abs(left - timedelta(minutes=30)) < timedelta(seconds=5)
    shown = await learner.get_order(order["order_id"])
    assert shown["payment"]["status"] == "waiting"
    assert shown["payment"]["code_url"] == order["code_url"]


async def test_a_scanned_code_opens_the_courses_within_two_seconds(shop: Shop) -> None:  # $-2, 8
    learner = shop.learner()
    order = await shop.open_order(learner, hours=40)
    started = time.monotonic()
    await shop.scan(order["code_url"])
    paid = await shop.until_paid(learner, order["order_id"])
    assert time.monotonic() - started < 2

    assert paid["method"] == "wechat"
    await shop.assert_paid_once(learner, order)
    [event] = await shop.paid_events()
    assert event.learner_id == learner.learner_id
    assert event.method is PaymentMethod.WECHAT
    assert [str(id_) for id_ in event.lines[0].course_ids] == order["lines"][0]["course_ids"]
    evidence = await shop.running.pool.fetchval("SELECT settled_by FROM attempts")
    assert evidence == "notification+query"


async def test_fifty_equal_notifications_settle_once(shop: Shop) -> None:  # case 9
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "duplicated", copies=50)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    assert await shop.notify(order["out_trade_no"]), "a repeat a day later is taken as well"
    calls = [call["endpoint"] for call in (await shop.provider_state())["calls"]]
    assert calls.count("query") == 1, "repeats cost WeChat nothing"
    await shop.assert_paid_once(learner, order)


async def test_fifty_settlements_at_once_pay_once(shop: Shop) -> None:  # case 9, the race itself
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await asyncio.gather(*(shop.sweep() for _ in range(50)))
    await shop.assert_paid_once(learner, order)


async def test_a_changed_amount_changes_nothing(shop: Shop) -> None:  # case 10
    learner = shop.learner()
    order = await shop.open_order(learner)
    assert not await _forge(shop, order, "changed_amount")
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == []


async def test_a_signed_wrong_amount_is_kept_for_staff_and_pays_nothing(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    learner = shop.learner()  # case 11
    order = await shop.open_order(learner)
    assert await _forge(shop, order, "wrong_amount")
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == ["wrong_amount"]
    assert await shop.running.pool.fetchval("SELECT count(*) FROM notifications") == 1
    assert alarms(caplog) == 1


async def test_foreign_notifications_change_nothing(shop: Shop) -> None:  # cases 12, 13, 16
    learner = shop.learner()
    order = await shop.open_order(learner)
    for kind in (
        "foreign_appid",
        "foreign_mch_id",
        "foreign_currency",
        "unsigned",
        "bad_signature",
        "failed_result",
    ):
        assert not await _forge(shop, order, kind), kind
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == []


async def test_a_field_unknown_today_is_accepted_when_signed(shop: Shop) -> None:  # case 19
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "extra_field")
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


async def test_a_notification_that_the_query_denies_pays_nothing(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 21
    learner = shop.learner()
    order = await shop.open_order(learner)
    assert await shop.notify(order["out_trade_no"], forge=True)
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == ["not_confirmed"]
    assert alarms(caplog) == 1


def alarms(caplog: pytest.LogCaptureFixture) -> int:
    """How often somebody was called."""
    loud = [record for record in caplog.records if record.levelname == "ERROR"]
    return sum("payment_discrepancy" in record.getMessage() for record in loud)


async def test_a_lost_notification_is_found_by_the_sweeper(shop: Shop) -> None:  # case 22
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.sweep()
    await shop.assert_paid_once(learner, order)
    assert await shop.running.pool.fetchval("SELECT settled_by FROM attempts") == "query"

    assert await shop.notify(order["out_trade_no"]), "the late notification is taken"
    await shop.assert_paid_once(learner, order)
    assert await shop.discrepancies() == []


async def test_an_open_attempt_is_looked_at_at_least_every_minute(shop: Shop) -> None:  # case 22
    await shop.open_order(shop.learner())
    for _ in range(5):
        await shop.sweep()
        wait = await shop.running.pool.fetchval("SELECT next_look_at - now() FROM attempts")
        assert wait < timedelta(seconds=60)


async def test_untrue_answers_to_the_query_pay_nothing(shop: Shop) -> None:  # case 23
    learner = shop.learner()
    order = await shop.open_order(learner)
    for kind in (
        "forged",
        "unsigned",
        "redirect",
        "foreign_appid",
        "foreign_mch_id",
        "error_500",
        "not_xml",
        "truncated",
        "system_error",
    ):
        await shop.fault("query", kind)
        await shop.sweep()
        await shop.assert_nothing_happened(learner, order["order_id"])
    calls = (await shop.provider_state())["calls"]
    assert not [call for call in calls if call["endpoint"] == "decoy"]
    assert await shop.discrepancies() == []


async def test_a_query_that_tells_another_amount_pays_nothing(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.fault("query", "wrong_amount")
    await shop.scan(order["code_url"])
    await shop.sweep()
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == ["wrong_amount"]


async def test_a_coupon_of_wechats_does_not_matter(shop: Shop) -> None:  # case 28
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"], coupon_fee=300)
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


async def test_money_for_an_unknown_number_is_kept_for_staff(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 29
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.running.pool.execute("UPDATE attempts SET out_trade_no = 'H261121OTHER'")
    await shop.scan(order["code_url"])
    async with asyncio.timeout(5):
        while not (attempts := (await shop.provider_state())["attempts"]):
            await asyncio.sleep(0.01)
    assert attempts[0]["status"] in (200, 204), "it is taken, so it does not come again"
    assert await shop.discrepancies() == ["unknown_number"]
    assert await shop.running.pool.fetchval("SELECT count(*) FROM notifications") == 1
    assert alarms(caplog) == 1
    await shop.assert_nothing_happened(learner, order["order_id"])


async def test_hmac_signatures_pay_as_well(make_shop: MakeShop) -> None:  # case 20
    shop = await make_shop(wechat_sign_type="HMAC-SHA256")
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


async def test_a_hanging_query_does_not_hold_up_the_reply(make_shop: MakeShop) -> None:
    shop = await make_shop(webhook_wait_seconds=0.2)
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("query", "hang", seconds=1)
    started = time.monotonic()
    await shop.scan(order["code_url"])
    async with asyncio.timeout(5):
        while not await shop.running.pool.fetchval("SELECT count(*) FROM notifications"):
            await asyncio.sleep(0.01)
    await shop.sweep()
    await shop.assert_paid_once(learner, order)
    assert time.monotonic() - started < 1.5


async def _forge(shop: Shop, order: dict[str, str], kind: str) -> bool:
    """Have a notification sent for an unpaid order, spoilt in this way; whether we took it."""
    await shop.fault("notify", kind)
    return await shop.notify(order["out_trade_no"], forge=True)
