"""A mail server beside the service, and builders of what it hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis import clock, ids
from contracts.certificates import CertificateIssued, RenewalRegistered
from contracts.event import Event
from contracts.identity import (
    EmailConfirmationRequested,
    LearnerKind,
    LearnerRegistered,
    LearnerVerified,
    PasswordChanged,
    PasswordResetRequested,
    VerificationReturned,
)
from contracts.payments import ItemKind, OrderLine, OrderPaid, PaymentMethod
from contracts.progress import CycleSatisfied
from simulators.mailbox import create_app
from tests.conftest import MakeService, Running

EMAIL = "zhong@example.com"
PATIENCE_SECONDS = 60  # of these tests, on a busy machine
QUICK = {
    "mail_poll_seconds": 0.02,
    "mail_first_wait_seconds": 0.02,
    "mail_longest_wait_seconds": 0.05,
    "mail_lease_seconds": 60.0,
    "smtp_timeout_seconds": 2.0,
}


@dataclass
class Mailbox:
    client: httpx.AsyncClient
    port: int

    async def fault(self, **fault: Any) -> None:
        answer = await self.client.post("/control/faults", json=fault)
        assert answer.status_code == 201

    async def listen(self, listens: bool) -> None:
        await self.client.post("/control/server", json={"listens": listens})

    async def messages(self, **asked: str) -> list[dict[str, Any]]:
        return list((await self.client.get("/messages", params=asked)).json())

    async def raw(self, message: dict[str, Any]) -> bytes:
        """The bytes that came over the wire."""
        return (await self.client.get(f"/messages/{message['id']}/raw")).content

    async def attachment(self, message: dict[str, Any], number: int = 0) -> bytes:
        return (await self.client.get(f"/messages/{message['id']}/attachments/{number}")).content

    async def until(self, count: int, **asked: str) -> list[dict[str, Any]]:
        """The mails, once there are so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found := await self.messages(**asked)) < count:
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim") as client,
    ):
        yield Mailbox(client, app.state.mailbox.smtp_port)


StartService = Callable[..., Awaitable[Running]]


@pytest.fixture
def notifications(service: MakeService, mailbox: Mailbox) -> StartService:
    """`await notifications(mail_lease_seconds=…)`: the service, sending to the mailbox."""

    async def start(**settings: Any) -> Running:
        return await service("notifications", smtp_port=mailbox.port, **(QUICK | settings))

    return start


@asynccontextmanager
async def working(running: Running) -> AsyncIterator[None]:
    """The service's workers at work; at the end they die in the middle of what they do."""
    tasks = [asyncio.ensure_future(worker()) for worker in running.service.workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_state(running: Running, state: str, count: int = 1) -> list[Any]:
    """The mails in this state, once there are so many."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = await running.pool.fetch("SELECT * FROM mails WHERE state = $1", state)
            if len(rows) >= count:
                return list(rows)
            await asyncio.sleep(0.02)


def _facts(learner_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "learner_id": learner_id,
        "version": 1,
        "real_name": "钟检",
        "kind": LearnerKind.HOLDER,
        "email": EMAIL,
        "id_number_masked": "110105********6789",
        "id_number_mac": "00",
        "verified": False,
        "registered_at": clock.now(),
    } | changes


def registered(learner_id: UUID, **changes: Any) -> LearnerRegistered:
    return LearnerRegistered(**_facts(learner_id, **changes))


def verified(learner_id: UUID, **changes: Any) -> LearnerVerified:
    return LearnerVerified(**_facts(learner_id, verified=True, **({"version": 2} | changes)))


def confirmation(learner_id: UUID, **changes: Any) -> EmailConfirmationRequested:
    return EmailConfirmationRequested(**_link(learner_id, **changes))


def reset(learner_id: UUID, **changes: Any) -> PasswordResetRequested:
    return PasswordResetRequested(**_link(learner_id, **changes))


def _link(learner_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "request_id": ids.new_id(),
        "learner_id": learner_id,
        "real_name": "钟检",
        "email": EMAIL,
        "expires_at": clock.now() + timedelta(minutes=30),
    } | changes


def paid(learner_id: UUID, **changes: Any) -> OrderPaid:
    line = OrderLine(
        kind=ItemKind.PACKAGE,
        item_id=ids.new_id(),
        title="认证课程 40 学时打包课程",
        hours=40,
        amount_fen=60000,
        course_ids=[ids.new_id()],
    )
    values: dict[str, Any] = {
        "order_id": ids.new_id(),
        "number": "O2611220001",
        "learner_id": learner_id,
        "method": PaymentMethod.WECHAT,
        "amount_fen": 60000,
        "paid_at": clock.now(),
        "lines": [line],
    }
    return OrderPaid(**(values | changes))


def satisfied(learner_id: UUID) -> CycleSatisfied:
    return CycleSatisfied(
        learner_id=learner_id,
        cycle_starts_on=date(2024, 1, 1),
        cycle_ends_on=date(2027, 12, 31),
        hours=40,
        study_started_on=date(2026, 11, 1),
        satisfied_at=clock.now(),
    )


def renewal(learner_id: UUID, **changes: Any) -> RenewalRegistered:
    values: dict[str, Any] = {
        "learner_id": learner_id,
        "registration_id": ids.new_id(),
        "cohort_on": date(2026, 11, 22),
        "printable_by": date(2026, 12, 1),
        "waiting_for": ["identity_verification", "cohort"],
    }
    return RenewalRegistered(**(values | changes))


def issued(learner_id: UUID) -> CertificateIssued:
    return CertificateIssued(
        learner_id=learner_id,
        certificate_id=ids.new_id(),
        number="TIC20260001",
        form=LearnerKind.HOLDER,
        issued_on=date(2026, 11, 22),
        valid_until=date(2030, 11, 21),
        cycle_starts_on=date(2024, 1, 1),
    )


def every_step(learner_id: UUID) -> list[tuple[Event, str]]:
    """Everything that a learner is mailed about, with a word of the mail's subject."""
    return [
        (registered(learner_id), "欢迎注册"),
        (confirmation(learner_id), "确认您的邮箱"),
        (reset(learner_id), "设置新密码"),
        (PasswordChanged(learner_id=learner_id), "密码已更改"),
        (VerificationReturned(learner_id=learner_id, reason="身份证号不清楚"), "核验未通过"),
        (verified(learner_id), "核验已通过"),
        (paid(learner_id), "付款成功"),
        (satisfied(learner_id), "学时已完成"),
        (renewal(learner_id), "续证学习登记"),
        (issued(learner_id), "TIC20260001"),
    ]
