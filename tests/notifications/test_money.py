"""Every step of money in and out is mailed to its learner, once ($-3 to $-8)."""

from typing import Any

import pytest

from chassis import ids
from contracts.payments import InvoiceForm, InvoiceRequested
from services.notifications.model import Template
from services.notifications.words import FOLDER
from tests.conftest import Running, bearer

from . import conftest as build
from . import money_steps as money
from .conftest import EMAIL, Mailbox, StartService, until_state, working

CASES = 2  # mails to the mailbox among the steps


async def _with_learner(notifications: StartService) -> tuple[Running, Any]:
    running, learner_id = await notifications(), ids.new_id()
    await running.deliver(build.registered(learner_id))
    return running, learner_id


async def test_each_step_is_mailed_once_with_number_amount_next_step_and_link(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await _with_learner(notifications)
    steps = await money.every_money_step(running, learner_id)
    for event, _ in steps:
        assert await running.deliver(event)
        assert not await running.deliver(event)
    await running.pool.execute("DELETE FROM inbox")
    for event, _ in steps:
        await running.deliver(event)  # known by the mail itself

    async with working(running):
        await until_state(running, "sent", 1 + len(steps) + CASES)
    mails = await mailbox.messages(to=EMAIL)
    assert len(mails) == 1 + len(steps)
    for _, (subject, *words) in steps:
        (mail,) = [m for m in mails if subject in m["subject"]]
        for word in words:
            assert word in mail["subject"] + mail["text"], subject
        assert mail["text"].index("钟检，您好") < mail["text"].index("In English")
        assert "<html" in mail["html"]
        assert "<b>600" not in mail["html"]


def test_every_letter_has_its_three_parts() -> None:
    parts = {"subject.txt", "text.txt", "body.html"}
    found = {path.parent.name for path in FOLDER.glob("*/*")}
    assert found == set(Template)
    for template in Template:
        assert {path.name for path in (FOLDER / template).iterdir()} == parts


async def test_a_study_cards_code_is_in_the_mail_and_nowhere_else(  # $-3
    notifications: StartService, mailbox: Mailbox, learner_token: Any
) -> None:
    running, learner_id = await _with_learner(notifications)
    await running.deliver(await money.card_issued(running, learner_id))
    async with working(running):
        await until_state(running, "sent", 2)
    (mail,) = await mailbox.messages(subject="学习卡")
    assert money.CODE in mail["text"]
    assert money.CODE in mail["html"]
    for path in ("/messages", "/api/notifications/messages"):
        answer = await running.client.get(path, headers=bearer(learner_token(learner_id)))
        assert "the code is in the mail and on your study-cards page" in answer.text
        assert money.CODE not in answer.text


@pytest.mark.parametrize(
    ("asked", "to"),
    [
        ("", EMAIL),
        ("finance@example.com", "finance@example.com"),
        ("财务@example.com", EMAIL),  # can't be written to: the learner shall have it
    ],
)
async def test_an_electronic_invoice_is_attached_and_goes_where_it_was_asked_for(  # $-7
    notifications: StartService, mailbox: Mailbox, asked: str, to: str
) -> None:
    running, learner_id = await _with_learner(notifications)
    await running.deliver(await money.invoice_issued(running, learner_id, email=asked))
    async with working(running):
        await until_state(running, "sent", 2)
    (mail,) = await mailbox.messages(subject="发票已开具")
    assert mail["to"] == [to]
    assert [one["name"] for one in mail["attachments"]] == ["F261128-7K3Q9M.pdf"]
    assert mail["attachments"][0]["content_type"] == "application/pdf"
    assert await mailbox.attachment(mail) == b"%PDF-1.7 invoice"
    text = await running.pool.fetchval("SELECT string_agg(m::text, '') FROM mails AS m")
    assert "finance@example.com" not in text


async def test_an_invoice_on_paper_names_its_waybill(  # $-7
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await _with_learner(notifications)
    asked = InvoiceRequested(
        invoice_id=ids.new_id(),
        case_number="F1",
        learner_id=learner_id,
        amount_fen=100,
        form=InvoiceForm.PAPER,
    )
    issued = await money.invoice_issued(
        running, learner_id, form=InvoiceForm.PAPER, waybill="SF1234567890123"
    )
    await running.deliver(asked)
    await running.deliver(issued)
    async with working(running):
        await until_state(running, "sent", 3)
    (mail,) = await mailbox.messages(subject="开票申请已收到")
    assert "顺丰到付" in mail["text"]
    (mail,) = await mailbox.messages(subject="发票已开具")
    assert "SF1234567890123" in mail["text"]
    assert mail["attachments"] == []
