"""Cart and orders as pages: forms without JavaScript, in Chinese and English."""

import re
from typing import Any

import httpx

from chassis.permissions import Permission
from chassis.web.forms import CSRF_COOKIE
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop

TOKEN = "t" * 43


async def get(learner: Learner, path: str) -> httpx.Response:
    return await learner.client.get(path, headers=learner.headers)


async def post(learner: Learner, path: str) -> httpx.Response:
    headers = {**learner.headers, "Cookie": f"{CSRF_COOKIE}={TOKEN}"}
    return await learner.client.post(path, data={"csrf": TOKEN}, headers=headers)


async def test_a_learner_fills_the_cart_orders_and_sees_the_code(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell(hours=40)
    added = await post(learner, f"/cart/items/course/{course_id}")
    assert (added.status_code, added.headers["location"]) == (303, "/cart")
    cart = await get(learner, "/cart")
    for word in ("购物车", "提交订单", "￥600.00", "ISO/IEC 17025 实验室认可准则"):
        assert word in cart.text

    placed = await post(learner, "/orders")
    assert placed.status_code == 303
    order = await get(learner, placed.headers["location"])
    for word in ("微信支付", "￥600.00", 'class="qr"', "取消订单", 'type="module"'):
        assert word in order.text

    shown: dict[str, Any] = (await learner.ask("GET", "/orders")).json()["items"][0]
    started = await learner.start_payment(shown["order_id"])
    await shop.scan(started.json()["code_url"])
    await shop.until_paid(learner, shown["order_id"])
    paid = await get(learner, placed.headers["location"])
    assert "订单已付款" in paid.text
    assert "/study" in paid.text
    assert 'class="qr"' not in paid.text


async def test_what_is_removed_leaves_the_cart(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await post(learner, f"/cart/items/course/{course_id}")
    removed = await post(learner, f"/cart/items/course/{course_id}/remove")
    assert removed.status_code == 303
    assert "购物车是空的" in (await get(learner, "/cart")).text


async def test_a_refusal_is_said_on_the_cart(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await post(learner, f"/cart/items/package/{await shop.sell_package(course_id)}")
    refused = await post(learner, f"/cart/items/course/{course_id}")
    assert refused.status_code == 409
    assert "已包含在购物车的打包课程" in refused.text
    empty = await post(shop.learner(), "/orders")
    assert empty.status_code == 409
    assert "购物车是空的，请先选课" in empty.text


async def test_titles_are_shown_and_never_run(shop: Shop) -> None:
    learner = shop.learner()
    course_id = await shop.sell(title="<script>alert(1)</script>")
    await post(learner, f"/cart/items/course/{course_id}")
    await post(learner, "/orders")
    for path in ("/cart", "/orders"):
        text = (await get(learner, path)).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


async def test_a_form_from_elsewhere_is_refused(shop: Shop) -> None:
    learner = shop.learner()
    answer = await learner.client.post("/orders", headers=learner.headers)
    assert answer.status_code == 403


async def test_a_silent_provider_leaves_the_order_waiting_for_its_code(shop: Shop) -> None:
    learner = shop.learner()
    await post(learner, f"/cart/items/course/{await shop.sell()}")
    await shop.fault("create", "error_500")
    placed = await post(learner, "/orders")
    page = await get(learner, placed.headers["location"])
    assert "正在向微信获取二维码" in page.text
    await shop.sweep()
    assert 'class="qr"' in (await get(learner, placed.headers["location"])).text


async def test_cancelling_says_so_and_keeps_the_cart(shop: Shop) -> None:
    learner = shop.learner()
    await post(learner, f"/cart/items/course/{await shop.sell()}")
    here = (await post(learner, "/orders")).headers["location"]
    cancelled = await post(learner, f"{here}/cancellation")
    assert (cancelled.status_code, cancelled.headers["location"]) == (303, here)
    assert "订单已取消" in (await get(learner, here)).text
    again = await post(learner, f"{here}/payments")
    assert again.status_code == 409
    assert "订单已取消，请从购物车重新提交" in again.text
    assert "提交订单" in (await get(learner, "/cart")).text


async def test_the_pages_speak_english_too(shop: Shop) -> None:
    learner = shop.learner()
    await post(learner, f"/cart/items/course/{await shop.sell(hours=1)}")
    text = (await get(learner, "/cart?lang=en")).text
    assert "Place the order" in text
    assert "1 credit hour</strong>" in text


async def test_orders_of_others_are_not_there(shop: Shop) -> None:  # case 52
    order = await shop.open_order(shop.learner())
    stranger, here = shop.learner(), f"/orders/{order['order_id']}"
    assert (await get(stranger, here)).status_code == 404
    assert (await post(stranger, f"{here}/payments")).status_code == 404
    assert (await post(stranger, f"{here}/cancellation")).status_code == 404
    assert (await get(stranger, "/orders/none")).status_code == 404


async def test_who_is_not_signed_in_is_sent_to_sign_in(shop: Shop) -> None:
    answer = await shop.running.client.get("/cart")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/cart")


async def test_staff_see_what_does_not_fit_first(shop: Shop, staff_token: Any) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "wrong_amount")
    await shop.notify(order["out_trade_no"], forge=True)
    staff = Learner(
        learner.learner_id, learner.client, bearer(staff_token(Permission.PAYMENTS_READ))
    )
    desk = (await get(staff, "/staff/payments")).text
    assert desk.index("对不上的付款") < desk.index("每日收入")
    assert order["out_trade_no"] in desk
    assert "金额与订单不同" in desk
    assert re.search(r"￥0\.01", desk)

    found = (
        await get(staff, f"/staff/payments/orders?status=unpaid&q={order['number'].lower()}")
    ).text
    assert f">{order['number']}<" in found
    none = (await get(staff, "/staff/payments/orders?status=paid&q=x")).text
    assert "没有符合条件的订单" in none


async def test_the_desk_is_for_staff_with_the_right_alone(shop: Shop, staff_token: Any) -> None:
    client = shop.running.client
    assert (await client.get("/staff/payments")).status_code == 303
    other = bearer(staff_token(Permission.CATALOGUE_WRITE))
    assert (await client.get("/staff/payments", headers=other)).status_code == 403
