"""Paid orders, the desk of refunds, and what progress and WeChat answer."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis import ids
from chassis.permissions import Permission
from contracts.payments import OrderRefunded, RefundDeclined, WithdrawalRequested
from contracts.progress import CoursesWithdrawn, Withdrawn
from services.payments import returning
from services.payments.settings import PaymentsSettings
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop

PLACE = "/staff/payments/refunds"
REASON = "课程选错了"


@dataclass
class Desk:
    """Somebody of finance, signed in."""

    shop: Shop
    sign: Callable[..., str]
    staff_id: UUID = field(default_factory=ids.new_id)

    @property
    def headers(self) -> dict[str, str]:
        rights = (Permission.PAYMENTS_READ, Permission.PAYMENTS_REFUNDS)
        return bearer(self.sign(*rights, staff_id=self.staff_id))

    def colleague(self) -> "Desk":
        return Desk(self.shop, self.sign)

    async def get(self, path: str = "") -> httpx.Response:
        url = f"{PLACE}{path}{'&' if '?' in path else '?'}lang=en"
        return await self.shop.running.client.get(url, headers=self.headers)

    async def post(self, path: str, **form: str) -> httpx.Response:
        csrf = "c" * 43
        return await self.shop.running.client.post(
            f"{PLACE}{path}",
            data={**form, "csrf": csrf},
            headers={**self.headers, "Cookie": f"csrf={csrf}; lang=en"},
        )

    async def approve(self, refund_id: str) -> httpx.Response:
        return await self.post(f"/{refund_id}/approval")

    async def start(
        self, order: dict[str, Any], *, yuan: str = "", target: str = "source"
    ) -> httpx.Response:
        said = {"number": order["number"], "amount": yuan, "target": target, "reason": "协会同意"}
        return await self.post("", **said)

    async def go_on(self, refund_id: str, target: str = "source") -> httpx.Response:
        return await self.post(f"/{refund_id}/next", target=target)


@pytest.fixture
async def desk(shop: Shop, staff_token: Callable[..., str]) -> AsyncIterator[Desk]:
    """The desk of this shop. WeChat's notifications of refunds are lost, so that a test says when
    something becomes known; at the end no balance may be off."""
    await shop.fault("refund_notify", "lost", times=1000)
    yield Desk(shop, staff_token)
    await assert_books_hold(shop)


async def paid_order(shop: Shop, learner: Learner, *, hours: int = 10) -> dict[str, Any]:
    """Paid by scanning the code."""
    order = await shop.open_order(learner, hours=hours)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    return order


async def ask(
    learner: Learner, order: dict[str, Any], *, target: str = "source", key: str | None = None
) -> httpx.Response:
    body = {"order_id": order["order_id"], "target": target, "reason": REASON}
    headers = {"Idempotency-Key": key} if key else {}
    return await learner.ask("POST", "/refunds", json=body, headers=headers)


async def asked(learner: Learner, order: dict[str, Any], *, target: str = "source") -> str:
    answer = await ask(learner, order, target=target)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["refund_id"])


async def look(learner: Learner, refund_id: str) -> dict[str, Any]:
    answer = await learner.ask("GET", f"/refunds/{refund_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(shop: Shop, kind: type[Any]) -> list[Any]:
    return [
        kind.model_validate_json(message.body)
        for message in await shop.running.told()
        if message.name == kind.name
    ]


async def questions(shop: Shop) -> list[WithdrawalRequested]:
    return await told(shop, WithdrawalRequested)


async def refunded(shop: Shop) -> list[OrderRefunded]:
    return await told(shop, OrderRefunded)


async def declined(shop: Shop) -> list[RefundDeclined]:
    return await told(shop, RefundDeclined)


def answer_to(asked: WithdrawalRequested, *, hours: int, studied: int) -> CoursesWithdrawn:
    """What progress says: each course has so many hours, and so many of them are studied."""
    return CoursesWithdrawn(
        refund_id=asked.refund_id,
        order_id=asked.order_id,
        learner_id=asked.learner_id,
        courses=[
            Withdrawn(course_id=course_id, hours=hours, hours_studied=studied)
            for course_id in asked.course_ids
        ],
    )


async def count_hours(shop: Shop, *, hours: int = 10, studied: int = 0) -> None:
    """Progress answers the newest question."""
    newest = (await questions(shop))[-1]
    await shop.running.deliver(answer_to(newest, hours=hours, studied=studied))


async def send(shop: Shop, *, times: int = 2) -> None:
    """Rounds of the sweeper, with everything due: what waits is sent, then asked about."""
    settings: PaymentsSettings = shop.running.service.app.state.settings
    for _ in range(times):
        await shop.running.pool.execute("UPDATE payback_gates SET open_at = now()")
        await shop.running.pool.execute(
            "UPDATE paybacks SET next_try_at = now() WHERE next_try_at IS NOT NULL"
        )
        await returning.sweep(shop.running.pool, shop.wechat, settings.refund_spacing)


async def paybacks(shop: Shop) -> list[tuple[str, str, int]]:
    """(number, status, sum) of what is on its way back, oldest first."""
    rows = await shop.running.pool.fetch(
        "SELECT out_refund_no, status, amount_fen FROM paybacks ORDER BY made_at, out_refund_no"
    )
    return [(row["out_refund_no"], row["status"], row["amount_fen"]) for row in rows]


async def at_wechat(shop: Shop) -> list[dict[str, Any]]:
    """The provider's own refunds."""
    return list((await shop.provider_state())["refunds"])


async def refunded_fen(shop: Shop, order: dict[str, Any]) -> int:
    fen: int = await shop.running.pool.fetchval(
        "SELECT refunded_fen FROM orders WHERE order_id = $1", UUID(order["order_id"])
    )
    return fen


async def balance(shop: Shop, learner: Learner) -> int:
    return -(await shop.balances()).get(f"liability:wallet:{learner.learner_id}", 0)


def refund_id_of(answer: httpx.Response) -> str:
    """The refund whose page a form leads to."""
    assert answer.status_code == 303, said(answer)
    found = re.search(rf"{PLACE}/([0-9a-f-]{{36}})$", answer.headers["location"])
    assert found, answer.headers["location"]
    return found.group(1)


def said(answer: httpx.Response) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


async def assert_books_hold(shop: Shop) -> None:
    """Nothing is promised but what stands in a refund; every fen that went out is known."""
    balances = await shop.balances()
    assert sum(balances.values()) == 0
    promised = await shop.running.pool.fetchval(
        """
        SELECT coalesce(sum(amount_fen), 0)
          FROM refunds
         WHERE status IN ('sending', 'bank_wanted')
        """
    )
    assert -balances.get("liability:refunds", 0) == promised
    reserved = await shop.running.pool.fetch(
        """
        SELECT o.refunded_fen, coalesce(sum(r.amount_fen), 0) AS known_fen
          FROM orders AS o
     LEFT JOIN refunds AS r USING (order_id)
      GROUP BY o.order_id
        """
    )
    assert all(row["refunded_fen"] == row["known_fen"] for row in reserved)


async def promised(
    shop: Shop, desk: Desk, learner: Learner, *, studied: int = 0
) -> tuple[dict[str, Any], str]:
    """A WeChat order whose refund is approved, counted and about to be sent."""
    order = await paid_order(shop, learner)
    refund_id = await asked(learner, order)
    await desk.approve(refund_id)
    await count_hours(shop, studied=studied)
    return order, refund_id
