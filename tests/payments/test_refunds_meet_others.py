"""A refund, and what may happen to the same money at the same time: invoices, reversals ($-8)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chassis import clock
from chassis.permissions import ROLES, Permission
from services.payments import auditor
from tests.conftest import bearer
from tests.payments.cards_steps import issue_one, redeem
from tests.payments.conftest import Learner, Shop
from tests.payments.invoice_steps import RED_NUMBER, Clerk, known
from tests.payments.invoice_steps import ask as ask_invoice
from tests.payments.refund_steps import (
    Desk,
    answer_to,
    asked,
    balance,
    count_hours,
    desk,
    look,
    paid_order,
    questions,
    refund_id_of,
    refunded,
    refunded_fen,
    send,
)

__all__ = ["desk"]


@pytest.fixture
def clerk(shop: Shop, staff_token: Callable[..., str]) -> Clerk:
    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    return Clerk(shop.running.client, bearer(token))


async def issued(shop: Shop, clerk: Clerk, learner: Learner, amount_fen: int) -> dict[str, Any]:
    """An invoice that the learner has in hand."""
    await known(shop, learner)
    answer = await ask_invoice(learner, amount_fen)
    assert answer.status_code == 201, answer.text
    invoice: dict[str, Any] = answer.json()
    assert (await clerk.issue(invoice)).status_code == 303
    return invoice


async def test_a_refund_waits_for_the_red_flush_of_its_invoice(
    shop: Shop, desk: Desk, clerk: Clerk
) -> None:
    # case 56: from the learner's wish to WeChat, over both desks
    learner = shop.learner()
    order = await paid_order(shop, learner)
    invoice = await issued(shop, clerk, learner, 15_000)
    refund_id = await asked(learner, order)
    await desk.approve(refund_id)
    await count_hours(shop)
    for _ in range(2):
        assert (await look(learner, refund_id))["status"] == "blocked_by_invoice"
        assert await refunded_fen(shop, order) == 0
        await desk.go_on(refund_id)
    reversal: dict[str, Any] = {
        "red_number": RED_NUMBER,
        "reversed_on": str(clock.today()),
        "reversal_reason": "退款",
    }
    answer = await clerk.post(f"/{invoice['invoice_id']}/reverse", **reversal)
    assert answer.status_code == 303
    assert (await desk.go_on(refund_id)).status_code == 303
    await send(shop)
    assert (await look(learner, refund_id))["status"] == "refunded"
    assert [event.amount_fen for event in await refunded(shop)] == [15_000]
    assert (await ask_invoice(learner, 1)).status_code == 422


async def test_what_no_invoice_covers_goes_back_to_the_fen(
    shop: Shop, desk: Desk, clerk: Clerk
) -> None:
    # case 56
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await issued(shop, clerk, learner, 4_500)
    above = refund_id_of(await desk.start(order, yuan="105.01", target="wallet"))
    await count_hours(shop)
    assert (await look(learner, above))["status"] == "blocked_by_invoice"
    within = refund_id_of(await desk.start(order, yuan="105.00", target="wallet"))
    assert (await look(learner, within))["status"] == "refunded"
    assert await balance(shop, learner) == 10_500


async def test_a_refund_and_an_invoice_at_once_never_share_a_fen(shop: Shop, desk: Desk) -> None:
    # case 56, $-7: the race
    learner = shop.learner()
    await known(shop, learner)
    order = await paid_order(shop, learner)
    await desk.start(order, yuan="0.01", target="wallet")
    await count_hours(shop)
    await asyncio.gather(
        *(ask_invoice(learner, 9_000) for _ in range(25)),
        *(desk.colleague().start(order, yuan="10", target="wallet") for _ in range(25)),
    )
    invoiced = await shop.running.pool.fetchval(
        "SELECT coalesce(sum(amount_fen), 0) FROM invoices WHERE status = 'requested'"
    )
    assert invoiced + await refunded_fen(shop, order) <= 15_000
    assert invoiced in (0, 9_000)


@pytest.mark.parametrize("studied", [0, 4])
async def test_a_reversed_card_and_a_refund_at_once_keep_the_books(
    shop: Shop, desk: Desk, staff_token: Callable[..., str], studied: int
) -> None:
    # $-9: whichever comes first, what is missing at the bank is owed or was taken back
    chief = bearer(staff_token(*ROLES["finance"]))
    for _ in range(4):
        learner = shop.learner()
        card = await issue_one(shop, learner, 15_000)
        assert (await redeem(learner, card.code)).status_code == 201
        order = (await learner.order(await shop.sell(hours=10))).json()
        await learner.start_payment(order["order_id"], "wallet")
        await desk.approve(await asked(learner, order))
        question = (await questions(shop))[-1]
        before = (await shop.balances()).get("asset:receivable", 0)
        csrf = "c" * 43
        reversed_, _ = await asyncio.gather(
            shop.running.client.post(
                f"/staff/payments/cards/{card.card_id}/decisions",
                data={"csrf": csrf, "deed": "reverse", "reason": "汇款被银行退回"},
                headers={**chief, "Cookie": f"csrf={csrf}"},
            ),
            shop.running.deliver(answer_to(question, hours=10, studied=studied)),
        )
        assert reversed_.status_code == 303
        owed = (await shop.balances()).get("asset:receivable", 0) - before
        left, back = await balance(shop, learner), 15_000 - studied * 1500
        assert await refunded_fen(shop, order) == back
        assert (owed, left) in ((15_000, back), (15_000 - back, 0))
        report = await auditor.look(shop.running.pool)
        assert report.differences == []
