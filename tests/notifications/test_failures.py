"""A mail is never lost: dead servers, refusals, lost answers and killed senders (W-5)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from chassis import ids
from chassis.db import transaction
from contracts.notifications import MailFailed
from services.notifications import actions
from services.notifications.model import Mail, Outcome, Patience, Result
from tests.conftest import Running

from . import conftest as build
from .conftest import EMAIL, Mailbox, StartService, until_state, working


async def _with_one_mail(notifications: StartService, **settings: Any) -> Running:
    running = await notifications(**settings)
    await running.deliver(build.registered(ids.new_id()))
    return running


async def test_a_dead_server_that_comes_back_gets_the_mail_once(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(notifications, mail_failures_max=1)
    await mailbox.listen(False)
    async with working(running):
        (mail,) = await until_state(running, "failed")
        assert (mail["reason"], mail["failures"]) == ("away", 0)
        await mailbox.listen(True)
        await until_state(running, "sent")
    assert len(await mailbox.messages()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "refuse", "code": 421},
        {"kind": "refuse", "code": 451},
        {"kind": "refuse", "code": 450},
        {"kind": "refuse", "code": 450, "stage": "data"},
        {"kind": "silent", "seconds": 3},
    ],
)
async def test_a_refusal_for_now_is_tried_again(
    notifications: StartService, mailbox: Mailbox, fault: dict[str, Any]
) -> None:
    running = await _with_one_mail(notifications)
    await mailbox.fault(**fault, times=2 if fault["kind"] == "refuse" else 1)
    async with working(running):
        (mail,) = await until_state(running, "sent")
    assert mail["claims"] == (3 if fault["kind"] == "refuse" else 2)
    assert len(await mailbox.messages()) == 1


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        ({"code": 550}, "550 No such user here"),
        ({"code": 554}, "554 Transaction failed"),
        ({"code": 550, "stage": "mail"}, "550 No such user here"),
    ],
)
async def test_a_refusal_for_good_is_parked_and_told(
    notifications: StartService, mailbox: Mailbox, fault: dict[str, Any], detail: str
) -> None:
    running = await _with_one_mail(notifications)
    await mailbox.fault(kind="refuse", **fault)
    async with working(running):
        (mail,) = await until_state(running, "parked")
    assert (mail["reason"], mail["detail"], mail["claims"]) == ("refused", detail, 1)
    assert await running.told_names() == [MailFailed.name]
    (told,) = await running.told()
    assert detail.encode() in told.body
    assert b"@" not in told.body


async def test_refusals_for_now_end_with_staff(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(notifications, mail_failures_max=3)
    await mailbox.fault(kind="refuse", code=450, times=100)
    async with working(running):
        (mail,) = await until_state(running, "parked")
    assert (mail["reason"], mail["failures"]) == ("deferred", 3)
    assert await running.told_names() == [MailFailed.name]


async def test_a_lost_answer_is_tried_again_under_the_same_message_id_and_counted(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(notifications)
    await mailbox.fault(kind="cut")
    async with working(running):
        (mail,) = await until_state(running, "sent")
    first, second = await mailbox.messages()
    assert first["message_id"] == second["message_id"]
    assert first["text"] == second["text"]
    assert mail["unknowns"] == 1


async def test_a_sender_killed_between_data_and_commit_sends_again_the_same_message(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(notifications, mail_lease_seconds=0.2)
    await mailbox.fault(kind="stall", seconds=1.5)
    async with working(running):
        await mailbox.until(1)
    assert await running.pool.fetchval("SELECT state FROM mails") == "sending"

    async with working(running):
        (mail,) = await until_state(running, "sent")
    first, second = await mailbox.messages()
    assert first["message_id"] == second["message_id"]
    assert mail["unknowns"] == 1


async def test_a_sender_that_outlives_its_lease_changes_nothing(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(
        notifications,
        mail_lease_seconds=0.2,
        mail_first_wait_seconds=30,
        mail_longest_wait_seconds=30,
    )
    await mailbox.fault(kind="stall", seconds=0.6)
    async with working(running):
        (mail,) = await until_state(running, "failed")
        await asyncio.sleep(0.8)
    assert (mail["reason"], mail["unknowns"]) == ("unknown", 1)
    assert await running.pool.fetchval("SELECT state FROM mails") == "failed"


async def test_a_sender_whose_mail_is_with_another_by_now_changes_nothing(
    notifications: StartService,
) -> None:
    running = await _with_one_mail(notifications)
    at_once = timedelta()
    patience = Patience(at_once, at_once, failures_max=5, lease=at_once)

    async def claim() -> Mail | None:
        async with transaction(running.pool) as tx:
            return await actions.claim_mail(tx, patience=patience)

    first = await claim()
    assert first
    assert await claim() is None  # the first is taken for dead
    assert await claim()
    async with transaction(running.pool) as tx:
        sent = Outcome(Result.SENT)
        await actions.settle_mail(tx, first, sent, letter=None, patience=patience)
    assert await running.pool.fetchval("SELECT state FROM mails") == "sending"


async def test_one_slow_mail_holds_up_no_other(
    notifications: StartService, mailbox: Mailbox
) -> None:
    running = await _with_one_mail(notifications, smtp_timeout_seconds=60)
    await mailbox.fault(kind="slow", seconds=60, to=EMAIL)
    async with working(running):
        await until_state(running, "sending")
        await running.deliver(build.registered(ids.new_id(), email="quick@example.com"))
        await mailbox.until(1, to="quick@example.com")
    assert await mailbox.messages(to=EMAIL) == []
