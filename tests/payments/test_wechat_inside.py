"""Paying inside WeChat: its browser says who pays, its bridge takes the money ($-2)."""

import asyncio
from pathlib import Path

import pytest

from chassis.web.forms import CSRF_COOKIE
from tests.payments.conftest import MakeShop, Shop
from tests.payments.inside_steps import WECHAT_BROWSER, Phone, placed

OK, FAIL = "get_brand_wcpay_request:ok", "get_brand_wcpay_request:fail"


@pytest.fixture(params=["v2", "v3"])
async def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """Everything here holds for both versions of WeChat's API."""
    return await make_shop(wechat_api_version=request.param)


async def test_a_learner_pays_inside_wechat(shop: Shop) -> None:  # $-2
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    page = await phone.get(f"/orders/{order['order_id']}")
    assert f'href="/orders/{order["order_id"]}/wechat"' in page.text
    assert 'class="qr"' not in page.text

    parameters = await phone.begin(order["order_id"])
    assert sorted(parameters) == [
        "appId",
        "nonceStr",
        "package",
        "paySign",
        "signType",
        "timeStamp",
    ]
    ready = await phone.get(f"/orders/{order['order_id']}")
    assert "data-bridge" in ready.text
    assert await phone.invoke(parameters) == OK
    await shop.until_paid(phone.learner, order["order_id"])
    await shop.assert_paid_once(phone.learner, order)


@pytest.mark.parametrize("name", ["appId", "nonceStr", "package", "paySign", "timeStamp"])
async def test_the_bridge_takes_only_what_we_signed(shop: Shop, name: str) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    parameters = await phone.begin(order["order_id"])
    assert await phone.invoke({**parameters, name: parameters[name][:-1] + "0x"}) == FAIL
    await shop.assert_nothing_happened(phone.learner, order["order_id"])


async def test_hmac_orders_are_opened_with_hmac(make_shop: MakeShop) -> None:
    shop = await make_shop(wechat_sign_type="HMAC-SHA256")
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    parameters = await phone.begin(order["order_id"])
    assert parameters["signType"] == "HMAC-SHA256"
    assert await phone.invoke(parameters) == OK


async def test_a_code_and_the_bridge_both_paid_settle_once(shop: Shop) -> None:  # case 27
    phone = Phone(shop, shop.learner())
    order = await shop.open_order(phone.learner)
    parameters = await phone.begin(order["order_id"])
    await shop.fault("notify", "lost", times=2)
    await asyncio.gather(phone.invoke(parameters), shop.scan(order["code_url"]))
    await asyncio.gather(*(shop.sweep() for _ in range(5)))
    assert len(await shop.paid_events()) == 1
    assert await shop.discrepancies() == ["surplus"]
    assert await shop.balances() == {
        "asset:wechat": 30000,
        "revenue:hours": -15000,
        "liability:surplus": -15000,
    }
    for number in (1, 2):
        assert await shop.notify(f"{order['number']}-{number}"), "both notifications are taken"
    assert await shop.discrepancies() == ["surplus"]


async def test_when_one_way_is_paid_the_other_is_closed(shop: Shop) -> None:
    phone = Phone(shop, shop.learner())
    order = await shop.open_order(phone.learner)
    parameters = await phone.begin(order["order_id"])
    await shop.scan(order["code_url"])
    await shop.until_paid(phone.learner, order["order_id"])
    await shop.sweep()
    assert await phone.invoke(parameters) == FAIL
    statuses = await shop.running.pool.fetch("SELECT status FROM attempts ORDER BY ordinal")
    assert [row["status"] for row in statuses] == ["paid", "closed"]


async def test_asking_again_is_the_same_attempt_and_another_person_is_a_new_one(
    shop: Shop,
) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    first = await phone.begin(order["order_id"])
    assert (await phone.begin(order["order_id"]))["package"] == first["package"]

    another = Phone(shop, phone.learner)
    second = await another.begin(order["order_id"])
    assert second["package"] != first["package"]
    await shop.sweep()
    assert await phone.invoke(first) == FAIL
    assert await another.invoke(second) == OK
    await shop.until_paid(phone.learner, order["order_id"])


async def test_fifty_clicks_at_once_make_one_attempt(shop: Shop) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    codes = [await phone.code(order["order_id"]) for _ in range(50)]
    answers = await asyncio.gather(
        *(
            phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=code)
            for code in codes
        )
    )
    assert {answer.status_code for answer in answers} <= {201, 202}
    assert await shop.running.pool.fetchval("SELECT count(*) FROM attempts") == 1
    assert len((await shop.provider_state())["orders"]) == 1


