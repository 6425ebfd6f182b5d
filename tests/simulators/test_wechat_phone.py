"""Inside WeChat: OAuth and the bridge of the simulated provider, through HTTP."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulators.wechat_pay import protocol
from simulators.wechat_pay.app import DEMO_APP_SECRET

from .conftest import APP_ID, KEY, Merchant

BACK = "http://127.0.0.1:8000/orders/1/wechat/callback"
AUTHORIZE = {
    "appid": APP_ID,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "s1",
}
INSIDE = {"trade_type": "JSAPI", "openid": "oPayer"}


async def authorize(merchant: Merchant, **changes: str) -> httpx.Response:
    return await merchant.client.get("/connect/oauth2/authorize", params=AUTHORIZE | changes)


async def exchange(merchant: Merchant, code: str, **changes: str) -> dict[str, Any]:
    asked = {"appid": APP_ID, "secret": DEMO_APP_SECRET, "code": code} | changes
    answer = await merchant.client.get("/sns/oauth2/access_token", params=asked)
    return dict(answer.json())


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    assert parse_qs(back.query)["state"] == ["s1"]
    return parse_qs(back.query)["code"][0]


async def test_a_code_names_a_person_once(merchant: Merchant) -> None:
    first, second = [code_of(await authorize(merchant)) for _ in range(2)]
    told = await exchange(merchant, first)
    assert told["scope"] == "snsapi_base"
    assert (await exchange(merchant, second))["openid"] == told["openid"], "the same browser"
    assert (await exchange(merchant, first))["errcode"] == 40163
    assert (await exchange(merchant, "unknown"))["errcode"] == 40029
    assert (await exchange(merchant, first, secret="wrong"))["errcode"] == 40125
    late = code_of(await authorize(merchant))
    await merchant.client.post("/control/clock", json={"advance_seconds": 301})
    assert (await exchange(merchant, late))["errcode"] == 40029


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": "wx0"},
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"redirect_uri": f"{BACK}?a=1"},
        {"scope": "snsapi_userinfo"},
        {"state": ""},
    ],
)
async def test_nobody_is_sent_elsewhere(merchant: Merchant, changes: dict[str, str]) -> None:
    assert (await authorize(merchant, **changes)).status_code == 400


async def test_the_bridge_pays_what_is_signed_by_the_merchant(merchant: Merchant) -> None:
    prepay_id = (await merchant.create(**INSIDE))["prepay_id"]
    assert await invoke(merchant, signed(prepay_id)) == "get_brand_wcpay_request:ok"
    paid = await merchant.query()
    assert (paid["trade_state"], paid["trade_type"], paid["openid"]) == (
        *("SUCCESS", "JSAPI"),
        "oPayer",
    )
    assert await invoke(merchant, signed(prepay_id)) == "get_brand_wcpay_request:fail"


@pytest.mark.parametrize(
    "changes",
    [
        {"paySign": "0" * 32},
        {"package": "prepay_id=wxother"},
        {"appId": "wx0"},
        {"timeStamp": str(int(time.time()) - 400)},
        {"signType": "HMAC-SHA256"},
        {"signType": "RSA"},
        {"extra": "1"},
        {"openid": "oAnother"},
    ],
)
async def test_the_bridge_refuses_what_is_not(merchant: Merchant, changes: dict[str, str]) -> None:
    prepay_id = (await merchant.create(**INSIDE))["prepay_id"]
    asked = signed(prepay_id) | changes
    assert await invoke(merchant, asked) == "get_brand_wcpay_request:fail"
    assert (await merchant.query())["trade_state"] == "NOTPAY"


def signed(prepay_id: str) -> dict[str, str]:
    fields = {
        "appId": APP_ID,
        "timeStamp": str(int(time.time())),
        "nonceStr": "n1",
        "package": f"prepay_id={prepay_id}",
        "signType": "MD5",
    }
    return {**fields, "paySign": protocol.sign(fields, KEY)}


async def invoke(merchant: Merchant, asked: dict[str, str]) -> str:
    answer = await merchant.client.post("/bridge/pay", json={"openid": "oPayer", **asked})
    return str(answer.json()["err_msg"])
