"""Steps for the books: paid orders, days that pass at the provider, the finance desk."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx

from chassis import clock, ids
from chassis.permissions import Permission
from chassis.web.forms import CSRF_COOKIE
from services.payments import reconciler
from services.payments.store import reconciliation as store
from tests.conftest import bearer
from tests.payments.cards_steps import top_up
from tests.payments.conftest import Shop

TOKEN = "t" * 43
ALL = tuple(p for p in Permission if p.startswith("payments:"))


@dataclass(frozen=True)
class Desk:
    """A person of finance at the staff pages."""

    client: httpx.AsyncClient
    token: str
    staff_id: UUID = field(default_factory=ids.new_id)

    @classmethod
    def of(cls, shop: Shop, sign: Callable[..., str], *permissions: Permission) -> "Desk":
        who = ids.new_id()
        return cls(shop.running.client, sign(*(permissions or ALL), staff_id=who), who)

    async def get(self, path: str = "") -> httpx.Response:
        return await self.client.get(f"/staff/payments{path}", headers=bearer(self.token))

    async def read(self, path: str = "") -> str:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, path: str, **form: str) -> httpx.Response:
        headers = {**bearer(self.token), "Cookie": f"{CSRF_COOKIE}={TOKEN}"}
        return await self.client.post(
            f"/staff/payments{path}", data={"csrf": TOKEN, **form}, headers=headers
        )


async def paid_order(shop: Shop, *, hours: int = 1) -> dict[str, Any]:
    """An order that was paid by WeChat, with its `out_trade_no` and `transaction_id`."""
    learner = shop.learner()
    order = await shop.open_order(learner, hours=hours)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    transaction_id = await shop.running.pool.fetchval(
        "SELECT transaction_id FROM attempts WHERE out_trade_no = $1", order["out_trade_no"]
    )
    return {**order, "transaction_id": transaction_id, "learner_id": learner.learner_id}


async def pay_twice(shop: Shop) -> dict[str, Any]:
    """An order whose code is still scanned when the account has paid it: a surplus."""
    learner = shop.learner()
    await top_up(shop, learner, 1500)
    order = await shop.open_order(learner, hours=1)
    assert (await learner.start_payment(order["order_id"], method="wallet")).is_success
    await shop.scan(order["code_url"])
    async with asyncio.timeout(5):
        while await shop.discrepancies() != ["surplus"]:
            await shop.sweep()
    return order


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), clock.CHINA)


async def move_paid(shop: Shop, order: dict[str, Any], at: datetime) -> None:
    """Our books say that it was paid then."""
    await shop.running.pool.execute(
        "UPDATE orders SET paid_at = $2 WHERE order_id = $1", UUID(order["order_id"]), at
    )


async def day_of(shop: Shop, order: dict[str, Any]) -> date:
    """The day in China on which the provider took the money."""
    paid_at = await shop.running.pool.fetchval(
        "SELECT paid_at FROM orders WHERE order_id = $1", UUID(order["order_id"])
    )
    return clock.date_of(paid_at)


async def let_days_pass(shop: Shop, days: int = 2) -> None:
    """At the provider."""
    answer = await shop.till.post("/control/clock", json={"advance_seconds": days * 86_400})
    assert answer.status_code == 200, answer.text


async def wait_for(shop: Shop, *days: date) -> None:
    """Somebody waits for the bills of these days."""
    await store.insert_days(shop.running.pool, days, now=clock.now())


async def reconcile(shop: Shop, day: date) -> bool:
    """The bill of a day is asked for, as the worker does."""
    await wait_for(shop, day)
    return await reconciler.fetch(shop.running.pool, shop.wechat, day, now=clock.now())


def morning_after(day: date, *, hour: int = 11) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(hour), clock.CHINA)


async def open_doubts(shop: Shop) -> list[tuple[Any, ...]]:
    """kind, number, our sum, theirs; of what still needs somebody."""
    rows = await shop.running.pool.fetch(
        """
          SELECT kind, out_trade_no, expected_fen, told_fen
            FROM discrepancies
           WHERE settled_at IS NULL
             AND healed_at IS NULL
             AND refunded_at IS NULL
        ORDER BY kind, out_trade_no
        """
    )
    return [tuple(row) for row in rows]