async def test_an_app_pays_with_a_code_of_wechats(shop: Shop) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    code = await phone.code(order["order_id"])
    started = await phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=code)
    assert started.status_code == 201, started.text
    assert await phone.invoke(started.json()["bridge"]) == OK
    await shop.until_paid(phone.learner, order["order_id"])
    await shop.assert_paid_once(phone.learner, order)


async def test_a_code_that_says_nothing_is_refused(shop: Shop) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    code = await phone.code(order["order_id"])
    for wrong in ("x", "unknown-code", "a b c d e f g h"):
        refused = await phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=wrong)
        assert (refused.status_code, refused.json()["code"]) == (409, "PayerNotKnown")
    assert (
        await phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=code)
    ).is_success
    used = await phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=code)
    assert used.json()["code"] == "PayerNotKnown"


async def test_a_code_belongs_to_paying_inside_wechat(shop: Shop) -> None:
    learner = shop.learner()
    order = await placed(shop, learner)
    without = await learner.start_payment(order["order_id"], "wechat_jsapi")
    needless = await learner.start_payment(order["order_id"], "wechat_native", code="12345678")
    assert (without.status_code, needless.status_code) == (422, 422)
    assert (await shop.provider_state())["orders"] == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("error_500", "ProviderRefused"),
        ("not_json", "ProviderRefused"),
        ("invalid_code", "PayerNotKnown"),
    ],
)
async def test_a_silent_oauth_is_said_and_can_be_tried_again(
    shop: Shop, kind: str, code: str
) -> None:
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    await shop.fault("oauth", kind)
    wechat_code = await phone.code(order["order_id"])
    failed = await phone.learner.start_payment(order["order_id"], "wechat_jsapi", code=wechat_code)
    assert failed.json()["code"] == code
    assert await phone.invoke(await phone.begin(order["order_id"])) == OK


async def test_a_return_that_this_browser_did_not_ask_for_does_nothing(shop: Shop) -> None:
    phone, victim = Phone(shop, shop.learner()), Phone(shop, shop.learner())
    order = await placed(shop, victim.learner)
    back = await victim.go_to_wechat(order["order_id"])
    address = back.headers["location"]
    for wrong in (address.replace("state=", "state=0"), address.partition("&state=")[0]):
        answer = await victim.come_back(wrong)
        assert answer.headers["location"] == f"/orders/{order['order_id']}"
    victim.cookies.clear()
    assert (await victim.come_back(address)).headers["location"] == f"/orders/{order['order_id']}"
    said = await victim.get(f"/orders/{order['order_id']}")
    assert "微信未能确认您的身份" in said.text
    assert (await phone.come_back(address)).status_code in (303, 404)
    assert await shop.running.pool.fetchval("SELECT count(*) FROM attempts") == 0


async def test_the_order_of_another_is_not_there(shop: Shop) -> None:  # case 52
    order = await placed(shop, shop.learner())
    stranger = Phone(shop, shop.learner())
    assert (await stranger.get(f"/orders/{order['order_id']}/wechat")).status_code == 404


async def test_an_order_placed_inside_wechat_asks_for_no_qr_code(shop: Shop) -> None:
    learner = shop.learner()
    await learner.put(await shop.sell())
    token = "t" * 43
    headers = {
        **learner.headers,
        "User-Agent": WECHAT_BROWSER,
        "Cookie": f"{CSRF_COOKIE}={token}",
    }
    answer = await learner.client.post("/orders", data={"csrf": token}, headers=headers)
    assert answer.status_code == 303
    assert (await shop.provider_state())["orders"] == []
    other_phone = await Phone(shop, learner).get(f"{answer.headers['location']}?code=yes")
    assert "获取二维码" in other_phone.text


async def test_no_openid_and_no_secret_of_the_app_is_logged(
    shop: Shop, log_file: Path
) -> None:  # case 47
    phone = Phone(shop, shop.learner())
    order = await placed(shop, phone.learner)
    assert await phone.invoke(await phone.begin(order["order_id"])) == OK
    await shop.until_paid(phone.learner, order["order_id"])
    openid = await shop.running.pool.fetchval("SELECT openid FROM attempts")
    logged = log_file.read_text()
    assert openid.startswith("oSimulated")
    assert openid not in logged
    assert "simulated-app-secret" not in logged
    for message in await shop.running.told():
        assert openid.encode() not in message.body
