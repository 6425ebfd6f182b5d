"""Payments beside a simulated WeChat Pay that really listens, and builders for what is bought."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from chassis import ids
from contracts.catalogue import CourseKind, CoursePublished, Courseware, CoursewareKind
from contracts.catalogue import PackagePublished as Package
from contracts.identity import LearnerKind
from contracts.payments import OrderPaid
from services.payments import sweeper
from services.payments.providers.port import Provider
from services.payments.store import ledger
from simulators.wechat_pay import create_app
from simulators.wechat_pay import keys as wechat_keys
from tests.conftest import MakeService, Running, bearer

APP_ID, MCH_ID, API_KEY = "wxd930ea5d5a258f4f", "10000100", "192006250b4c09247ec02edce69f6a2d"
HOUR_FEN = 1500  # $-1


@dataclass(frozen=True)
class Learner:
    """A signed-in learner at the API."""

    learner_id: UUID
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(method, f"/api/payments{path}", headers=headers, **more)

    async def put(self, course_id: UUID, kind: str = "course") -> httpx.Response:
        return await self.ask("PUT", f"/cart/items/{kind}/{course_id}")

    async def order(
        self, *course_ids: UUID, kind: str = "course", key: str | None = None
    ) -> httpx.Response:
        items = [{"kind": kind, "id": str(course_id)} for course_id in course_ids]
        headers = {"Idempotency-Key": key} if key else {}
        body = {"items": items} if items else {}
        return await self.ask("POST", "/orders", json=body, headers=headers)

    async def start_payment(
        self, order_id: str, method: str = "wechat_native", **more: str
    ) -> httpx.Response:
        body = {"method": method, **more}
        return await self.ask("POST", f"/orders/{order_id}/payments", json=body)

    async def cancel(self, order_id: str) -> httpx.Response:
        return await self.ask("POST", f"/orders/{order_id}/cancellation")

    async def get_order(self, order_id: str) -> dict[str, Any]:
        answer = await self.ask("GET", f"/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@dataclass(frozen=True)
class Shop:
    """The payments service, and the provider beside it."""

    running: Running
    till: httpx.AsyncClient
    token: Callable[..., str]

    @property
    def wechat(self) -> Provider:
        provider: Provider = self.running.service.app.state.wechat
        return provider

    def learner(self, kind: str = "holder") -> Learner:
        learner_id = ids.new_id()
        token = self.token(learner_id, learner_kind=kind)
        return Learner(learner_id, self.running.client, bearer(token))

    async def sell(self, *, hours: int = 10, price_fen: int | None = None, **more: Any) -> UUID:
        """A course is published; its id."""
        event = course(hours=hours, price_fen=price_fen, **more)
        await self.running.deliver(event)
        return event.course_id

    async def sell_package(
        self, *course_ids: UUID, audience: tuple[LearnerKind, ...] = tuple(LearnerKind)
    ) -> UUID:
        event = package(*course_ids, audience=audience)
        await self.running.deliver(event)
        return event.package_id

    async def open_order(self, learner: Learner, *, hours: int = 10) -> dict[str, Any]:
        """An order whose code can be scanned: with its `out_trade_no` and `code_url`."""
        placed = await learner.order(await self.sell(hours=hours))
        assert placed.status_code == 201, placed.text
        order: dict[str, Any] = placed.json()
        started = await learner.start_payment(order["order_id"])
        assert started.status_code == 201, started.text
        return {
            **order,
            "out_trade_no": f"{order['number']}-1",
            "code_url": started.json()["code_url"],
        }

    async def scan(self, code_url: str, **more: Any) -> None:
        """Pay like a phone; returns once the provider has tried to notify."""
        answer = await self.till.post("/pay", json={"code_url": code_url, **more})
        assert answer.status_code == 200, answer.text

    async def fault(self, on: str, kind: str, **more: Any) -> None:
        answer = await self.till.post("/control/faults", json={"on": on, "kind": kind, **more})
        assert answer.status_code == 201, answer.text

    async def notify(self, out_trade_no: str, **more: Any) -> bool:
        """Have the provider notify now; whether we took it."""
        answer = await self.till.post(
            "/control/notifications/send", json={"out_trade_no": out_trade_no, **more}
        )
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["delivered"])

    async def provider_state(self) -> dict[str, Any]:
        return dict((await self.till.get("/control/state")).json())

    async def post_notification(self, body: bytes) -> httpx.Response:
        return await self.running.client.post("/webhooks/wechat", content=body)

    async def sweep(self) -> None:
        """One round of the sweeper, with every open attempt due."""
        await self.running.pool.execute(
            "UPDATE attempts SET next_look_at = now() WHERE next_look_at IS NOT NULL"
        )
        await sweeper.sweep(self.running.pool, self.wechat)

    async def let_time_pass(self, order_id: str, *, minutes: int = 45) -> None:
        """The order was placed that much earlier."""
        earlier = timedelta(minutes=minutes)
        for statement in (
            "UPDATE orders SET expires_at = expires_at - $2::interval WHERE order_id = $1",
            "UPDATE attempts SET expires_at = expires_at - $2::interval WHERE order_id = $1",
        ):
            await self.running.pool.execute(statement, UUID(order_id), earlier)

    async def until_paid(self, learner: Learner, order_id: str) -> dict[str, Any]:
        return await self.until(learner, order_id, "paid")

    async def until(self, learner: Learner, order_id: str, status: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while (order := await learner.get_order(order_id))["status"] != status:
                await asyncio.sleep(0.01)
            return order

    async def paid_events(self) -> list[OrderPaid]:
        return [
            OrderPaid.model_validate_json(message.body)
            for message in await self.running.told()
            if message.name == OrderPaid.name
        ]

    async def balances(self) -> dict[str, int]:
        return await ledger.get_balances(self.running.pool)

    async def discrepancies(self) -> list[str]:
        rows = await self.running.pool.fetch("SELECT kind FROM discrepancies ORDER BY raised_at")
        return [row["kind"] for row in rows]

    async def assert_nothing_happened(self, learner: Learner, order_id: str) -> None:
        """ "No effect": order, ledger, outbox unchanged."""
        assert (await learner.get_order(order_id))["status"] == "unpaid"
        assert await self.paid_events() == []
        assert await self.balances() == {}

    async def assert_paid_once(self, learner: Learner, order: dict[str, Any]) -> None:
        assert (await learner.get_order(order["order_id"]))["status"] == "paid"
        assert [event.number for event in await self.paid_events()] == [order["number"]]
        amount = order["amount_fen"]
        assert await self.balances() == {"asset:wechat": amount, "revenue:hours": -amount}


def course(
    *,
    hours: int = 10,
    price_fen: int | None = None,
    course_id: UUID | None = None,
    version: int = 1,
    title: str = "ISO/IEC 17025 实验室认可准则",
    kind: CourseKind = CourseKind.ELECTIVE,
) -> CoursePublished:
    return CoursePublished(
        course_id=course_id or ids.new_id(),
        version=version,
        title=title,
        kind=kind,
        hours=hours,
        price_fen=hours * HOUR_FEN if price_fen is None else price_fen,
        coursewares=[
            Courseware(
                courseware_id=ids.new_id(),
                title=title,
                kind=CoursewareKind.VIDEO,
                required_seconds=60,
                media_path="/media/demo.webm",
            )
        ],
    )


def package(
    *course_ids: UUID,
    audience: tuple[LearnerKind, ...] = tuple(LearnerKind),
    hours: int = 40,
    version: int = 1,
    package_id: UUID | None = None,
    title: str = "40 学时打包课程",
) -> Package:
    return Package(
        package_id=package_id or ids.new_id(),
        version=version,
        title=title,
        audience=list(audience),
        hours=hours,
        price_fen=hours * HOUR_FEN,
        course_ids=list(course_ids),
    )


class InnerServer(uvicorn.Server):
    """A server in the test's own loop; signals stay with pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Starlette, listener: socket.socket, stack: AsyncExitStack) -> None:
    server = InnerServer(uvicorn.Config(app, log_level="error", lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listener]))

    async def stop() -> None:
        server.should_exit = True
        await task

    stack.push_async_callback(stop)
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.005)


