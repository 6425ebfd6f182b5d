"""A case reaches the association's mailbox with the fields of the notice, and stays secret at rest
(W-1, W-2)."""

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from chassis import ids
from chassis.parcels import Attachment, Parcel
from chassis.permissions import Permission
from services.notifications.model import Template
from tests.conftest import Running, bearer

from . import conftest as build
from . import money_steps as money
from .conftest import EMAIL, Mailbox, StartService, until_state, working

CCIB = "ccib@vip.163.com"
FIELD = re.compile(r"^([^：\n]+)：(.+)$", re.MULTILINE)


async def _with_case(
    notifications: StartService, *, discount: bool = False, **settings: Any
) -> tuple[Running, Any]:
    running, learner_id = await notifications(**settings), ids.new_id()
    await running.deliver(build.registered(learner_id))
    make = money.requested_discount if discount else money.submitted
    await running.deliver(await make(running, learner_id))
    return running, learner_id


def _fields(text: str) -> dict[str, str]:
    """What stands between the heading and the staff's link."""
    lines = text.replace("\r\n", "\n")
    return dict(FIELD.findall(lines[lines.index("\n\n") : lines.index("办理：")]))


async def test_a_voucher_reaches_the_mailbox_with_the_fields_of_the_notice(  # W-1
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, _ = await _with_case(notifications)
    async with working(running):
        await until_state(running, "sent", 3)
    (mail,) = await mailbox.messages(to=CCIB)
    assert mail["subject"] == f"付款凭证（{money.CASE}）"
    assert _fields(mail["text"]) == {
        "付款凭证": "见附件",
        "姓名": "钟检",
        "身份证号": money.ID_NUMBER,
        "账号": "钟检1101056789",
        "联系方式": money.CONTACT,
    }
    for value in _fields(mail["text"]).values():
        assert value in mail["html"]
    assert "/staff/payments/transfers/" in mail["text"]
    assert [(one["name"], one["content_type"]) for one in mail["attachments"]] == [
        ("付款凭证.pdf", "application/pdf")
    ]
    assert await mailbox.attachment(mail) == money.VOUCHER
    (answer,) = await mailbox.messages(to=EMAIL, subject="付款凭证已收到")
    assert money.CASE in answer["subject"]
    assert answer["attachments"] == []


async def test_an_application_for_the_discount_reaches_the_mailbox(  # W-2
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, _ = await _with_case(notifications, discount=True)
    async with working(running):
        await until_state(running, "sent", 3)
    (mail,) = await mailbox.messages(to=CCIB)
    assert mail["subject"] == "学习优惠（D261128-7K3Q9M）"
    assert _fields(mail["text"]) == {
        "姓名": "钟检",
        "身份证号": money.ID_NUMBER,
        "证书号": "JYJD-2019-0042",
        "证书到期日": "2026-12-31",
        "注册账号": "钟检1101056789",
        "注册邮箱": "registered@example.com",
    }
    assert mail["attachments"] == []
    assert len(await mailbox.messages(to=EMAIL, subject="学习优惠申请已收到")) == 1


async def test_who_answers_a_case_writes_to_the_learner(  # W-6
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, _ = await _with_case(notifications)
    async with working(running):
        await until_state(running, "sent", 3)
    (case,) = await mailbox.messages(to=CCIB)
    (answer,) = await mailbox.messages(to=EMAIL, subject="付款凭证")
    assert _header(await mailbox.raw(case), "Reply-To") == EMAIL
    assert _header(await mailbox.raw(answer), "Reply-To") is None


async def test_a_learner_whose_address_no_header_takes_has_a_case_all_the_same(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    await running.deliver(build.registered(learner_id, email="钟@example.com"))
    await running.deliver(await money.submitted(running, learner_id))
    async with working(running):
        (case,) = await mailbox.until(1, to=CCIB)
    assert _header(await mailbox.raw(case), "Reply-To") is None


async def test_a_case_of_a_learner_who_is_not_known_yet_waits(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    await running.deliver(await money.submitted(running, learner_id))
    async with working(running):
        assert await mailbox.messages() == []
        await running.deliver(build.registered(learner_id))
        (case,) = await mailbox.until(1, to=CCIB)
    assert _header(await mailbox.raw(case), "Reply-To") == EMAIL


async def test_no_message_and_no_desk_shows_what_only_the_mailbox_may_see(  # I-9
    notifications: StartService, mailbox: Mailbox, learner_token: Any, staff_token: Any
) -> None:
    running, learner_id = await _with_case(notifications)
    await running.deliver(await money.requested_discount(running, learner_id))
    await running.deliver(await money.card_issued(running, learner_id))
    async with working(running):
        mails = await until_state(running, "sent", 6)

    me = bearer(learner_token(learner_id))
    staff = bearer(staff_token(Permission.NOTIFICATIONS_READ))
    seen = [await running.client.get("/messages", headers=me)]
    messages = await running.client.get("/api/notifications/messages", headers=me)
    kinds = {item["kind"] for item in messages.json()["items"]}
    assert kinds == {"welcome", "transfer_submitted", "discount_requested", "study_card_issued"}
    seen += [messages, await running.client.get("/staff/notifications?show=sent", headers=staff)]
    for mail in mails:
        path = f"/staff/notifications/mails/{mail['mail_id']}"
        seen.append(await running.client.get(path, headers=staff))
    assert all(answer.status_code == 200 for answer in seen)
    for answer in seen:
        for secret in money.SECRETS:
            assert secret not in answer.text
    case = next(answer for answer in seen if "联系方式：" in answer.text)
    assert "只在邮件中显示" in case.text
    assert "协会邮箱" in case.text


async def test_nothing_secret_rests_in_the_database_or_a_log(  # I-9
    notifications: StartService, mailbox: Mailbox, log_file: Path
) -> None:
    running, learner_id = await _with_case(notifications)
    for event, _ in await money.every_money_step(running, learner_id):
        await running.deliver(event)
    await mailbox.fault(kind="refuse", code=550, times=2)
    async with working(running):
        await until_state(running, "parked", 2)
        await until_state(running, "sent", 10)

    tables = await running.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert {"mails", "mail_trail", "inbox", "outbox"} <= {row["relname"] for row in tables}
    for table in tables:
        for row in await running.pool.fetch(f"SELECT * FROM {table['relname']}"):  # noqa: S608
            text = repr(dict(row))
            assert not [secret for secret in money.SECRETS if secret in text], table["relname"]
    logged = log_file.read_text(encoding="utf-8")
    assert "mail_tried" in logged
    assert not [secret for secret in money.SECRETS if secret in logged]


async def test_a_second_attempt_sends_the_same_bytes_voucher_included(  # W-5
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, _ = await _with_case(notifications)
    await mailbox.fault(kind="cut", to=CCIB)
    async with working(running):
        await until_state(running, "sent", 3)
    first, second = await mailbox.messages(to=CCIB)
    assert await mailbox.raw(first) == await mailbox.raw(second)
    assert await mailbox.attachment(second) == money.VOUCHER


async def test_a_voucher_of_ten_megabytes_arrives_whole(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    voucher = bytes(range(256)) * (40 * 1024)
    await running.deliver(build.registered(learner_id))
    await running.deliver(await money.submitted(running, learner_id, voucher=voucher))
    async with working(running):
        (mail,) = await mailbox.until(1, to=CCIB)
    assert await mailbox.attachment(mail) == voucher


async def test_a_letter_that_is_too_large_for_the_server_is_parked_before_it_is_sent(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    await running.deliver(build.registered(learner_id))
    event = await money.submitted(running, learner_id, voucher=bytes(16 * 1024 * 1024))
    await running.deliver(event)
    async with working(running):
        (mail,) = await until_state(running, "parked")
    assert (mail["template"], mail["reason"], mail["claims"]) == ("transfer_case", "refused", 1)
    assert mail["detail"].startswith("552 ")
    assert await mailbox.messages(to=CCIB) == []


async def test_a_mail_whose_parcel_is_missing_is_tried_for_a_while_and_parked_with_the_reason(
    notifications: StartService, mailbox: Mailbox, staff_token: Any
) -> None:
    running, learner_id = await notifications(mail_failures_max=3), ids.new_id()
    await running.deliver(build.registered(learner_id))
    events = [
        await money.submitted(running, learner_id),
        await money.requested_discount(running, learner_id),
        await money.card_issued(running, learner_id),
        await money.invoice_issued(running, learner_id),
    ]
    for event in events:
        await money.shelf(running).delete(event.parcel_id)  # type: ignore[attr-defined]
        await running.deliver(event)
    async with working(running):
        mails = await until_state(running, "parked", 4)
    assert {Template(mail["template"]) for mail in mails} == {
        Template.TRANSFER_CASE,
        Template.DISCOUNT_CASE,
        Template.STUDY_CARD_ISSUED,
        Template.INVOICE_ISSUED,
    }
    assert {(mail["reason"], mail["failures"]) for mail in mails} == {("no_parcel", 3)}
    desk = await running.client.get(
        "/staff/notifications", headers=bearer(staff_token(Permission.NOTIFICATIONS_READ))
    )
    assert "PARCEL_KEY" in desk.text
    assert len(await mailbox.messages()) == 3  # welcome and the two acknowledgements


async def test_a_parcel_that_appears_late_is_sent(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, learner_id = await notifications(mail_failures_max=1000), ids.new_id()
    event = await money.card_issued(running, learner_id)
    parcel = await money.shelf(running).unseal(event.parcel_id)
    await money.shelf(running).delete(event.parcel_id)
    await running.deliver(build.registered(learner_id))
    await running.deliver(event)
    async with working(running):
        (mail,) = await until_state(running, "failed")
        assert mail["reason"] == "no_parcel"
        await money.shelf(running).seal(event.parcel_id, parcel)
        await mailbox.until(1, subject="学习卡")


async def test_a_shelf_that_is_away_parks_nothing(
    notifications: StartService, mailbox: Mailbox, tmp_path: Path
) -> None:
    running, learner_id = await notifications(mail_failures_max=1), ids.new_id()
    event = await money.card_issued(running, learner_id)
    await running.deliver(build.registered(learner_id))
    await running.deliver(event)
    folder, aside = tmp_path / "parcels", tmp_path / "aside"
    folder.rename(aside)
    folder.write_text("no folder any more: reading below it fails")
    async with working(running):
        (mail,) = await until_state(running, "failed")
        assert (mail["reason"], mail["failures"]) == ("shelf_away", 0)
        folder.unlink()
        aside.rename(folder)
        await mailbox.until(1, subject="学习卡")


def _header(raw: bytes, name: str) -> str | None:
    found = message_from_bytes(raw, policy=default)[name]
    return str(found) if found is not None else None


@pytest.mark.parametrize("name", ["a\r\nBcc: x@example.com.pdf", "../../etc/passwd", ""])
async def test_a_strange_file_name_adds_no_header(
    notifications: StartService, mailbox: Mailbox, name: str
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    event = await money.submitted(running, learner_id)
    parcel = await money.shelf(running).unseal(event.parcel_id)
    attachment = Attachment(name, "image/png", b"x")
    await money.shelf(running).seal(event.parcel_id, Parcel(parcel.fields, (attachment,)))
    await running.deliver(build.registered(learner_id))
    await running.deliver(event)
    async with working(running):
        (mail,) = await mailbox.until(1, to=CCIB)
    assert _header(await mailbox.raw(mail), "Bcc") is None
    assert mail["attachments"][0]["content_type"] == "image/png"
