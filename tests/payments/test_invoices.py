"""Learners ask for invoices ($-7): never above what they spent and did not get back."""

import asyncio
from typing import Any

import pytest

from chassis import ids
from chassis.db import transaction
from contracts.payments import InvoiceRequested, PaymentMethod
from services.payments.actions import invoices
from services.payments.model.invoice_room import RedFlushFirst
from tests.payments.conftest import Learner, MakeShop, Shop
from tests.payments.invoice_steps import COMPANY, TENCENT, ask, known, pay_in, spend

WECHAT, WALLET = PaymentMethod.WECHAT, PaymentMethod.WALLET


@pytest.fixture
async def learner(shop: Shop) -> Learner:
    """Known, and 4500 fen were spent."""
    here = shop.learner()
    await known(shop, here)
    await spend(shop, here, 4500)
    return here


async def test_an_invoice_is_asked_for_within_what_was_spent(shop: Shop, learner: Learner) -> None:
    """# case 54: 15000 were paid in, 4500 of them spent"""
    await pay_in(shop, learner, 10500)
    assert (await ask(learner, 4501)).status_code == 422
    asked = await ask(learner, 4500)
    assert asked.status_code == 201, asked.text
    assert asked.json()["status"] == "requested"
    above = await ask(learner, 1)
    assert (above.status_code, above.json()["code"]) == (422, "AboveCeiling")

    listed = (await learner.ask("GET", "/invoices")).json()
    assert listed["room"]["invoiceable_fen"] == 0
    assert [one["case_number"] for one in listed["items"]] == [asked.json()["case_number"]]
    told = [InvoiceRequested.model_validate_json(m.body) for m in await shop.running.told()]
    assert [(event.amount_fen, event.case_number) for event in told] == [
        (4500, asked.json()["case_number"])
    ]


async def test_what_went_back_cannot_be_invoiced(shop: Shop) -> None:
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 15000, refunded_fen=10500)
    assert (await ask(learner, 4501)).status_code == 422
    assert (await ask(learner, 4500)).status_code == 201


async def test_two_wishes_at_once_do_not_exceed_the_room(learner: Learner) -> None:
    """# case 55"""
    answers = await asyncio.gather(ask(learner, 3000), ask(learner, 3000))
    assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_fifty_equal_wishes_with_one_key_are_one_invoice(learner: Learner) -> None:
    answers = await asyncio.gather(*(ask(learner, 90, key="k1") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["invoice_id"] for answer in answers}) == 1


async def test_fifty_wishes_without_a_key_leave_one_open(shop: Shop, learner: Learner) -> None:
    answers = await asyncio.gather(*(ask(learner, 90) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (1, 49)
    invoiced = await shop.running.pool.fetchval("SELECT sum(amount_fen) FROM invoices")
    assert invoiced == 90


@pytest.mark.parametrize("amount", [0, -1, 15.0, "4500", True, None, 10**12])
async def test_an_amount_is_a_whole_number_of_fen(learner: Learner, amount: Any) -> None:
    assert (await ask(learner, amount)).status_code == 422


@pytest.mark.parametrize(
    ("tax_number", "status"),
    [(TENCENT, 201), (TENCENT.lower(), 201), (" ９144030071526726XG ", 201)]
    + [(wrong, 422) for wrong in ("9144030071526726XH", "9144030071526726IG", TENCENT[:17])]
    + [(None, 422), ("123456789012345", 422)],
)
async def test_an_organization_gives_a_tax_number_that_is_one(
    learner: Learner, tax_number: str | None, status: int
) -> None:
    """# case 53"""
    answer = await ask(learner, 100, **{**COMPANY, "tax_number": tax_number})
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["tax_number"] == TENCENT
    else:
        assert [error["field"] for error in answer.json()["errors"]] == ["tax_number"]


async def test_an_old_tax_number_passes_once_staff_have_let_it(
    shop: Shop, learner: Learner
) -> None:
    """# case 53"""
    await shop.running.pool.execute(
        "INSERT INTO old_tax_numbers VALUES ('123456789012345', $1, '财务', now())", ids.new_id()
    )
    answer = await ask(learner, 100, **{**COMPANY, "tax_number": "123456789012345"})
    assert answer.status_code == 201


async def test_a_persons_title_has_no_tax_number(learner: Learner) -> None:
    assert (await ask(learner, 100, tax_number=TENCENT)).status_code == 422


async def test_an_application_is_taken_back_and_its_room_with_it(learner: Learner) -> None:
    asked = (await ask(learner, 4500)).json()
    path = f"/invoices/{asked['invoice_id']}/cancellation"
    for _ in range(2):
        taken = await learner.ask("POST", path)
        assert (taken.status_code, taken.json()["status"]) == (200, "cancelled")
    assert (await ask(learner, 4500)).status_code == 201


async def test_another_persons_invoice_is_not_there(shop: Shop, learner: Learner) -> None:
    """# case 52"""
    invoice_id = (await ask(learner, 100)).json()["invoice_id"]
    stranger = shop.learner()
    for method, path in (("GET", ""), ("POST", "/cancellation")):
        for wanted in (invoice_id, str(ids.new_id())):
            answer = await stranger.ask(method, f"/invoices/{wanted}{path}")
            assert answer.status_code == 404
    assert (await learner.ask("GET", f"/invoices/{invoice_id}")).json()["status"] == "requested"


async def test_without_any_address_for_mail_the_field_is_asked_for(shop: Shop) -> None:
    learner = shop.learner()
    await spend(shop, learner, 4500)
    answer = await ask(learner, 100)
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]
    assert (await ask(learner, 100, email="a@example.com")).status_code == 201


async def test_money_of_study_cards_is_invoiced_once_where_it_is_invoiced_at_sale(
    make_shop: MakeShop,
) -> None:
    """# case 57"""
    shop = await make_shop(invoice_policy="at_sale_untaxed")
    learner = shop.learner()
    await known(shop, learner)
    await pay_in(shop, learner, 10500)
    await spend(shop, learner, 4500, method=WALLET)
    refused = await ask(learner, 4500)
    assert (refused.status_code, refused.json()["code"]) == (409, "InvoicedAtSale")
    assert (await ask(learner, 15001, covers="study_cards")).status_code == 422
    assert (await ask(learner, 15000, covers="study_cards")).status_code == 201
    assert (await ask(learner, 1)).status_code == 409

    await spend(shop, learner, 1500)
    await shop.running.pool.execute("UPDATE invoices SET status = 'cancelled'")
    assert (await ask(learner, 1500)).status_code == 201


async def test_study_cards_get_no_invoice_where_spending_does(learner: Learner) -> None:
    """# case 57"""
    answer = await ask(learner, 100, covers="study_cards")
    assert (answer.status_code, answer.json()["code"]) == (409, "NotInvoicedAtSale")


async def test_a_refund_of_invoiced_money_wants_a_red_flush_first(
    shop: Shop, learner: Learner
) -> None:
    """# case 56"""
    invoice_id = (await ask(learner, 4000)).json()["invoice_id"]
    await _check_refund(shop, learner, 500)
    with pytest.raises(RedFlushFirst):
        await _check_refund(shop, learner, 501)
    await learner.ask("POST", f"/invoices/{invoice_id}/cancellation")
    await _check_refund(shop, learner, 4500)


async def _check_refund(shop: Shop, learner: Learner, amount_fen: int) -> None:
    async with transaction(shop.running.pool) as tx:
        await invoices.check_refund(tx, learner_id=learner.learner_id, amount_fen=amount_fen)
