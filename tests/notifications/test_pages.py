"""What learners read again, and what staff see and do (W-5)."""

import asyncio
from typing import Any

import pytest

from chassis import ids
from chassis.permissions import Permission
from tests.conftest import ORIGIN, Running, bearer

from . import conftest as build
from .conftest import EMAIL, Mailbox, StartService, until_state, working

READ, RESEND = Permission.NOTIFICATIONS_READ, Permission.NOTIFICATIONS_RESEND
TOKEN = "t" * 43


async def _parked(notifications: StartService, mailbox: Mailbox) -> tuple[Running, str]:
    running = await notifications()
    await mailbox.fault(kind="refuse", code=550)
    await running.deliver(build.registered(ids.new_id()))
    async with working(running):
        (mail,) = await until_state(running, "parked")
    return running, str(mail["mail_id"])


async def test_a_learner_reads_only_their_own_messages_the_latest_first(
    notifications: StartService, learner_token: Any
) -> None:
    running = await notifications()
    me, other = ids.new_id(), ids.new_id()
    for event in (build.registered(me), build.paid(me), build.registered(other)):
        await running.deliver(event)
    async with working(running):
        await until_state(running, "sent", 3)

    headers = bearer(learner_token(me))
    answer = await running.client.get("/api/notifications/messages", headers=headers)
    items = answer.json()["items"]
    assert [item["kind"] for item in items] == ["order_paid", "welcome"]
    assert items[0]["delivery"] == "sent"
    assert "600.00" in items[0]["text"]
    page = await running.client.get("/messages", headers=headers)
    assert "付款成功" in page.text
    assert "消息" in page.text


