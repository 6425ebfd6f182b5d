"""How the simulated provider tells a payment, and how it fails to, through HTTP."""

import asyncio
from pathlib import Path

import pytest
from starlette.responses import Response

from simulators.wechat_pay import protocol

from .conftest import KEY, Merchant, merchant_beside


def _broken() -> Response:
    return Response("no", status_code=500)


async def test_a_payment_is_told_once_and_signed(merchant: Merchant) -> None:
    paid = await merchant.paid()
    await merchant.until_notification_is("delivered")
    (told,) = merchant.told
    assert protocol.is_signed(told, KEY)
    assert told["transaction_id"] == paid["transaction_id"]
    assert (told["total_fee"], told["result_code"]) == ("60000", "SUCCESS")


@pytest.mark.parametrize(
    "reply",
    [
        Response("no", status_code=500),
        Response("SUCCESS", status_code=200),
        Response(protocol.write({"return_code": "FAIL"}), status_code=200),
        Response(protocol.write({"return_code": "SUCCESS"}), status_code=201),
        Response(status_code=302, headers={"Location": "http://merchant.test/webhooks/wechat"}),
    ],
)
async def test_only_200_with_success_ends_the_retries(merchant: Merchant, reply: Response) -> None:
    merchant.replies.append(reply)
    await merchant.paid()
    seen = await merchant.until_notification_is("delivered")
    assert [bool(attempt["delivered"]) for attempt in seen["attempts"]] == [False, True]


async def test_every_retry_has_a_fresh_nonce(merchant: Merchant) -> None:
    merchant.replies += [_broken(), _broken()]
    await merchant.paid()
    await merchant.until_told(3)
    assert len({told["nonce_str"] for told in merchant.told}) == 3


async def test_it_gives_up_after_the_published_schedule() -> None:
    async with merchant_beside(time_scale=0) as merchant:
        merchant.replies += [_broken() for _ in range(20)]
        await merchant.paid()
        seen = await merchant.until_notification_is("given_up")
    assert len(seen["attempts"]) == 16


async def test_a_lost_notification_never_comes_but_can_be_sent(merchant: Merchant) -> None:
    await merchant.fault("notify", "lost")
    paid = await merchant.paid()
    await merchant.until_notification_is("lost")
    assert merchant.told == []
    sent = await merchant.client.post(
        "/control/notifications/send", json={"out_trade_no": paid["out_trade_no"]}
    )
    assert sent.json() == {"delivered": True}


async def test_a_duplicated_notification_comes_in_parallel(merchant: Merchant) -> None:
    await merchant.fault("notify", "duplicated", copies=10)
    await merchant.paid()
    await merchant.until_told(10)
    assert len({told["nonce_str"] for told in merchant.told}) == 1


async def test_a_late_notification_comes_late(merchant: Merchant) -> None:
    await merchant.fault("notify", "late", seconds=0.2)
    started = asyncio.get_running_loop().time()
    await merchant.paid()
    await merchant.until_told(1)
    assert asyncio.get_running_loop().time() - started >= 0.2


@pytest.mark.parametrize(
    ("kind", "field", "value", "is_signed"),
    [
        ("wrong_amount", "total_fee", "1", True),
        ("changed_amount", "total_fee", "1", False),
        ("bad_signature", "sign", "0" * 32, False),
        ("foreign_appid", "appid", "wxffffffffffffffff", True),
        ("foreign_mch_id", "mch_id", "1999999999", True),
        ("foreign_currency", "fee_type", "USD", True),
        ("failed_result", "result_code", "FAIL", True),
    ],
)
async def test_a_spoilt_notification_is_followed_by_a_right_one(
    merchant: Merchant, kind: str, field: str, value: str, is_signed: bool
) -> None:
    merchant.replies.append(_broken())
    await merchant.fault("notify", kind)
    await merchant.paid()
    await merchant.until_told(2)
    spoilt, right = merchant.told
    assert (spoilt[field], protocol.is_signed(spoilt, KEY)) == (value, is_signed)
    assert protocol.is_signed(right, KEY)
    assert right["total_fee"] == "60000"


async def test_a_forged_notification_for_an_unpaid_order_can_be_sent(merchant: Merchant) -> None:
    await merchant.create()
    number = {"out_trade_no": "H2611210001"}
    honest = await merchant.client.post("/control/notifications/send", json=number)
    assert honest.status_code == 409
    await merchant.client.post("/control/notifications/send", json=number | {"forge": True})
    assert protocol.is_signed(merchant.told[0], KEY)
    assert (await merchant.query())["trade_state"] == "NOTPAY"


async def test_an_hmac_order_is_told_with_hmac_and_no_sign_type(merchant: Merchant) -> None:
    created = await merchant.create(sign_type="HMAC-SHA256")
    await merchant.client.post("/pay", json={"code_url": created["code_url"]})
    await merchant.until_told(1)
    assert protocol.is_signed(merchant.told[0], KEY, "HMAC-SHA256")
    assert "sign_type" not in merchant.told[0]


async def test_a_restart_goes_on_telling(tmp_path: Path) -> None:
    async with merchant_beside(tmp_path, time_scale=0.05) as merchant:
        merchant.replies += [_broken() for _ in range(20)]
        await merchant.paid()
        await merchant.until_told(1)
    async with merchant_beside(tmp_path) as merchant:
        await merchant.until_notification_is("delivered")
        assert len(merchant.told) == 1
