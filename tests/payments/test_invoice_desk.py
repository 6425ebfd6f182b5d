"""The desk of invoices ($-7): issued with a PDF, declined, red-flushed, taken over from a file."""

import asyncio
import hashlib
from typing import Any

import pytest

from chassis import clock
from chassis.db import transaction
from chassis.permissions import Permission
from contracts.payments import InvoiceDeclined, InvoiceIssued, InvoiceReversed
from services.payments.actions import invoices
from services.payments.model.invoice_room import RedFlushFirst
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop
from tests.payments.invoice_steps import (
    COMPANY,
    DESK,
    NUMBER,
    PAPER,
    RED_NUMBER,
    Clerk,
    ask,
    asked,
    download,
    pdf,
    told,
)


@pytest.fixture
def clerk(shop: Shop, staff_token: Any) -> Clerk:
    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    return Clerk(shop.running.client, bearer(token))


async def test_an_issued_invoice_reaches_its_learner_with_the_pdf(shop: Shop, clerk: Clerk) -> None:
    learner, invoice = await asked(shop)
    content = pdf()
    issued = await clerk.issue(invoice, document=content)
    assert issued.status_code == 303, issued.text

    (event,) = await told(shop, InvoiceIssued)
    assert (event.invoice_number, event.amount_fen, event.waybill) == (NUMBER, 4500, None)
    parcel = await shop.running.service.app.state.parcels.unseal(event.parcel_id)
    assert parcel.fields == {"email": "wang@example.com"}
    assert [(one.name, one.content) for one in parcel.attachments] == [(f"{NUMBER}.pdf", content)]
    assert await download(learner, invoice) == (200, content)
    shown = (await learner.ask("GET", f"/invoices/{invoice['invoice_id']}")).json()
    assert (shown["status"], shown["number"]) == ("issued", NUMBER)
    (stored,) = await shop.running.pool.fetch("SELECT * FROM invoices")
    assert stored["document_sha256"] == hashlib.sha256(content).hexdigest()
    assert invoice["case_number"] not in stored["document_name"]


async def test_a_document_is_its_learners_alone(shop: Shop, clerk: Clerk) -> None:
    """# case 52"""
    learner, invoice = await asked(shop)
    assert (await download(learner, invoice))[0] == 404
    await clerk.issue(invoice)
    assert (await download(shop.learner(), invoice))[0] == 404


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 not really",
        b"<svg/>",
        pdf(script=True),
        pdf(pages=21),
        b"%PDF-" + b"0" * 5_000_001,
    ],
    ids=["broken", "no pdf", "script", "pages", "size"],
)
async def test_what_is_no_plain_pdf_is_refused(shop: Shop, clerk: Clerk, content: bytes) -> None:
    _, invoice = await asked(shop)
    refused = await clerk.issue(invoice, document=content)
    assert refused.status_code == 422
    assert NUMBER in refused.text, "what was typed is kept"
    assert await told(shop, InvoiceIssued) == []


@pytest.mark.parametrize("number", ["2511200000001234567", "2511200000001234567x", "", "٢" * 20])
async def test_an_invoice_number_has_twenty_digits(shop: Shop, clerk: Clerk, number: str) -> None:
    _, invoice = await asked(shop)
    assert (await clerk.issue(invoice, number)).status_code == 422


async def test_an_invoice_number_stands_at_one_case_alone(shop: Shop, clerk: Clerk) -> None:
    (_, first), (_, second) = await asked(shop), await asked(shop)
    answers = await asyncio.gather(clerk.issue(first), clerk.issue(second))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(await told(shop, InvoiceIssued)) == 1


async def test_twenty_clerks_issue_an_invoice_once(shop: Shop, clerk: Clerk) -> None:
    _, invoice = await asked(shop)
    numbers = [f"251120000000{n:08d}" for n in range(20)]
    answers = await asyncio.gather(*(clerk.issue(invoice, number) for number in numbers))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(303), codes.count(409)) == (1, 19)
    assert len(await told(shop, InvoiceIssued)) == 1


