"""All ways of money at once: whatever a learner and staff do, in whatever order or at the same
time, the books are right ($-4, $-7, $-8, $-9).

More lives than the few of every run, drawn anew each time, and the shortest script of a failure:
MONEY_LIVES=500 python -m pytest --timeout=0 tests/payments/test_money.py
"""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.payments.conftest import MakeShop, Shop
from tests.payments.money_life import Life, assert_the_books_are_right, send_money_back
from tests.payments.money_model import OK, Card, Order, Purse

LIVES = int(os.environ.get("MONEY_LIVES", "0"))
FEN = st.integers(1, 30_000)
PICK = st.integers(0, 3)
WISH = st.none() | st.sampled_from([1, 1500, 4500]) | FEN
STEP = st.one_of(
    st.tuples(st.just("issue_card"), FEN),
    st.tuples(st.just("redeem"), PICK, st.sampled_from([True, True, True, False])),
    st.tuples(st.just("order"), st.integers(1, 10), st.integers(0, 10)),
    st.tuples(st.just("pay"), PICK, st.sampled_from(["wallet", "wechat"])),
    st.tuples(st.just("cancel"), PICK),
    st.tuples(st.just("refund"), PICK, WISH, st.booleans()),
    st.tuples(st.just("refund"), PICK, WISH, st.booleans()),
    st.tuples(st.just("ask_invoice"), FEN),
    st.tuples(st.just("cancel_invoice"), PICK),
)
Step = tuple[Any, ...]
# A life begins with something to lose.
START: tuple[Step, ...] = (
    ("issue_card", 30_000),
    ("redeem", 0, True),
    ("order", 10, 3),
    ("order", 4, 0),
    ("pay", 0, "wallet"),
)


def lives(of_every_run: int) -> settings:
    """Each example is somebody else's life in the same shop."""
    return settings(
        deadline=None,
        derandomize=not LIVES,
        max_examples=LIVES or of_every_run,
        phases=tuple(Phase) if LIVES else (Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop()


@lives(of_every_run=25)
@given(st.lists(STEP, min_size=4, max_size=20))
async def test_each_deed_ends_as_the_model_says(shop: Shop, script: list[Step]) -> None:
    life, purse = await _begin(shop), Purse()
    for step in (*START, *script):
        if (expected := _expect(purse, step)) is None:
            continue
        assert await _do(life, step) == expected, step
        assert await life.balance_fen() == purse.wallet_fen, step
    room = await life.room()
    assert room["paid_fen"] == purse.paid_fen
    assert room["refunded_fen"] == purse.refunded_fen
    assert room["invoiced_fen"] == purse.invoiced_fen <= purse.paid_fen - purse.refunded_fen
    await assert_the_books_are_right(shop)


@lives(of_every_run=15)
@given(st.lists(st.lists(STEP, min_size=2, max_size=8), min_size=1, max_size=4))
async def test_the_books_are_right_whatever_happens_at_the_same_time(
    shop: Shop, script: list[list[Step]]
) -> None:
    life = await _begin(shop)
    for step in START:
        await _do(life, step)
    for at_once in script:
        known = [step for step in at_once if _is_possible(life, step)]
        twice = [*known, *known[:2]]  # some are sent twice
        await asyncio.gather(*(_do(life, step) for step in twice))
        await assert_the_books_are_right(shop)


async def _begin(shop: Shop) -> Life:
    # All learners here come from one address, whose wrong codes are limited.
    await shop.running.pool.execute("DELETE FROM card_tries")
    await send_money_back(shop)
    return await Life.begin(shop)


async def _do(life: Life, step: Step) -> str:
    match step:
        case ("issue_card", int(fen)):
            return await life.issue_card(fen)
        case ("redeem", int(pick), bool(by_owner)):
            return await life.redeem(pick % len(life.codes), by_owner=by_owner)
        case ("order", int(hours), int(studied)):
            return await life.order(hours, min(hours, studied))
        case ("pay", int(pick), str(method)):
            return await life.pay(pick % len(life.orders), method)
        case ("cancel", int(pick)):
            return await life.cancel(pick % len(life.orders))
        case ("refund", int(pick), wish, bool(to_wallet)):
            return await life.refund(pick % len(life.orders), wish, to_wallet=to_wallet)
        case ("ask_invoice", int(fen)):
            return await life.ask_invoice(fen)
        case ("cancel_invoice", int(pick)):
            return await life.cancel_invoice(pick % len(life.invoice_ids))
    raise AssertionError(step)


def _expect(purse: Purse, step: Step) -> str | None:
    """What the model says; None where there is nothing yet to do it to."""
    match step:
        case ("issue_card", int(fen)):
            purse.cards.append(Card(fen))
            return OK
        case ("redeem", int(pick), bool(by_owner)) if purse.cards:
            return purse.redeem(purse.cards[pick % len(purse.cards)], by_owner=by_owner)
        case ("order", int(hours), int(studied)):
            purse.orders.append(Order(hours, min(hours, studied)))
            return OK
        case ("pay", int(pick), str(method)) if purse.orders:
            return purse.pay(purse.orders[pick % len(purse.orders)], method)
        case ("cancel", int(pick)) if purse.orders:
            return purse.cancel(purse.orders[pick % len(purse.orders)])
        case ("refund", int(pick), wish, bool(to_wallet)) if purse.orders:
            order = purse.orders[pick % len(purse.orders)]
            return purse.refund(order, wish, to_wallet=to_wallet)
        case ("ask_invoice", int(fen)):
            return purse.ask_invoice(fen)
        case ("cancel_invoice", int(pick)) if purse.invoices:
            purse.invoices[pick % len(purse.invoices)].status = "cancelled"
            return OK
    return None


def _is_possible(life: Life, step: Step) -> bool:
    return bool(step[0] != "cancel_invoice" or life.invoice_ids)
