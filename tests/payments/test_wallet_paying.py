"""Orders are paid from the CNY account: the whole sum, once, never below zero ($-4, $-9)."""

import asyncio
from collections import Counter

from contracts.payments import PaymentMethod
from tests.payments.cards_steps import top_up, wallet_of
from tests.payments.conftest import Learner, Shop


async def orders_of(shop: Shop, learner: Learner, count: int, *, hours: int = 1) -> list[str]:
    """Open orders of different courses."""
    return [
        (await learner.order(await shop.sell(hours=hours))).json()["order_id"] for _ in range(count)
    ]


async def test_an_order_is_paid_from_the_balance_and_its_courses_open(shop: Shop) -> None:  # $-4
    learner = shop.learner()
    await top_up(shop, learner, 20000)
    order = (await learner.order(await shop.sell(hours=10))).json()
    paid = await learner.start_payment(order["order_id"], "wallet")
    assert (paid.status_code, paid.json()["status"]) == (201, "paid")
    assert paid.json()["code_url"] is None

    shown = await learner.get_order(order["order_id"])
    assert (shown["status"], shown["method"]) == ("paid", "wallet")
    [event] = await shop.paid_events()
    assert (event.method, event.amount_fen) == (PaymentMethod.WALLET, 15000)
    wallet = await wallet_of(learner)
    assert wallet["balance_fen"] == 5000
    assert [(e["kind"], e["amount_fen"], e["balance_fen"]) for e in wallet["entries"]] == [
        ("order_paid", -15000, 5000),
        ("card_redeemed", 20000, 20000),
    ]
    assert wallet["entries"][0]["label"] == order["number"]
    balances = await shop.balances()
    assert balances["revenue:hours"] == -15000
    assert balances[f"liability:wallet:{learner.learner_id}"] == -5000


async def test_of_fifty_orders_at_once_ten_are_paid(shop: Shop) -> None:  # case 38
    learner = shop.learner()
    await top_up(shop, learner, 15000)
    orders = await orders_of(shop, learner, 50)
    answers = await asyncio.gather(*(learner.start_payment(each, "wallet") for each in orders))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    refusals = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refusals == {"BalanceTooLow"}
    assert (await wallet_of(learner))["balance_fen"] == 0
    assert len(await shop.paid_events()) == 10


async def test_one_order_is_paid_once_however_often_it_is_asked(shop: Shop) -> None:
    learner = shop.learner()
    await top_up(shop, learner, 45000)
    [order_id] = await orders_of(shop, learner, 1, hours=10)
    answers = await asyncio.gather(*(learner.start_payment(order_id, "wallet") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert (await wallet_of(learner))["balance_fen"] == 30000
    assert len(await shop.paid_events()) == 1


async def test_a_balance_that_covers_only_a_part_pays_nothing(shop: Shop) -> None:
    learner = shop.learner()
    await top_up(shop, learner, 14999)
    [order_id] = await orders_of(shop, learner, 1, hours=10)
    refused = await learner.start_payment(order_id, "wallet")
    assert (refused.status_code, refused.json()["code"]) == (409, "BalanceTooLow")
    assert (await wallet_of(learner))["balance_fen"] == 14999
    assert (await learner.get_order(order_id))["status"] == "unpaid"


async def test_a_course_that_is_owned_is_refused_before_anything_is_paid(shop: Shop) -> None:
    learner = shop.learner()
    await top_up(shop, learner, 60000)
    one, two = await shop.sell(hours=10), await shop.sell(hours=10)
    both = (await learner.order(one, two)).json()
    single = (await learner.order(one)).json()
    assert (await learner.start_payment(single["order_id"], "wallet")).status_code == 201
    refused = await learner.start_payment(both["order_id"], "wallet")
    assert refused.json()["code"] == "CourseAlreadyOwned"
    assert (await wallet_of(learner))["balance_fen"] == 45000


async def test_orders_that_have_ended_take_nothing_from_the_account(shop: Shop) -> None:
    learner, other = shop.learner(), shop.learner()
    await top_up(shop, learner, 60000)
    cancelled, late, foreign = await orders_of(shop, learner, 3)
    await learner.cancel(cancelled)
    await shop.let_time_pass(late)
    for order_id, code in ((cancelled, "OrderCancelled"), (late, "OrderExpired")):
        refused = await learner.start_payment(order_id, "wallet")
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert (await other.start_payment(foreign, "wallet")).status_code == 404
    assert (await wallet_of(learner))["balance_fen"] == 60000


async def test_a_scan_after_paying_from_the_account_is_surplus(shop: Shop) -> None:  # $-4
    learner = shop.learner()
    await top_up(shop, learner, 15000)
    order = await shop.open_order(learner)
    assert (await learner.start_payment(order["order_id"], "wallet")).status_code == 201
    shown = await learner.get_order(order["order_id"])
    assert shown["payment"]["status"] == "closing"

    await shop.scan(order["code_url"])
    await shop.sweep()
    assert (await learner.get_order(order["order_id"]))["method"] == "wallet"
    assert len(await shop.paid_events()) == 1
    assert await shop.discrepancies() == ["surplus"]
    balances = await shop.balances()
    assert balances["liability:surplus"] == -15000
    assert balances["revenue:hours"] == -15000


async def test_a_scan_and_the_account_at_once_pay_once(shop: Shop) -> None:
    learner = shop.learner()
    await top_up(shop, learner, 15000)
    order = await shop.open_order(learner)
    await asyncio.gather(
        shop.scan(order["code_url"]), learner.start_payment(order["order_id"], "wallet")
    )
    await shop.sweep()
    await shop.until_paid(learner, order["order_id"])
    [event] = await shop.paid_events()
    balances = await shop.balances()
    assert balances["revenue:hours"] == -15000
    left = (await wallet_of(learner))["balance_fen"]
    by_wallet = event.method is PaymentMethod.WALLET
    assert (left, balances.get("liability:surplus", 0)) == (
        (0, -15000) if by_wallet else (15000, 0)
    )


async def test_entries_are_paged_and_every_balance_adds_up(shop: Shop) -> None:
    learner = shop.learner()
    for _ in range(3):
        await top_up(shop, learner, 15000)
    for order_id in await orders_of(shop, learner, 4):
        await learner.start_payment(order_id, "wallet")
    entries, cursor = [], ""
    while cursor is not None:
        shown = await wallet_of(learner, limit="2", **({"cursor": cursor} if cursor else {}))
        entries += shown["entries"]
        cursor = shown["next_cursor"]
    assert len(entries) == 7
    balance = 0
    for entry in reversed(entries):
        balance += entry["amount_fen"]
        assert entry["balance_fen"] == balance
    assert balance == shown["balance_fen"] == 39000
    assert (await wallet_of(shop.learner())) == {
        "balance_fen": 0,
        "entries": [],
        "next_cursor": None,
    }