MakeShop = Callable[..., Awaitable[Shop]]


@pytest.fixture
async def make_shop(
    service: MakeService, learner_token: Callable[..., str], keys: dict[str, str]
) -> AsyncIterator[MakeShop]:
    """`await make_shop(wechat_sign_type="HMAC-SHA256")`: settings may be given by keyword.

    `time_scale` is the provider's: how long its minutes are.
    """
    async with AsyncExitStack() as stack:

        async def make(*, time_scale: float = 0.0001, **settings: Any) -> Shop:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            running = await service(
                "payments",
                wechat_api_base_url=f"{base_url}/api/",
                wechat_authorize_url=f"{base_url}/connect/oauth2/authorize",
                wechat_token_url=f"{base_url}/sns/oauth2/access_token",
                **settings,
            )
            provider = create_app(
                app_id=APP_ID,
                mch_id=MCH_ID,
                api_key=API_KEY,
                v3=wechat_keys.read(Path(keys["WECHAT_KEY_FILE"]).parent),
                time_scale=time_scale,
                transport=httpx.ASGITransport(running.service.app, raise_app_exceptions=False),
            )
            await serve(provider, listener, stack)
            till = await stack.enter_async_context(httpx.AsyncClient(base_url=base_url))
            stack.push_async_callback(till.delete, "/control/faults")  # nothing hangs any longer
            return Shop(running, till, learner_token)

        yield make


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop()
