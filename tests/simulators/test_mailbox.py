"""The simulated mailbox, over real SMTP and HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest

from simulators.mailbox import create_app, shelf


@dataclass
class Mailbox:
    port: int
    client: httpx.AsyncClient

    async def send(self, message: EmailMessage | None = None, **more: Any) -> None:
        await aiosmtplib.send(
            message or letter(), hostname="127.0.0.1", port=self.port, timeout=2, **more
        )

    async def messages(self, **asked: str) -> list[dict[str, Any]]:
        return list((await self.client.get("/messages", params=asked)).json())

    async def fault(self, **fault: Any) -> None:
        answer = await self.client.post("/control/faults", json=fault)
        assert answer.status_code == 201


def letter(to: str = "zhong@example.com", subject: str = "欢迎注册") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "TIC EDU <ccib@vip.163.com>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<1@tic-edu>"
    message.set_content("账号 https://example.com/confirm")
    message.add_alternative("<p>账号</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="证明.pdf")
    return message


@asynccontextmanager
async def running(data_dir: Path | None = None) -> AsyncIterator[Mailbox]:
    app = create_app(data_dir)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sim") as client,
    ):
        yield Mailbox(app.state.mailbox.smtp_port, client)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with running() as box:
        yield box


async def test_a_mail_is_listed_with_all_its_parts(mailbox: Mailbox) -> None:
    await mailbox.send()
    (message,) = await mailbox.messages()
    assert message["from"] == "ccib@vip.163.com"
    assert message["to"] == ["zhong@example.com"]
    assert message["subject"] == "欢迎注册"
    assert "https://example.com/confirm" in message["text"]
    assert "<p>账号</p>" in message["html"]
    assert message["attachments"] == [
        {"name": "证明.pdf", "content_type": "application/pdf", "size": 4}
    ]


async def test_mails_are_found_by_address_and_subject(mailbox: Mailbox) -> None:
    await mailbox.send(letter("a@example.com", "付款成功"))
    await mailbox.send(letter("b@example.com", "欢迎注册"))
    assert len(await mailbox.messages(to="A@example.com")) == 1
    assert len(await mailbox.messages(subject="注册")) == 1
    assert await mailbox.messages(to="a@example.com", subject="注册") == []


async def test_a_mail_is_shown_without_trusting_it(mailbox: Mailbox) -> None:
    await mailbox.send(letter(subject="<b>x</b>"))
    page = await mailbox.client.get("/messages/1")
    assert "&lt;b&gt;x" in page.text
    assert 'href="https://example.com/confirm"' in page.text
    assert "script" not in page.text
    html = await mailbox.client.get("/messages/1/html")
    assert html.headers["content-security-policy"].startswith("sandbox")
    attachment = await mailbox.client.get("/messages/1/attachments/0")
    assert attachment.headers["content-type"] == "application/octet-stream"
    assert (await mailbox.client.get("/messages/2")).status_code == 404
    assert (await mailbox.client.get("/messages/1/attachments/1")).status_code == 404


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (421, aiosmtplib.SMTPConnectResponseError),
        (451, aiosmtplib.SMTPSenderRefused),
        (450, aiosmtplib.SMTPRecipientsRefused),
        (550, aiosmtplib.SMTPRecipientsRefused),
        (554, aiosmtplib.SMTPDataError),
    ],
)
async def test_a_planned_refusal_comes_once(
    mailbox: Mailbox, code: int, error: type[Exception]
) -> None:
    await mailbox.fault(kind="refuse", code=code)
    with pytest.raises(error):
        await mailbox.send()
    assert await mailbox.messages() == []
    await mailbox.send()
    assert len(await mailbox.messages()) == 1


async def test_a_cut_after_data_keeps_the_mail_and_loses_the_answer(mailbox: Mailbox) -> None:
    await mailbox.fault(kind="cut")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await mailbox.send()
    assert len(await mailbox.messages()) == 1


async def test_a_stall_after_data_keeps_the_mail(mailbox: Mailbox) -> None:
    await mailbox.fault(kind="stall", seconds=2.5)
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await mailbox.send()
    assert len(await mailbox.messages()) == 1


async def test_a_dead_server_refuses_connections_until_it_lives_again(mailbox: Mailbox) -> None:
    await mailbox.client.post("/control/server", json={"listens": False})
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await mailbox.send()
    await mailbox.client.post("/control/server", json={"listens": True})
    await mailbox.send()
    assert len(await mailbox.messages()) == 1


async def test_mail_survives_a_restart_and_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MESSAGES_KEPT", 2)
    async with running(tmp_path) as box:
        for subject in ("one", "two", "three"):
            await box.send(letter(subject=subject))
    async with running(tmp_path) as box:
        assert [m["subject"] for m in await box.messages()] == ["two", "three"]


async def test_a_broken_mail_is_shown_as_well_as_it_can_be(mailbox: Mailbox) -> None:
    raw = b"Subject: x\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe\r\n"
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.port, timeout=2)
    async with client:
        await client.sendmail("a@example.com", ["b@example.com"], raw)
    (message,) = await mailbox.messages()
    assert message["subject"] == "x"
    assert (await mailbox.client.get("/messages/1")).status_code == 200


@pytest.mark.parametrize("fault", [{}, {"kind": "refuse", "code": 250}, {"kind": "melt"}])
async def test_an_unknown_fault_is_refused(mailbox: Mailbox, fault: dict[str, Any]) -> None:
    assert (await mailbox.client.post("/control/faults", json=fault)).status_code == 422
