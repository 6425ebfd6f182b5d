"""All ways of money at once: whatever a learner and staff do, in whatever order or at the same
time, the books are right ($-4, $-7, $-8, $-9).

More lives than the few of every run, drawn anew each time, and the shortest script of a failure:
MONEY_LIVES=500 python -m pytest --timeout=0 tests/payments/test_money.py
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chassis.permissions import Permission
from tests.conftest import bearer
from tests.payments.conftest import Shop
from tests.payments.invoice_steps import Clerk
from tests.payments.money_books import assert_the_books_are_right
from tests.payments.money_life import Life, send_money_back
from tests.payments.money_model import OK, Card, Order, Purse
from tests.payments.refund_steps import Desk

LIVES = int(os.environ.get("MONEY_LIVES", "0"))
FEN = st.integers(1, 30_000)
PICK = st.integers(0, 3)
WISH = st.none() | st.sampled_from([1, 1500, 4500]) | FEN
STEP = st.one_of(  # the first are drawn most
    st.tuples(st.just("ask_refund"), PICK, st.booleans()),
    st.tuples(st.just("begin_refund"), PICK, WISH, st.booleans()),
    st.tuples(st.just("pay"), PICK, st.sampled_from(["wallet", "wechat"])),
    st.tuples(st.just("ask_invoice"), FEN),
    st.tuples(st.just("issue_invoice"), PICK),
    st.tuples(st.sampled_from(["reverse_invoice", "cancel_invoice", "decline_invoice"]), PICK),
    st.tuples(st.just("go_on"), PICK, st.booleans()),
    st.tuples(st.just("redeem"), PICK, st.sampled_from([True, True, True, False])),
    st.tuples(st.just("order"), st.integers(1, 10), st.integers(0, 10)),
    st.tuples(st.just("issue_card"), FEN),
    st.tuples(st.just("cancel"), PICK),
)
Step = tuple[Any, ...]
T = TypeVar("T")
BY_STAFF = {
    "issue_invoice": ("requested", "issued"),
    "decline_invoice": ("requested", "declined"),
    "reverse_invoice": ("issued", "reversed"),
}
OF_AN_INVOICE = {"cancel_invoice", *BY_STAFF}
# A life begins with something to lose.
START: tuple[Step, ...] = (
    ("issue_card", 30_000),
    ("redeem", 0, True),
    ("order", 10, 3),
    ("order", 4, 0),
    ("pay", 0, "wallet"),
    ("ask_invoice", 6_000),
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


@dataclass(frozen=True)
class People:
    """The shop and its two desks; short to read in a report."""

    shop: Shop = field(repr=False)
    desk: Desk = field(repr=False)
    clerk: Clerk = field(repr=False)


@pytest.fixture
def people(shop: Shop, staff_token: Callable[..., str]) -> People:
    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    return People(shop, Desk(shop, staff_token), Clerk(shop.running.client, bearer(token)))


@lives(of_every_run=25)
@given(st.lists(STEP, min_size=8, max_size=20))
async def test_each_deed_ends_as_the_model_says(people: People, script: list[Step]) -> None:
    life, purse = await _begin(people), Purse()
    for step in (*START, *script):
        if step[0] in OF_AN_INVOICE and not purse.invoices:
            continue
        assert await _do(life, step) == _expect(purse, step), step
        assert await life.balance_fen() == purse.wallet_fen, step
    room = await life.room()
    assert room["paid_fen"] == purse.paid_fen
    assert room["refunded_fen"] == purse.refunded_fen
    assert room["invoiced_fen"] == purse.invoiced_fen <= purse.paid_fen - purse.refunded_fen
    await assert_the_books_are_right(people.shop)


@lives(of_every_run=15)
@given(st.lists(st.lists(STEP, min_size=2, max_size=8), min_size=1, max_size=4))
async def test_the_books_are_right_whatever_happens_at_the_same_time(
    people: People, script: list[list[Step]]
) -> None:
    life = await _begin(people)
    for step in START:
        await _do(life, step)
    for at_once in script:
        known = [step for step in at_once if life.invoice_ids or step[0] not in OF_AN_INVOICE]
        twice = [*known, *known[:2]]  # some are sent twice
        await asyncio.gather(*(_do(life, step) for step in twice))
        await assert_the_books_are_right(people.shop)


async def _begin(people: People) -> Life:
    # All learners here come from one address, whose wrong codes are limited.
    await people.shop.running.pool.execute("DELETE FROM card_tries")
    await send_money_back(people.shop)
    return await Life.begin(people.shop, people.desk, people.clerk)


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
        case ("begin_refund", int(pick), wish, bool(to_wallet)):
            return await life.begin_refund(pick % len(life.orders), wish, to_wallet=to_wallet)
        case ("ask_refund", int(pick), bool(to_wallet)):
            return await life.ask_refund(pick % len(life.orders), to_wallet=to_wallet)
        case ("go_on", int(pick), bool(to_wallet)):
            return await life.go_on(pick % len(life.orders), to_wallet=to_wallet)
        case ("ask_invoice", int(fen)):
            return await life.ask_invoice(fen)
        case (str(deed), int(pick)):
            return str(await getattr(life, deed)(pick % len(life.invoice_ids)))
    raise AssertionError(step)


def _expect(purse: Purse, step: Step) -> str:
    """What the model says."""
    match step:
        case ("issue_card", int(fen)):
            purse.cards.append(Card(fen))
            return OK
        case ("redeem", int(pick), bool(by_owner)):
            return purse.redeem(_of(purse.cards, pick), by_owner=by_owner)
        case ("order", int(hours), int(studied)):
            purse.orders.append(Order(hours, min(hours, studied)))
            return OK
        case ("pay", int(pick), str(method)):
            return purse.pay(_of(purse.orders, pick), method)
        case ("cancel", int(pick)):
            return purse.cancel(_of(purse.orders, pick))
        case ("begin_refund", int(pick), wish, bool(to_wallet)):
            return purse.begin_refund(_of(purse.orders, pick), wish, to_wallet=to_wallet)
        case ("ask_refund", int(pick), bool(to_wallet)):
            return purse.ask_refund(_of(purse.orders, pick), to_wallet=to_wallet)
        case ("go_on", int(pick), bool(to_wallet)):
            return purse.go_on(_of(purse.orders, pick), to_wallet=to_wallet)
        case ("ask_invoice", int(fen)):
            return purse.ask_invoice(fen)
        case ("cancel_invoice", int(pick)):
            return purse.cancel_invoice(_of(purse.invoices, pick))
        case (str(deed), int(pick)):
            return purse.move_invoice(_of(purse.invoices, pick), *BY_STAFF[deed])
    raise AssertionError(step)


def _of(things: list[T], pick: int) -> T:
    return things[pick % len(things)]
