"""One invoice for an employer's transfer ($-5, $-7): what its cards buy is not invoiced again."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.payments.cards_steps import redeem
from tests.payments.conftest import Learner, Shop
from tests.payments.discount_steps import known as told_of
from tests.payments.discount_steps import parcels
from tests.payments.employer_steps import (
    DETAILS,
    case_of,
    issued_events,
    line_of,
    number_of,
    paid,
    quoted,
)
from tests.payments.invoice_steps import COMPANY, ask, known, post_form, spend

SUM = 60000  # one person, 40 hours


@pytest.fixture
async def person(shop: Shop) -> Learner:
    """Who is on the list, with an account."""
    here = shop.learner()
    await told_of(shop, here, id_number=number_of(0), name="学员0")
    return here


async def case_and_code(
    shop: Shop, staff_token: Any, contact: Learner
) -> tuple[dict[str, Any], str]:
    await known(shop, contact)
    case = await paid(shop, staff_token, contact, line_of(0))
    (event,) = await issued_events(shop)
    return case, (await parcels(shop).unseal(event.parcel_id)).fields["code"]


async def ask_for(contact: Learner, case: dict[str, Any], amount: int = SUM) -> httpx.Response:
    return await ask(contact, amount, **{**COMPANY, "employer_case": case["case_number"]})


async def study(shop: Shop, person: Learner, *, hours: int) -> None:
    """The person pays for a course from the account."""
    order = (await person.order(await shop.sell(hours=hours))).json()
    answer = await person.start_payment(order["order_id"], "wallet")
    assert answer.status_code == 201, answer.text


async def test_a_transfer_is_invoiced_whole_and_once(
    shop: Shop, staff_token: Any, person: Learner
) -> None:
    contact = shop.learner()
    case, code = await case_and_code(shop, staff_token, contact)
    assert (await ask_for(contact, case, SUM - 1)).status_code == 422
    assert (await ask_for(person, case)).status_code == 404
    asked = await ask_for(contact, case)
    assert asked.status_code == 201, asked.text
    again = await ask_for(contact, case)
    assert (again.status_code, again.json()["code"]) == (409, "TransferInvoiced")

    await redeem(person, code)
    await study(shop, person, hours=40)
    assert (await ask(person, 1)).status_code == 422
    await spend(shop, person, 1500)
    assert (await ask(person, 1501)).status_code == 422
    assert (await ask(person, 1500)).status_code == 201
    page = await contact.client.get(f"/employers/{case['case_id']}", headers=contact.headers)
    assert f"/invoices/{asked.json()['invoice_id']}" in page.text


async def test_taken_back_it_leaves_the_people_their_own(
    shop: Shop, staff_token: Any, person: Learner
) -> None:
    contact = shop.learner()
    case, code = await case_and_code(shop, staff_token, contact)
    asked = (await ask_for(contact, case)).json()
    await redeem(person, code)
    await study(shop, person, hours=40)
    await contact.ask("POST", f"/invoices/{asked['invoice_id']}/cancellation")
    assert (await ask(person, SUM)).status_code == 201
    late = await ask_for(contact, case)
    assert (late.status_code, late.json()["code"]) == (409, "SpentAndInvoiced")


async def test_person_and_employer_at_once_do_not_both_get_one(
    shop: Shop, staff_token: Any, person: Learner
) -> None:
    contact = shop.learner()
    case, code = await case_and_code(shop, staff_token, contact)
    await redeem(person, code)
    await study(shop, person, hours=40)
    answers = await asyncio.gather(ask_for(contact, case), ask(person, SUM))
    assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 422])


async def test_before_the_cards_are_issued_there_is_nothing_to_invoice(shop: Shop) -> None:
    contact = shop.learner()
    await known(shop, contact)
    case = await quoted(shop, contact, line_of(0))
    early = await ask_for(contact, case)
    assert (early.status_code, early.json()["code"]) == (409, "TransferNotThere")


async def test_the_form_knows_the_employer(shop: Shop, staff_token: Any, person: Learner) -> None:
    contact = shop.learner()
    case, _ = await case_and_code(shop, staff_token, contact)
    path = f"/invoices/new?employer_case={case['case_number']}"
    form = (await contact.client.get(path, headers=contact.headers)).text
    for word in (DETAILS["employer_name"], DETAILS["tax_number"], "600.00"):
        assert word in form
    assert (await person.client.get(path, headers=person.headers)).status_code == 404
    sent = await post_form(
        contact.client,
        contact.headers,
        "/invoices/new",
        employer_case=case["case_number"],
        amount="600.00",
        form="electronic",
        title_kind="organization",
        title=DETAILS["employer_name"],
        tax_number=DETAILS["tax_number"],
    )
    assert sent.status_code == 303, sent.text
    assert (await case_of(contact, case["case_id"]))["status"] == "issued"
