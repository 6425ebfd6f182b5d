"""What the discount does to prices: ten required hours cost nothing, once in a cycle ($-6)."""

import asyncio
from datetime import date
from typing import Any

from contracts.catalogue import CourseRetired
from tests.payments.conftest import Learner, Shop
from tests.payments.discount_steps import (
    apply,
    desk,
    discounts,
    get,
    granted,
    holder,
    known,
    post,
    required,
)


async def cart(learner: Learner) -> dict[str, Any]:
    return dict((await learner.ask("GET", "/cart")).json())


async def hours_left(learner: Learner) -> int:
    return int((await discounts(learner))[0]["hours_left"])


async def test_ten_required_hours_cost_nothing_and_open_at_once(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    course_id = await required(shop)
    await learner.put(course_id)
    shown = await cart(learner)
    assert (shown["amount_fen"], shown["discount_fen"]) == (0, 15000)
    order = (await learner.order()).json()
    assert (order["status"], order["amount_fen"], order["method"]) == ("paid", 0, "none")
    [line] = order["lines"]
    assert (line["amount_fen"], line["discount_fen"]) == (0, 15000)
    [event] = await shop.paid_events()
    assert event.lines[0].course_ids == [course_id]
    assert await shop.balances() == {}
    assert await hours_left(learner) == 0


async def test_the_rest_of_a_mixed_cart_is_paid(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    for course_id in (await required(shop), await shop.sell(hours=30)):
        await learner.put(course_id)
    order = (await learner.order()).json()
    assert order["amount_fen"] == 45000
    started = await learner.start_payment(order["order_id"])
    await shop.scan(started.json()["code_url"])
    paid = await shop.until_paid(learner, order["order_id"])
    await shop.assert_paid_once(learner, paid)
    assert await hours_left(learner) == 0


async def test_hours_beyond_the_ten_are_paid(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    await learner.put(await required(shop, hours=8))
    shown = (await learner.put(await required(shop, hours=4))).json()
    assert [line["amount_fen"] for line in shown["lines"]] == [0, 3000]


async def test_the_ten_hours_may_be_taken_in_parts_but_never_twice(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    first = (await learner.order(await required(shop, hours=6))).json()
    second = (await learner.order(await required(shop, hours=6))).json()
    third = (await learner.order(await required(shop, hours=6))).json()
    assert [order["amount_fen"] for order in (first, second, third)] == [0, 3000, 9000]


async def test_electives_and_packages_keep_their_price(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    package_id = await shop.sell_package(await required(shop))
    assert (await learner.put(package_id, "package")).json()["amount_fen"] == 60000
    assert (await learner.put(await shop.sell(hours=1))).json()["amount_fen"] == 61500


async def test_without_a_granted_discount_required_hours_have_their_price(  # $-6
    shop: Shop,
) -> None:
    learner, course_id = await holder(shop), await required(shop)
    await apply(learner)
    assert (await learner.put(course_id)).json()["amount_fen"] == 15000
    assert (await shop.learner().put(course_id)).json()["amount_fen"] == 15000


async def test_an_order_from_before_the_grant_is_placed_anew_at_the_new_price(  # $-6
    shop: Shop, staff_token: Any
) -> None:
    learner, course_id = await holder(shop), await required(shop)
    await learner.put(course_id)
    dear = (await learner.order()).json()
    case = (await apply(learner)).json()
    path = f"/staff/payments/discounts/{case['discount_id']}/grant"
    await post(shop.running.client, desk(staff_token), path)
    free = (await learner.order()).json()
    assert (free["status"], free["amount_fen"]) == ("paid", 0)
    assert (await learner.get_order(dear["order_id"]))["status"] == "cancelled"


async def test_asking_again_gives_the_same_discounted_order(shop: Shop) -> None:
    learner = await granted(shop)
    items = (await required(shop), await shop.sell(hours=1))
    orders = [(await learner.order(*items)).json() for _ in range(3)]
    assert {order["number"] for order in orders} == {orders[0]["number"]}
    assert await hours_left(learner) == 0


async def test_cancelling_gives_the_free_hours_back(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    items = (await required(shop), await shop.sell(hours=1))
    order = (await learner.order(*items)).json()
    assert await hours_left(learner) == 0
    for _ in range(2):
        await learner.cancel(order["order_id"])
    assert await hours_left(learner) == 10
    assert (await learner.order(*items)).json()["amount_fen"] == 1500


async def test_an_expired_order_gives_the_free_hours_back(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    order = (await learner.order(await required(shop), await shop.sell(hours=1))).json()
    await shop.let_time_pass(order["order_id"])
    await shop.sweep()
    assert (await learner.get_order(order["order_id"]))["status"] == "expired"
    assert await hours_left(learner) == 10


async def test_an_unpaid_order_holds_the_free_hours_and_the_cart_says_so(shop: Shop) -> None:
    learner = await granted(shop)
    held = (await learner.order(await required(shop), await shop.sell(hours=1))).json()
    await learner.put(await required(shop))
    assert (await cart(learner))["amount_fen"] == 15000
    page = await get(shop.running.client, learner.headers, "/cart")
    assert f"待付款的订单 {held['number']}" in page.text


async def test_fifty_orders_at_once_share_ten_free_hours(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    courses = [await required(shop) for _ in range(50)]
    answers = await asyncio.gather(*(learner.order(course_id) for course_id in courses))
    amounts = [answer.json()["amount_fen"] for answer in answers]
    assert sorted(set(amounts)) == [0, 15000]
    assert amounts.count(0) == 1
    taken = "SELECT hours_taken FROM discounts"
    assert await shop.running.pool.fetchval(taken) == 10


async def test_late_money_for_hours_that_went_elsewhere_is_owed_back(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    late = (await learner.order(await required(shop), await shop.sell(hours=1))).json()
    code_url = (await learner.start_payment(late["order_id"])).json()["code_url"]
    await learner.cancel(late["order_id"])
    assert (await learner.order(await required(shop))).json()["status"] == "paid"
    await shop.scan(code_url)
    await shop.sweep()
    assert (await learner.get_order(late["order_id"]))["status"] == "cancelled"
    assert await shop.balances() == {"asset:wechat": 1500, "liability:surplus": -1500}


async def test_late_money_takes_the_free_hours_again_where_they_are_left(shop: Shop) -> None:
    learner = await granted(shop)
    late = (await learner.order(await required(shop), await shop.sell(hours=1))).json()
    code_url = (await learner.start_payment(late["order_id"])).json()["code_url"]
    await learner.cancel(late["order_id"])
    await shop.scan(code_url)
    await shop.sweep()
    assert (await learner.get_order(late["order_id"]))["status"] == "paid"
    assert await hours_left(learner) == 0


async def test_the_discount_of_one_cycle_is_none_in_the_next(shop: Shop) -> None:  # $-6
    learner, course_id = await granted(shop), await required(shop)
    await known(shop, learner, expires_on=date(2031, 3, 1), version=2)
    assert (await learner.put(course_id)).json()["amount_fen"] == 15000


async def test_a_price_that_hours_do_not_divide_is_whole_fen_and_free_at_ten(shop: Shop) -> None:
    learner = await granted(shop)
    shown = (await learner.put(await required(shop, hours=12, price_fen=10001))).json()
    assert shown["amount_fen"] == 10001 - 10001 * 10 // 12


async def test_the_cart_and_the_order_show_the_old_price_struck(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    await learner.put(await required(shop))
    page = (await get(shop.running.client, learner.headers, "/cart")).text
    assert "<del" in page
    for word in ("￥150.00", "￥0.00", "学习优惠", "无需付款"):
        assert word in page
    order = (await learner.order()).json()
    shown = (await get(shop.running.client, learner.headers, f"/orders/{order['order_id']}")).text
    assert "<del" in shown


async def test_a_course_of_unknown_kind_keeps_its_price_and_the_desk_asks_to_publish_it(
    shop: Shop, staff_token: Any
) -> None:
    learner, course_id = await granted(shop), await required(shop)
    await shop.running.pool.execute("UPDATE courses SET kind = NULL")  # from before 0010
    assert (await learner.put(course_id)).json()["amount_fen"] == 15000
    page = await get(shop.running.client, desk(staff_token), "/staff/payments/discounts")
    assert "请重新发布" in page.text
    await shop.running.deliver(CourseRetired(course_id=course_id, version=2))
    await required(shop, course_id=course_id, version=3)
    assert (await cart(learner))["amount_fen"] == 0
