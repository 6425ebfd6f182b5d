"""Paying through WeChat Pay API v3, where it differs from v2. What both do alike is tested for both
in test_paying, test_closing, test_wechat_refunds and test_wechat_inside."""

import json
import logging
from pathlib import Path

import pytest

from services.payments.providers.port import Unknown
from tests.payments.conftest import MakeShop, Shop
from tests.payments.test_wechat_client import NUMBER, charge


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop(wechat_api_version="v3")


@pytest.mark.parametrize(
    ("seconds", "taken"), [(301, False), (290, True), (-290, True), (-400, False)]
)
async def test_only_a_fresh_notification_is_taken(
    shop: Shop, seconds: int, taken: bool
) -> None:  # case 63
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.fault("notify", "old_timestamp", seconds=seconds)
    assert await shop.notify(order["out_trade_no"]) is taken


async def test_a_deliberate_probe_fails_without_an_alarm(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 63
    order = await shop.open_order(shop.learner())
    await shop.fault("notify", "signtest")
    with caplog.at_level(logging.INFO):
        assert not await shop.notify(order["out_trade_no"], forge=True)
    loud = [record for record in caplog.records if record.levelno > logging.INFO]
    assert "notification_was_a_probe" in caplog.text
    assert loud == []


async def test_an_unknown_serial_makes_us_call_nobody(shop: Shop) -> None:  # case 63
    order = await shop.open_order(shop.learner())
    before = len((await shop.provider_state())["calls"])
    await shop.fault("notify", "unknown_serial", times=100)
    for _ in range(100):
        assert not await shop.notify(order["out_trade_no"], forge=True)
    assert len((await shop.provider_state())["calls"]) == before


@pytest.mark.parametrize(
    "kind",
    [
        *("bad_tag", "bad_signature", "unsigned", "changed_amount", "failed_result"),
        *("foreign_appid", "foreign_mch_id", "foreign_currency"),
    ],
)
async def test_what_may_not_be_believed_changes_nothing(shop: Shop, kind: str) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", kind)
    assert not await shop.notify(order["out_trade_no"], forge=True)
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == []
    [attempt] = (await shop.provider_state())["attempts"]
    assert (attempt["status"], json.loads(attempt["reply"])["code"]) == (401, "FAIL")


@pytest.mark.parametrize(
    "kind",
    [
        *("error_500", "redirect", "not_xml", "system_error", "system_error_after"),
        *("forged", "unsigned", "old_timestamp", "signtest", "unknown_serial"),
    ],
)
async def test_an_answer_that_cannot_be_believed_is_unknown(shop: Shop, kind: str) -> None:
    for on, call in (
        ("create", lambda: shop.wechat.create(charge())),
        ("query", lambda: shop.wechat.query(NUMBER)),
        ("close", lambda: shop.wechat.close(NUMBER)),
    ):
        await shop.fault(on, kind, seconds=301)
        with pytest.raises(Unknown):
            await call()
    calls = (await shop.provider_state())["calls"]
    assert not [call for call in calls if call["endpoint"] in ("decoy", "certificates")]


async def test_half_an_answer_is_unknown(shop: Shop) -> None:
    await shop.fault("create", "truncated")
    with pytest.raises(Unknown):
        await shop.wechat.create(charge())
    await shop.fault("query", "truncated")
    with pytest.raises(Unknown):
        await shop.wechat.query(NUMBER)


@pytest.mark.parametrize("kind", ["foreign_appid", "foreign_mch_id"])
async def test_an_answer_about_another_merchant_is_unknown(shop: Shop, kind: str) -> None:
    await shop.wechat.create(charge())
    await shop.fault("query", kind)
    with pytest.raises(Unknown):
        await shop.wechat.query(NUMBER)


async def test_neither_keys_nor_payers_are_logged(
    shop: Shop, keys: dict[str, str], log_file: Path
) -> None:  # case 47
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"], openid="oPayerOfApiV3")
    await shop.until_paid(learner, order["order_id"])
    logged = log_file.read_text()
    for secret in (keys["WECHAT_APIV3_KEY"], "oPayerOfApiV3", "WECHATPAY2-SHA256-RSA2048 mchid"):
        assert secret not in logged