async def test_messages_are_paged(notifications: StartService, learner_token: Any) -> None:
    running = await notifications()
    me = ids.new_id()
    await running.deliver(build.registered(me))
    for number in range(4):
        await running.deliver(build.paid(me, number=f"O{number}"))
    async with working(running):
        await until_state(running, "sent", 5)

    seen, cursor = [], None
    for _ in range(3):
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await running.client.get(
            "/api/notifications/messages", params=asked, headers=bearer(learner_token(me))
        )
        seen += [item["message_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert cursor is None
    assert len(set(seen)) == 5


async def test_a_secret_link_is_not_on_the_messages_page(  # I-6
    notifications: StartService, learner_token: Any
) -> None:
    running = await notifications()
    me = ids.new_id()
    await running.deliver(build.reset(me))
    async with working(running):
        await until_state(running, "sent")
    for path in ("/messages", "/api/notifications/messages"):
        answer = await running.client.get(path, headers=bearer(learner_token(me)))
        assert "链接只在邮件中显示" in answer.text
        assert "/reset-password/" not in answer.text


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": "x"}, {"cursor": "x"}, {"limit": 101}])
async def test_a_wrong_page_is_refused(
    notifications: StartService, learner_token: Any, asked: dict[str, Any]
) -> None:
    running = await notifications()
    answer = await running.client.get(
        "/api/notifications/messages", params=asked, headers=bearer(learner_token())
    )
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_an_empty_messages_page_says_what_will_come(
    notifications: StartService, learner_token: Any
) -> None:
    running = await notifications()
    page = await running.client.get("/messages", headers=bearer(learner_token()))
    assert "还没有消息" in page.text
    page = await running.client.get("/messages?lang=en", headers=bearer(learner_token()))
    assert "No message yet" in page.text


async def test_who_is_not_signed_in_sees_no_messages(notifications: StartService) -> None:
    running = await notifications()
    assert (await running.client.get("/api/notifications/messages")).status_code == 401
    page = await running.client.get("/messages")
    assert page.headers["location"] == "/login?next=/messages"


async def test_the_desk_shows_what_is_parked_and_why(
    notifications: StartService, mailbox: Mailbox, staff_token: Any
) -> None:
    running, mail_id = await _parked(notifications, mailbox)
    headers = bearer(staff_token(READ, RESEND))
    queue = await running.client.get("/staff/notifications", headers=headers)
    for shown in ("邮件服务器拒收", "550 No such user here", EMAIL, "重新发送"):
        assert shown in queue.text
    mail = await running.client.get(f"/staff/notifications/mails/{mail_id}", headers=headers)
    assert "邮件服务器拒收" in mail.text
    english = await running.client.get("/staff/notifications?lang=en", headers=headers)
    assert "could not be delivered" in english.text


@pytest.mark.parametrize("show", ["parked", "waiting", "sent", "nonsense"])
@pytest.mark.parametrize("q", ["", EMAIL, "%'\"<b>"])
async def test_the_desk_is_searched(
    notifications: StartService, staff_token: Any, show: str, q: str
) -> None:
    running = await notifications()
    await running.deliver(build.registered(ids.new_id()))
    answer = await running.client.get(
        "/staff/notifications", params={"show": show, "q": q}, headers=bearer(staff_token(READ))
    )
    assert answer.status_code == 200
    assert (EMAIL in answer.text.replace(f'value="{EMAIL}"', "")) == (
        show == "waiting" and q in ("", EMAIL)
    )


async def test_staff_send_a_parked_mail_again(
    notifications: StartService, mailbox: Mailbox, staff_token: Any
) -> None:
    running, mail_id = await _parked(notifications, mailbox)
    path = f"/staff/notifications/mails/{mail_id}"
    headers = bearer(staff_token(READ, RESEND))
    answer = await _post(running, f"{path}/resend", headers)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    async with working(running):
        await until_state(running, "sent")
    assert len(await mailbox.messages()) == 1
    trail = await running.client.get(path, headers=headers)
    assert "李文" in trail.text
    assert (await _post(running, f"{path}/resend", headers)).status_code == 409


async def test_a_mail_is_sent_again_once_when_two_colleagues_press(
    notifications: StartService, mailbox: Mailbox, staff_token: Any
) -> None:
    running, mail_id = await _parked(notifications, mailbox)
    headers = bearer(staff_token(READ, RESEND))
    path = f"/staff/notifications/mails/{mail_id}/resend"
    answers = await asyncio.gather(*(_post(running, path, headers) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409, 409]


async def test_all_parked_mails_are_sent_again_at_once(
    notifications: StartService, mailbox: Mailbox, staff_token: Any
) -> None:
    running = await notifications()
    await mailbox.fault(kind="refuse", code=550, times=3)
    for _ in range(3):
        await running.deliver(build.registered(ids.new_id()))
    async with working(running):
        await until_state(running, "parked", 3)
        headers = bearer(staff_token(READ, RESEND))
        await _post(running, "/staff/notifications/parked/resend", headers)
        await until_state(running, "sent", 3)
    assert len(await mailbox.messages()) == 3


async def test_the_desk_asks_for_its_permissions(
    notifications: StartService, mailbox: Mailbox, staff_token: Any, learner_token: Any
) -> None:
    running, mail_id = await _parked(notifications, mailbox)
    get, path = running.client.get, f"/staff/notifications/mails/{mail_id}"
    assert (await get("/staff/notifications")).status_code == 303
    other = bearer(staff_token(Permission.IDENTITY_READ))
    assert (await get("/staff/notifications", headers=other)).status_code == 403
    reader = bearer(staff_token(READ))
    assert "重新发送" not in (await get(path, headers=reader)).text
    assert (await _post(running, f"{path}/resend", reader)).status_code == 403
    learner = bearer(learner_token())
    assert (await get("/staff/notifications", headers=learner)).status_code == 303


async def test_an_unknown_mail_is_not_found(notifications: StartService, staff_token: Any) -> None:
    running = await notifications()
    headers = bearer(staff_token(READ, RESEND))
    path = f"/staff/notifications/mails/{ids.new_id()}"
    assert (await running.client.get(path, headers=headers)).status_code == 404
    assert (await _post(running, f"{path}/resend", headers)).status_code == 404


async def _post(running: Running, path: str, headers: dict[str, str]) -> Any:
    """Send a form as a page of ours does."""
    sent = headers | {"Origin": ORIGIN, "Cookie": f"csrf={TOKEN}"}
    return await running.client.post(path, headers=sent, data={"csrf": TOKEN})
