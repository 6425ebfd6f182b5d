"""WeChat tells of refunds: a hint to look at one now, whoever says so ($-8)."""

import asyncio
from collections.abc import Callable

import pytest

from simulators.wechat_pay import protocol
from simulators.wechat_pay.sealed import encrypt
from tests.payments.conftest import API_KEY, APP_ID, MCH_ID, MakeShop, Shop
from tests.payments.refund_steps import (
    Desk,
    at_wechat,
    desk,
    look,
    paybacks,
    promised,
    refunded,
    refunded_fen,
    send,
)

__all__ = ["desk"]


def hint(number: str, *, app_id: str = APP_ID, key: str = API_KEY, **outer: str) -> bytes:
    """A refund notification as WeChat writes them: encrypted, not signed."""
    inner = {"out_refund_no": number, "refund_status": "SUCCESS", "refund_fee": "1"}
    fields = {
        "return_code": "SUCCESS",
        "appid": app_id,
        "mch_id": MCH_ID,
        "nonce_str": "n",
        "req_info": encrypt(inner, key),
        **outer,
    }
    return bytes(protocol.write(fields))


async def post_hint(shop: Shop, body: bytes) -> int:
    answer = await shop.running.client.post("/webhooks/wechat/refunds", content=body)
    return answer.status_code


@pytest.fixture(params=["v2", "v3"])
async def either(
    request: pytest.FixtureRequest, make_shop: MakeShop, staff_token: Callable[..., str]
) -> tuple[Shop, Desk]:
    """A shop of each version of WeChat's API."""
    made = await make_shop(wechat_api_version=request.param)
    return made, Desk(made, staff_token)


async def test_a_notification_has_the_refund_looked_at_now(either: tuple[Shop, Desk]) -> None:
    # $-8: the provider notifies by itself
    shop, desk = either
    learner = shop.learner()
    _, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    async with asyncio.timeout(5):
        while (await look(learner, refund_id))["status"] != "refunded":
            await asyncio.sleep(0.01)
    assert len(await at_wechat(shop)) == 1


async def test_fifty_notifications_refund_once(shop: Shop, desk: Desk) -> None:
    # $-8: the race
    learner = shop.learner()
    _, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    [(number, _, _)] = await paybacks(shop)
    await asyncio.sleep(0.01)
    answers = await asyncio.gather(*(post_hint(shop, hint(number)) for _ in range(50)))
    assert set(answers) == {200}
    assert (await look(learner, refund_id))["status"] == "refunded"
    assert len(await refunded(shop)) == 1
    assert (await shop.balances())["asset:wechat"] == 0


async def test_what_may_not_be_believed_changes_nothing(shop: Shop, desk: Desk) -> None:
    # case 36: garbage, another appid, another key; and SUCCESS while the query says PROCESSING
    learner = shop.learner()
    await shop.fault("refund", "processing")
    order, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    [(number, _, _)] = await paybacks(shop)
    for wrong in (
        b"",
        b"<xml/>",
        b"<!DOCTYPE x><xml/>",
        hint(number, app_id="wx0000000000000000"),
        hint(number, key="k" * 32),
        hint(number, req_info="%%%"),
        hint(number, req_info="AAAA"),
        hint(number, req_info="A" * 64),
        hint(number, return_code="FAIL"),
        hint("x" * 65),
    ):
        assert await post_hint(shop, wrong) == 400
    assert await post_hint(shop, hint(number)) == 200
    assert await post_hint(shop, hint("R261128-AAAAAA-1")) == 200
    assert [status for _, status, _ in await paybacks(shop)] == ["processing"]
    assert (await look(learner, refund_id))["status"] == "sending"
    assert await refunded_fen(shop, order) == 15_000


@pytest.mark.parametrize(
    "kind", ["bad_signature", "unsigned", "unknown_serial", "signtest", "old_timestamp", "garbage"]
)
async def test_what_v3_may_not_believe_changes_nothing(
    make_shop: MakeShop, staff_token: Callable[..., str], kind: str
) -> None:
    # case 36, in API v3
    shop = await make_shop(wechat_api_version="v3")
    desk, learner = Desk(shop, staff_token), shop.learner()
    await shop.fault("refund_notify", "lost")
    _, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    [(number, _, _)] = await paybacks(shop)
    await shop.fault("refund_notify", kind, seconds=301)
    assert await tell(shop, number) is False
    assert (await look(learner, refund_id))["status"] == "sending"
    assert await tell(shop, number) is True
    assert (await look(learner, refund_id))["status"] == "refunded"


async def test_a_success_that_the_query_denies_is_none_in_v3_either(
    make_shop: MakeShop, staff_token: Callable[..., str]
) -> None:
    # case 36
    shop = await make_shop(wechat_api_version="v3")
    desk, learner = Desk(shop, staff_token), shop.learner()
    await shop.fault("refund", "processing")
    order, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    [(number, _, _)] = await paybacks(shop)
    await shop.fault("refund_notify", "untrue")
    assert await tell(shop, number) is True
    assert [status for _, status, _ in await paybacks(shop)] == ["processing"]
    assert (await look(learner, refund_id))["status"] == "sending"
    assert await refunded_fen(shop, order) == 15_000


async def tell(shop: Shop, number: str) -> bool:
    """The provider tells of a refund now; whether we took it."""
    answer = await shop.till.post("/control/refunds/send", json={"out_refund_no": number})
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["delivered"])
