"""Every step of a learner's way is mailed, once, to the right address (W-5)."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from chassis import clock, ids, links
from contracts.identity import LearnerChanged
from contracts.payments import PaymentMethod
from services.notifications.app import desk_of, parcels_of, patience_of
from services.notifications.mailer import SmtpMailer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from tests.conftest import Running

from . import conftest as build
from .conftest import EMAIL, Mailbox, StartService, until_state, working


async def test_each_step_is_mailed_once_however_often_it_is_told(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    steps = build.every_step(learner_id)

    for event, _ in steps:
        assert await running.deliver(event)
        assert not await running.deliver(event)
    async with working(running):
        await mailbox.until(len(steps))
        await until_state(running, "sent", len(steps))

    messages = await mailbox.messages()
    assert len(messages) == len(steps)
    for _, word in steps:
        (mail,) = [m for m in messages if word in m["subject"]]
        assert (mail["from"], mail["to"]) == ("ccib@vip.163.com", [EMAIL])
        assert "钟检" in mail["text"]
        assert "In English" in mail["text"]
        assert "<html" in mail["html"]


async def test_an_event_of_which_the_inbox_knows_nothing_is_still_mailed_once(
    notifications: StartService,
) -> None:
    running = await notifications()
    event = build.paid(ids.new_id())
    await running.deliver(event)
    await running.pool.execute("DELETE FROM inbox")
    await running.deliver(event)
    assert await running.pool.fetchval("SELECT count(*) FROM mails") == 1


async def test_the_links_in_mails_are_what_identity_reads(  # I-6, I-7
    notifications: StartService, mailbox: Mailbox, keys: dict[str, str]
) -> None:
    running = await notifications()
    confirmation, reset = build.confirmation(ids.new_id()), build.reset(ids.new_id())
    await running.deliver(confirmation)
    await running.deliver(reset)
    async with working(running):
        await mailbox.until(2)

    key = _settings(running).link_key.get_secret_value()
    for event, path, purpose in (
        (confirmation, "/confirm-email/", links.EMAIL_CONFIRMATION),
        (reset, "/reset-password/", links.PASSWORD_RESET),
    ):
        (text,) = [m["text"] for m in await mailbox.messages() if path in m["text"]]
        url = next(word for word in text.split() if path in word)
        assert url.startswith(f"{_settings(running).public_url}{path}")
        token = urlsplit(url).path.removeprefix(path)
        assert links.read(key, purpose, token) == event.request_id


async def test_no_secret_of_a_link_is_kept(notifications: StartService, mailbox: Mailbox) -> None:
    running = await notifications()
    event = build.reset(ids.new_id())
    await running.deliver(event)
    async with working(running):
        (mail,) = await mailbox.until(1)
        await until_state(running, "sent")
    token = next(w for w in mail["text"].split() if "/reset-password/" in w).rpartition("/")[2]
    rows = await running.pool.fetch("SELECT * FROM mails")
    assert token not in json.dumps([dict(row) for row in rows], default=str)


async def test_what_is_told_before_the_learner_is_known_waits_for_the_address(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    await running.deliver(build.paid(learner_id))
    async with working(running):
        await asyncio.sleep(0.2)
        assert await mailbox.messages() == []
        await running.deliver(build.registered(learner_id))
        found = await mailbox.until(2)
    assert {"付款成功" in m["subject"] for m in found} == {True, False}


async def test_mail_goes_to_the_newest_address_whatever_the_order(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    newer = build.registered(learner_id, version=3, email="new@example.com").model_dump()
    await running.deliver(LearnerChanged(**newer | {"event_id": ids.new_id()}))
    await running.deliver(build.registered(learner_id, version=1, email="old@example.com"))
    async with working(running):
        (mail,) = await mailbox.until(1)
    assert mail["to"] == ["new@example.com"]


async def test_a_free_order_asks_for_no_payment(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    await running.deliver(build.registered(learner_id))
    await running.deliver(build.paid(learner_id, method=PaymentMethod.NONE, amount_fen=0))
    async with working(running):
        found = await mailbox.until(2)
    assert any("无需付款" in mail["text"] for mail in found)


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        ({}, ["2026年11月22日", "2026年12月1日", "核验您的身份信息"]),
        ({"printable_by": None}, ["2026年11月22日", "7 个工作日内"]),
        ({"cohort_on": None, "printable_by": None, "waiting_for": ["cohort_date"]}, ["公布"]),
    ],
)
async def test_a_renewal_mail_names_the_cohort_and_what_is_awaited(  # Z-2
    notifications: StartService, mailbox: Mailbox, waits: dict[str, Any], words: list[str]
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    await running.deliver(build.registered(learner_id))
    await running.deliver(build.renewal(learner_id, **waits))
    async with working(running):
        await mailbox.until(2)
    (mail,) = await mailbox.messages(subject="续证")
    for word in words:
        assert word in mail["text"]


async def test_strange_words_are_mailed_as_text(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    learner_id = ids.new_id()
    await running.deliver(build.registered(learner_id, real_name="欧阳龘\r\nBcc: x@example.com"))
    await running.deliver(build.verified(learner_id, version=1, real_name="<script>"))
    async with working(running):
        found = await mailbox.until(2)
    for mail in found:
        assert mail["to"] == [EMAIL]
        assert "<script>" not in mail["html"]


@pytest.mark.parametrize("address", ["a@b.com\r\nRCPT TO:<c@d.com>", "nobody", "钟@example.com"])
async def test_an_address_that_cannot_be_written_is_parked(
    notifications: StartService, mailbox: Mailbox, address: str
) -> None:
    running = await notifications()
    await running.deliver(build.registered(ids.new_id(), email=address))
    async with working(running):
        (mail,) = await until_state(running, "parked")
    assert mail["reason"] == "unwritable"
    assert await mailbox.messages() == []


async def test_a_dead_link_is_not_mailed(notifications: StartService, mailbox: Mailbox) -> None:
    running = await notifications()
    expired = clock.now() - timedelta(seconds=1)
    await running.deliver(build.reset(ids.new_id(), expires_at=expired))
    async with working(running):
        (mail,) = await until_state(running, "parked")
    assert mail["reason"] == "expired"
    assert await mailbox.messages() == []


async def test_senders_that_race_send_a_mail_once(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await notifications()
    await running.deliver(build.registered(ids.new_id()))
    settings = _settings(running)
    sender = Sender(
        running.pool,
        desk_of(settings),
        SmtpMailer(settings),
        patience_of(settings),
        parcels_of(settings),
    )
    taken = await asyncio.gather(*(sender.send_next() for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]
    assert len(await mailbox.messages()) == 1


async def test_many_mails_from_many_senders_each_arrive_once(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running, count = await notifications(mail_senders=6), 40
    for number in range(count):
        await running.deliver(build.registered(ids.new_id(), email=f"a{number}@example.com"))
    async with working(running):
        await until_state(running, "sent", count)
    messages = await mailbox.messages()
    assert len({m["message_id"] for m in messages}) == len(messages) == count


def _settings(running: Running) -> NotificationsSettings:
    settings = running.kit.settings
    assert isinstance(settings, NotificationsSettings)
    return settings
