"""Orders: one for each wish, at the server's price, however often it is asked for."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.payments.conftest import Shop


async def test_the_cart_is_what_is_ordered_and_it_empties_when_paid(shop: Shop) -> None:
    learner = shop.learner()
    await learner.put(await shop.sell(hours=10))
    other = await shop.sell(hours=5)
    order = (await learner.order()).json()
    assert order["amount_fen"] == 15000
    await learner.put(other)

    code_url = (await learner.start_payment(order["order_id"])).json()["code_url"]
    await shop.scan(code_url)
    await shop.until_paid(learner, order["order_id"])
    [left] = (await learner.ask("GET", "/cart")).json()["lines"]
    assert left["id"] == str(other)


async def test_an_empty_cart_is_no_order(shop: Shop) -> None:
    refused = await shop.learner().ask("POST", "/orders")
    assert refused.status_code == 409
    assert refused.json()["code"] == "EmptyCart"


async def test_the_same_key_at_once_makes_one_order(shop: Shop) -> None:  # case 4
    learner, course_id = shop.learner(), await shop.sell(hours=10)
    answers = await asyncio.gather(*(learner.order(course_id, key="K1") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await _count(shop) == 1


async def test_the_same_key_for_another_wish_is_refused(shop: Shop) -> None:  # case 5
    learner = shop.learner()
    ten, eleven = await shop.sell(hours=10), await shop.sell(hours=11)
    await learner.order(ten, key="K1")
    refused = await learner.order(eleven, key="K1")
    assert refused.status_code == 422
    assert refused.json()["code"] == "KeyUsedForAnotherRequest"
    assert await _count(shop) == 1


async def test_a_key_answers_as_the_first_time_also_later(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    first = await learner.order(course_id, key="K1")
    await learner.cancel(first.json()["order_id"])
    assert (await learner.order(course_id, key="K1")).json() == first.json()


async def test_keys_are_each_actors_own(shop: Shop) -> None:
    course_id = await shop.sell()
    orders = [(await shop.learner().order(course_id, key="K1")).json() for _ in range(2)]
    assert orders[0]["order_id"] != orders[1]["order_id"]


async def test_a_refusal_does_not_use_up_its_key(shop: Shop) -> None:
    learner = shop.learner()
    assert (await learner.order(key="K1")).status_code == 409
    await learner.put(await shop.sell())
    assert (await learner.order(key="K1")).status_code == 201


async def test_one_open_order_for_the_same_things_also_without_a_key(shop: Shop) -> None:
    learner, a, b = shop.learner(), await shop.sell(), await shop.sell()
    answers = await asyncio.gather(*(learner.order(*pair) for pair in [(a, b), (b, a)] * 10))
    assert len({answer.json()["number"] for answer in answers}) == 1


async def test_an_order_has_one_number_and_one_code_however_often_asked(shop: Shop) -> None:
    learner = shop.learner()  # case 4
    order = (await learner.order(await shop.sell())).json()
    started = await asyncio.gather(*(learner.start_payment(order["order_id"]) for _ in range(50)))
    assert {answer.status_code for answer in started} <= {201, 202}
    again = await learner.start_payment(order["order_id"])
    codes = {answer.json()["code_url"] for answer in [*started, again]} - {None}
    assert len(codes) == 1
    calls = [c for c in (await shop.provider_state())["calls"] if c["endpoint"] == "create"]
    assert len(calls) == 1


@pytest.mark.parametrize(  # case 6
    "body",
    [
        {"items": []},
        {"items": [{"kind": "course"}]},
        {"items": [{"kind": "course", "id": 7}]},
        {"items": [{"kind": "hours", "id": str(uuid4())}]},
        {"items": [{"kind": "course", "id": str(uuid4()), "amount_fen": 1}]},
        *(
            {"items": [{"kind": "course", "id": str(uuid4()), "hours": hours}]}
            for hours in (0, -1, 1.5, "10", True, 10**9)
        ),
        {"items": "all"},
        {"items": [{"kind": "course", "id": str(uuid4())}] * 101},
        {"amount_fen": 1},
        [],
        "order",
    ],
)
async def test_bad_orders_are_refused_field_by_field(shop: Shop, body: Any) -> None:
    refused = await shop.learner().ask("POST", "/orders", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"]
    assert await _count(shop) == 0
    assert (await shop.provider_state())["calls"] == []


async def test_a_thing_listed_twice_is_refused(shop: Shop) -> None:
    course_id = await shop.sell()
    refused = await shop.learner().order(course_id, course_id)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "items"


async def test_an_order_of_nothing_to_pay_is_paid_at_once(shop: Shop) -> None:
    learner = shop.learner()
    order = (await learner.order(await shop.sell(price_fen=0))).json()
    assert (order["status"], order["method"], order["amount_fen"]) == ("paid", "none", 0)
    [event] = await shop.paid_events()
    assert event.method == "none"
    assert await shop.balances() == {}
    assert (await shop.provider_state())["calls"] == []
    refused = await learner.start_payment(order["order_id"])
    assert refused.json()["code"] == "OrderAlreadyPaid"


async def test_a_price_change_does_not_change_a_placed_order(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell(hours=10)
    order = (await learner.order(course_id)).json()
    await shop.sell(course_id=course_id, version=2, hours=10, price_fen=99)
    assert (await learner.get_order(order["order_id"]))["amount_fen"] == 15000


async def test_a_way_of_paying_that_is_not_known_is_refused(shop: Shop) -> None:
    learner = shop.learner()
    order = (await learner.order(await shop.sell())).json()
    assert (await learner.start_payment(order["order_id"], "cash")).status_code == 422


async def test_orders_of_others_are_not_there(shop: Shop) -> None:  # case 52
    order = (await shop.learner().order(await shop.sell())).json()
    stranger, order_id = shop.learner(), order["order_id"]
    assert (await stranger.ask("GET", f"/orders/{order_id}")).status_code == 404
    assert (await stranger.start_payment(order_id)).status_code == 404
    assert (await stranger.cancel(order_id)).status_code == 404
    assert (await stranger.ask("GET", "/orders")).json()["items"] == []


async def test_the_list_of_orders_goes_on_by_cursor(shop: Shop) -> None:
    learner = shop.learner()
    placed = [(await learner.order(await shop.sell())).json()["order_id"] for _ in range(3)]
    first = (await learner.ask("GET", "/orders?limit=2")).json()
    rest = (await learner.ask("GET", f"/orders?limit=2&cursor={first['next_cursor']}")).json()
    listed = [order["order_id"] for order in first["items"] + rest["items"]]
    assert listed == placed[::-1]
    assert rest["next_cursor"] is None


async def _count(shop: Shop) -> int:
    counted: int = await shop.running.pool.fetchval("SELECT count(*) FROM orders")
    return counted
