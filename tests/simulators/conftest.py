"""A merchant beside the simulated provider: signs like one and keeps what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.wechat_pay import create_app, protocol

APP_ID, MCH_ID, KEY = "wxd930ea5d5a258f4f", "10000100", "192006250b4c09247ec02edce69f6a2d"
ACCEPTED = {"return_code": "SUCCESS", "return_msg": "OK"}


@dataclass
class Merchant:
    """Answers every notification with `reply`, unless `replies` holds something for it first."""

    app: Starlette
    client: httpx.AsyncClient
    told: list[dict[str, str]] = field(default_factory=list)
    replies: list[Response] = field(default_factory=list)

    async def call(self, endpoint: str, sign_type: str = "MD5", **fields: str) -> dict[str, str]:
        """A signed call; the answer is checked for its signature when it carries one."""
        request = {"appid": APP_ID, "mch_id": MCH_ID, **fields}
        if sign_type != "MD5":
            request["sign_type"] = sign_type
        body = protocol.write(protocol.signed(request, KEY, sign_type))
        answer = protocol.read((await self.post(endpoint, body)).content)
        if "sign" in answer:
            assert protocol.is_signed(answer, KEY, sign_type)
        return answer

    async def post(self, endpoint: str, body: bytes) -> httpx.Response:
        return await self.client.post(f"/api/pay/{endpoint}", content=body)

    async def create(self, sign_type: str = "MD5", **changes: str) -> dict[str, str]:
        return await self.call("unifiedorder", sign_type, **(NEW_ORDER | changes))

    async def paid(self, **changes: str) -> dict[str, Any]:
        created = await self.create(**changes)
        answer = await self.client.post("/pay", json={"code_url": created["code_url"]})
        assert answer.status_code == 200
        return dict(answer.json())

    async def query(self, out_trade_no: str = "H2611210001") -> dict[str, str]:
        return await self.call("orderquery", out_trade_no=out_trade_no)

    async def fault(self, on: str, kind: str, **more: Any) -> None:
        answer = await self.client.post("/control/faults", json={"on": on, "kind": kind, **more})
        assert answer.status_code == 201

    async def state(self) -> dict[str, Any]:
        return dict((await self.client.get("/control/state")).json())

    async def until_told(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.told) < times:
                await asyncio.sleep(0.005)

    async def until_notification_is(self, state: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                seen = await self.state()
                if [n["state"] for n in seen["notifications"]] == [state]:
                    return seen
                await asyncio.sleep(0.005)


NEW_ORDER = {
    "body": "TIC EDU credit hours",
    "out_trade_no": "H2611210001",
    "total_fee": "60000",
    "spbill_create_ip": "127.0.0.1",
    "notify_url": "http://merchant.test/webhooks/wechat",
    "trade_type": "NATIVE",
    "product_id": "P1",
}


@asynccontextmanager
async def merchant_beside(
    data_dir: Path | None = None, *, time_scale: float = 0.0001
) -> AsyncIterator[Merchant]:
    async def hear(request: Request) -> Response:
        here.told.append(protocol.read(await request.body()))
        if here.replies:
            return here.replies.pop(0)
        return Response(protocol.write(ACCEPTED), media_type="text/xml")

    shop = Starlette(routes=[Route("/webhooks/wechat", hear, methods=["POST"])])
    app = create_app(
        app_id=APP_ID,
        mch_id=MCH_ID,
        api_key=KEY,
        notify_timeout=0.5,
        time_scale=time_scale,
        data_dir=data_dir,
        transport=httpx.ASGITransport(shop),
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim") as client,
    ):
        here = Merchant(app, client)
        yield here


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    async with merchant_beside() as beside:
        yield beside
