"""WeChat's door itself: what is answered, whatever comes."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from tests.payments.conftest import MakeShop, Shop

TOO_MUCH = 413


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"{}", b"\xff", b"<x>" * 9999])  # case 18
async def test_nonsense_is_answered_fail(shop: Shop, body: bytes) -> None:
    answer = await shop.post_notification(body)
    assert answer.status_code == 400
    assert b"FAIL" in answer.content
    assert answer.headers["content-type"].startswith("text/xml")


@pytest.mark.parametrize("path", ["", "/v3", "/refunds", "/v3/refunds"])
async def test_a_huge_body_is_refused_before_it_is_read(shop: Shop, path: str) -> None:  # case 18
    address, sent = f"/webhooks/wechat{path}", 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 20_000_000:
            sent += 8192
            yield b"x" * 8192

    said = {"Content-Length": "20000000"}
    answer = await shop.running.client.post(address, content=much(), headers=said)
    assert (answer.status_code, sent) == (TOO_MUCH, 0)
    answer = await shop.running.client.post(address, content=much())
    assert answer.status_code == TOO_MUCH
    assert sent < 200_000, "a body that does not tell its length is not read on"


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
        while not (attempts := (await shop.provider_state())["attempts"]):
            await asyncio.sleep(0.01)
    assert attempts[0]["status"] >= 500
    assert "SUCCESS" not in attempts[0]["reply"]
    await shop.assert_nothing_happened(learner, order["order_id"])
    await shop.running.pool.execute("ALTER TABLE away RENAME TO notifications")
    await shop.notify(order["out_trade_no"])
    await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, order)


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_a_flood_of_forgeries_is_one_log_line_and_real_ones_get_through(
    make_shop: MakeShop, caplog: pytest.LogCaptureFixture, version: str
) -> None:  # case 61
    shop = await make_shop(wechat_api_version=version)
    path = "/webhooks/wechat/v3" if version == "v3" else "/webhooks/wechat"
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])

    async def flood() -> None:
        for _ in range(50):
            answer = await shop.running.client.post(path, content=b"<xml><sign>0</sign></xml>")
            assert answer.status_code in (400, 401)

    with caplog.at_level(logging.WARNING):
        *_, taken = await asyncio.gather(
            *(flood() for _ in range(10)), shop.notify(order["out_trade_no"])
        )
    assert taken
    assert caplog.text.count("notifications_not_trusted") == 1
    assert await shop.running.pool.fetchval("SELECT count(*) FROM notifications") == 1
    await shop.assert_paid_once(learner, order)


async def test_a_reply_that_was_lost_brings_the_same_again_and_credits_once(
    make_shop: MakeShop,
) -> None:  # case 31
    """The process ends after its commit and before WeChat hears of it; the same comes again."""
    shop = await make_shop(webhook_wait_seconds=600)
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("query", "hang_before", seconds=600)
    await shop.scan(order["code_url"])
    async with asyncio.timeout(5):
        while not await shop.running.pool.fetchval("SELECT count(*) FROM notifications"):
            await asyncio.sleep(0.01)
    assert not (await shop.provider_state())["attempts"], "no reply yet"
    for _ in range(3):
        assert await shop.notify(order["out_trade_no"])
    await shop.sweep()
    await shop.till.delete("/control/faults")
    await shop.assert_paid_once(learner, order)
    assert await shop.notify(order["out_trade_no"])
    await shop.assert_paid_once(learner, order)
