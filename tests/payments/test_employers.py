"""Employers: a case and its quotation ($-5)."""

import asyncio
import io
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest

from chassis import ids
from tests.payments.conftest import Shop
from tests.payments.discount_steps import get, post
from tests.payments.employer_steps import (
    DETAILS,
    TAX_NUMBER,
    arrive,
    case_of,
    chief,
    count,
    csv_of,
    issue,
    line_of,
    open_case,
    paid,
    quoted,
    send,
)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (TAX_NUMBER, 201),
        (TAX_NUMBER.lower(), 201),
        ("9144030071526726XH", 422),
        ("9144030071526726IG", 422),
        (TAX_NUMBER[:-1], 422),
    ],
)
async def test_the_tax_number_is_checked(  # case 53
    shop: Shop, number: str, status: int
) -> None:
    answer = await shop.learner().ask("POST", "/employers", json={**DETAILS, "tax_number": number})
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["tax_number"] == TAX_NUMBER


async def test_an_employer_may_have_no_tax_number(shop: Shop) -> None:
    details = {name: value for name, value in DETAILS.items() if name != "tax_number"}
    answer = await shop.learner().ask("POST", "/employers", json=details)
    assert (answer.status_code, answer.json()["tax_number"]) == (201, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("employer_name", '=HYPERLINK("http://x")'),
        ("employer_name", "x"),
        ("contact_name", "@李"),
        ("phone", "call me"),
        ("email", "nobody"),
    ],
)
async def test_bad_details_are_named(shop: Shop, field: str, value: str) -> None:  # case 51
    answer = await shop.learner().ask("POST", "/employers", json={**DETAILS, field: value})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_same_key_opens_one_case(shop: Shop) -> None:
    learner, headers = shop.learner(), {"Idempotency-Key": "k1"}
    answers = [
        await learner.ask("POST", "/employers", json=DETAILS, headers=headers) for _ in range(3)
    ]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert await count(shop, "employer_cases") == 1


async def test_a_form_that_is_sent_twice_opens_one_case(shop: Shop) -> None:
    learner, client = shop.learner(), shop.running.client
    data = {**DETAILS, "case_id": str(ids.new_id())}
    opened = [await post(client, learner.headers, "/employers", data=data) for _ in range(2)]
    assert len({answer.headers["location"] for answer in opened}) == 1
    stolen = await post(client, shop.learner().headers, "/employers", data=data)
    assert stolen.status_code == 404
    wrong = await post(client, learner.headers, "/employers", data={**data, "email": "x"})
    assert wrong.status_code == 422
    assert DETAILS["employer_name"] in wrong.text


async def test_a_quotation_needs_a_list_and_fixes_it(shop: Shop) -> None:  # $-5
    learner = shop.learner()
    case_id = (await open_case(learner))["case_id"]
    empty = await learner.ask("POST", f"/employers/{case_id}/quotation")
    assert (empty.status_code, empty.json()["code"]) == (409, "ListMissing")
    await send(learner, case_id, csv_of(line_of(1)))
    for _ in range(2):
        quote = await learner.ask("POST", f"/employers/{case_id}/quotation")
        assert (quote.status_code, quote.json()["status"]) == (200, "quoted")
    late = await send(learner, case_id, csv_of(line_of(2)))
    assert (late.status_code, late.json()["code"]) == (409, "CaseClosed")


async def test_the_quotation_says_what_to_transfer_and_takes_markup_for_text(  # $-5
    shop: Shop,
) -> None:
    learner, client = shop.learner(), shop.running.client
    case_id = (await open_case(learner, employer_name='#panic("x") *粗体* $1$'))["case_id"]
    path = f"/employers/{case_id}/quotation.pdf"
    assert (await get(client, learner.headers, path)).status_code == 409
    await send(learner, case_id, csv_of(*(line_of(place) for place in range(60))))
    await learner.ask("POST", f"/employers/{case_id}/quotation")
    answer = await get(client, learner.headers, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        assert len(document.pages) > 1
    page = (await get(client, learner.headers, f"/employers/{case_id}")).text
    case = await case_of(learner, case_id)
    for word in ("中国建设银行北京中轴路支行", "11001085800056014693", case["case_number"]):
        assert word in page


async def test_a_case_is_cancelled_until_it_is_paid(shop: Shop, staff_token: Any) -> None:
    learner = shop.learner()
    case = await quoted(shop, learner)
    for _ in range(2):
        done = await learner.ask("POST", f"/employers/{case['case_id']}/cancellation")
        assert done.json()["status"] == "cancelled"
    receipt_id = await arrive(shop, case["amount_fen"], remark=case["case_number"])
    late = await issue(shop, chief(staff_token), case["case_id"], receipt_id)
    assert late.status_code == 409
    issued = await paid(shop, staff_token, shop.learner())
    owner = await shop.running.pool.fetchval(
        "SELECT contact_id FROM employer_cases WHERE case_id = $1", UUID(issued["case_id"])
    )
    assert owner != learner.learner_id


async def test_a_case_of_somebody_else_is_not_there(
    shop: Shop, staff_token: Any
) -> None:  # case 52
    owner, stranger, client = shop.learner(), shop.learner(), shop.running.client
    case_id = (await paid(shop, staff_token, owner))["case_id"]
    assert (await stranger.ask("GET", f"/employers/{case_id}")).status_code == 404
    assert (await send(stranger, case_id, csv_of(line_of(1)))).status_code == 404
    for step in ("quotation", "cancellation"):
        answer = await stranger.ask("POST", f"/employers/{case_id}/{step}")
        assert answer.status_code == 404
    for path in ("", "/details", "/quotation.pdf"):
        page = await get(client, stranger.headers, f"/employers/{case_id}{path}")
        assert page.status_code == 404
    for path in ("/details", "/list", "/quotation", "/cancellation", "/sheet"):
        answer = await post(client, stranger.headers, f"/employers/{case_id}{path}", data=DETAILS)
        assert answer.status_code == 404
    assert (await stranger.ask("GET", "/employers")).json()["items"] == []
    assert (await owner.ask("GET", f"/employers/{uuid4()}")).status_code == 404


async def test_a_case_is_either_cancelled_or_paid(shop: Shop, staff_token: Any) -> None:  # $-5
    staff = chief(staff_token)
    for _ in range(5):
        learner = shop.learner()
        case = await quoted(shop, learner)
        receipt_id = await arrive(shop, case["amount_fen"])
        cancelled, issued = await asyncio.gather(
            learner.ask("POST", f"/employers/{case['case_id']}/cancellation"),
            issue(shop, staff, case["case_id"], receipt_id),
        )
        status = (await case_of(learner, case["case_id"]))["status"]
        expected = {"cancelled": (200, 409), "issued": (409, 303)}[status]
        assert (cancelled.status_code, issued.status_code) == expected
