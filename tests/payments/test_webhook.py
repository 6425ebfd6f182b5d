"""WeChat's door itself: what is answered, whatever comes."""

import asyncio
import logging

import pytest

from tests.payments.conftest import Shop

TOO_MUCH = 413


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"{}", b"\xff", b"<x>" * 9999])  # case 18
async def test_nonsense_is_answered_fail(shop: Shop, body: bytes) -> None:
    answer = await shop.post_notification(body)
    assert answer.status_code == 400
    assert b"FAIL" in answer.content
    assert answer.headers["content-type"].startswith("text/xml")


async def test_a_huge_body_is_refused_before_it_is_read(shop: Shop) -> None:
    answer = await shop.post_notification(b"x" * 20_000_000)
    assert answer.status_code == TOO_MUCH


async def test_a_genuine_notification_is_answered_success(shop: Shop) -> None:  # case 8
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    attempts = (await shop.provider_state())["attempts"]
    assert [attempt["status"] for attempt in attempts] == [200]
    assert "SUCCESS" in attempts[0]["reply"]


async def test_a_notification_that_could_not_be_kept_comes_again(shop: Shop) -> None:  # case 30
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.running.pool.execute("ALTER TABLE notifications RENAME TO away")
    await shop.scan(order["code_url"])
    async with asyncio.timeout(5):
        while not (await shop.provider_state())["attempts"]:
            await asyncio.sleep(0.01)
    await shop.assert_nothing_happened(learner, order["order_id"])
    await shop.running.pool.execute("ALTER TABLE away RENAME TO notifications")
    await shop.notify(order["out_trade_no"])
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


async def test_a_flood_of_forgeries_is_one_log_line(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 61
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            await shop.post_notification(b"<xml><sign>0</sign></xml>")
    assert caplog.text.count("notifications_not_trusted") == 1
