"""The hardened client against a provider that misbehaves."""

import asyncio
import logging
from datetime import timedelta

import pytest

from chassis import clock
from services.payments.model.attempts import TradeState
from services.payments.providers.port import Charge, Unknown
from services.payments.providers.wechat_v2 import WeChat
from services.payments.providers.wechat_v2_client import HardenedPay
from tests.payments.conftest import API_KEY, APP_ID, MCH_ID, MakeShop, Shop

NUMBER = "H261121K7Q2M9XW40AB-1"


def charge(*, number: str = NUMBER, amount_fen: int = 15000) -> Charge:
    now = clock.now()
    return Charge(
        out_trade_no=number,
        amount_fen=amount_fen,
        starts_at=now,
        expires_at=now + timedelta(minutes=30),
    )


async def test_the_time_to_pay_is_told_in_beijing_time(shop: Shop) -> None:  # case 3
    wanted = charge()
    await shop.wechat.create(wanted)
    [seen] = (await shop.provider_state())["orders"]
    told = wanted.expires_at.astimezone(clock.CHINA).strftime("%Y%m%d%H%M%S")
    assert seen["parameters"]["time_expire"] == told
    assert seen["parameters"]["notify_url"].endswith("/webhooks/wechat")


@pytest.mark.parametrize(
    "kind",
    [
        "error_500",
        "redirect",
        "not_xml",
        "truncated",
        "system_error",
        "system_error_after",
        "forged",
        "unsigned",
        "foreign_appid",
        "foreign_mch_id",
    ],
)
async def test_an_answer_that_cannot_be_believed_is_unknown(shop: Shop, kind: str) -> None:
    for on, call in (
        ("create", lambda: shop.wechat.create(charge())),
        ("query", lambda: shop.wechat.query(NUMBER)),
        ("close", lambda: shop.wechat.close(NUMBER)),
    ):
        await shop.fault(on, kind)
        with pytest.raises(Unknown):
            await call()


async def test_repeating_a_create_gives_the_same_order(shop: Shop) -> None:  # case 7
    wanted = charge()
    await shop.fault("create", "error_500")
    with pytest.raises(Unknown):
        await shop.wechat.create(wanted)
    for _ in range(2):
        assert (await shop.wechat.create(wanted)).startswith("weixin://")
    assert len((await shop.provider_state())["orders"]) == 1


async def test_a_number_that_was_never_told_is_not_there(shop: Shop) -> None:
    assert (await shop.wechat.query(NUMBER)).state is TradeState.UNKNOWN_NUMBER


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_a_hanging_provider_holds_up_nothing_else(
    make_shop: MakeShop, version: str
) -> None:  # case 59
    """While every thread of the client hangs, a hundred health checks are answered."""
    shop = await make_shop(wechat_api_version=version)
    await shop.fault("query", "hang_before", seconds=600, times=8)
    hanging = [asyncio.create_task(shop.wechat.query(NUMBER)) for _ in range(8)]
    async with asyncio.timeout(5):
        while len((await shop.provider_state())["calls"]) < 8:
            await asyncio.sleep(0.01)
    answers = await asyncio.gather(*(shop.running.client.get("/healthz") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert not any(task.done() for task in hanging), "they were all still waiting"
    await shop.till.delete("/control/faults")
    assert len(await asyncio.gather(*hanging, return_exceptions=True)) == 8


async def test_a_cancelled_caller_leaves_no_error_behind(shop: Shop) -> None:
    await shop.fault("create", "hang", seconds=0.3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await shop.wechat.create(charge())
    async with asyncio.timeout(5):
        while not (await shop.provider_state())["orders"]:
            await asyncio.sleep(0.01)


async def test_a_provider_that_is_away_is_unknown() -> None:
    wechat = WeChat(
        base_url="http://127.0.0.1:9/",
        app_id=APP_ID,
        mch_id=MCH_ID,
        api_key=API_KEY,
        sign_type="MD5",
        notify_url="http://127.0.0.1:8000/webhooks/wechat",
        client_ip="127.0.0.1",
    )
    with pytest.raises(Unknown):
        await wechat.query(NUMBER)
    wechat.stop()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("x]]></body><total_fee>1</total_fee>", ValueError),
        ("a\x00b", ValueError),
        (15.0, TypeError),
        (True, TypeError),
    ],
)
def test_values_that_could_break_out_of_the_message_are_not_sent(
    value: object, error: type[Exception]
) -> None:
    pay = HardenedPay(
        base_url="http://127.0.0.1:9", sign_type="MD5", appid="a", mch_id="m", api_key="k"
    )
    with pytest.raises(error):
        pay.post("pay/unifiedorder", data={"body": value})


async def test_the_key_is_in_no_log_line_even_at_debug(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 47
    with caplog.at_level(logging.DEBUG):
        learner = shop.learner()
        order = await shop.open_order(learner)
        await shop.scan(order["code_url"])
        await shop.until_paid(learner, order["order_id"])
        await shop.post_notification(b"<xml/>")
    assert caplog.text
    assert API_KEY not in caplog.text
    assert "openid" not in caplog.text