async def test_a_declined_application_says_why_and_frees_its_room(shop: Shop, clerk: Clerk) -> None:
    learner, invoice = await asked(shop)
    here = f"/{invoice['invoice_id']}"
    assert (await clerk.post(f"{here}/decline")).status_code == 422
    assert (await clerk.post(f"{here}/decline", reason="抬头不全")).status_code == 303
    assert (await clerk.post(f"{here}/decline", reason="抬头不全")).status_code == 409
    assert [event.reason for event in await told(shop, InvoiceDeclined)] == ["抬头不全"]
    assert (await ask(learner, 4500)).status_code == 201


async def test_after_a_red_flush_the_money_may_go_back(shop: Shop, clerk: Clerk) -> None:
    """# case 56"""
    learner, invoice = await asked(shop)
    await clerk.issue(invoice)
    with pytest.raises(RedFlushFirst):
        await check_refund(shop, learner)
    reversal: dict[str, Any] = {
        "red_number": RED_NUMBER,
        "reversed_on": str(clock.today()),
        "reversal_reason": "退款",
    }
    here = f"/{invoice['invoice_id']}/reverse"
    assert (await clerk.post(here, **{**reversal, "red_number": NUMBER})).status_code == 409
    answers = await asyncio.gather(*(clerk.post(here, **reversal) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409, 409]
    (event,) = await told(shop, InvoiceReversed)
    assert (event.invoice_number, event.amount_fen) == (NUMBER, 4500)
    await check_refund(shop, learner)


async def check_refund(shop: Shop, learner: Learner) -> None:
    async with transaction(shop.running.pool) as tx:
        await invoices.check_refund(tx, learner_id=learner.learner_id, amount_fen=4500)


async def test_an_old_tax_number_is_let_through(shop: Shop, clerk: Clerk) -> None:
    """# case 53"""
    refused = await clerk.post("/old-tax-numbers", old_tax_number="1234")
    assert refused.status_code == 422
    for _ in range(2):
        passed = await clerk.post("/old-tax-numbers", old_tax_number="12345678901234x")
        assert passed.status_code == 303
    await asked(shop, **{**COMPANY, "tax_number": "12345678901234X"})


async def test_the_desk_shows_the_queue_first_and_finds_by_title(shop: Shop, clerk: Clerk) -> None:
    _, first = await asked(shop, **COMPANY)
    _, second = await asked(shop, **PAPER)
    await clerk.issue(second)
    desk = (await clerk.get()).text
    assert desk.index(first["case_number"]) < desk.index(second["case_number"])
    assert "尚未送达学员" in desk
    assert first["case_number"] in (await clerk.get("?q=华检")).text
    case = (await clerk.get(f"/{second['invoice_id']}")).text
    assert "138****5678" in case
    assert PAPER["phone"] not in case
    assert str(PAPER["address"]) not in case


async def test_the_desk_is_for_staff_with_the_right_alone(shop: Shop, staff_token: Any) -> None:
    _, invoice = await asked(shop)
    here = f"/{invoice['invoice_id']}"
    reader = Clerk(shop.running.client, bearer(staff_token(Permission.PAYMENTS_READ)))
    assert (await reader.get(here)).status_code == 200
    for path in ("/queue.csv", "/queue.xlsx", "/results"):
        assert (await reader.get(path)).status_code == 403
    deeds = ("issue", "document", "decline", "reverse", "shipment", "waybill")
    for path in (*(f"{here}/{deed}" for deed in deeds), "/results", "/old-tax-numbers"):
        assert (await reader.post(path)).status_code == 403
    outsider = Clerk(shop.running.client, bearer(staff_token(Permission.CATALOGUE_WRITE)))
    assert (await outsider.get(here)).status_code == 403
    assert (await shop.running.client.get(f"{DESK}{here}")).status_code == 303
