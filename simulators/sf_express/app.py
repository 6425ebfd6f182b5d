"""SF Express as one ASGI application, alone or mounted below a path."""

import asyncio
import json
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulators.sf_express import protocol, rules
from simulators.sf_express.book import KINDS, Book, Fault

CREATE, SEARCH = "EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP"
FRESH_MS = 5 * 60 * 1000


class Platform:
    def __init__(self, partner_id: str, checkword: str) -> None:
        self.partner_id = partner_id
        self.checkword = checkword
        self.book = Book()

    async def serve(self, request: Request) -> Response:
        """`POST /std/service`: one address for every service, named by `serviceCode`."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        refusal = self._check(form)
        if refusal is not None:
            return JSONResponse(refusal)
        try:
            message = json.loads(form["msgData"])
        except ValueError:
            return JSONResponse(protocol.answer(code="S0001", message="非法的JSON格式"))
        self.book.calls.append({"serviceCode": form["serviceCode"], "msgData": message})
        if form["serviceCode"] == SEARCH:
            return self._search(message)
        return await self._create(message)

    def _check(self, form: dict[str, str]) -> dict[str, Any] | None:
        """What the platform looks at before the service."""
        if any(not form.get(name) for name in protocol.FIELDS):
            return protocol.platform_refusal("A1001", "必传参数不可为空")
        if not form["timestamp"].isdigit() or abs(now_ms() - int(form["timestamp"])) > FRESH_MS:
            return protocol.platform_refusal("A1002", "请求时效已过期")
        if form["partnerID"] != self.partner_id or form["serviceCode"] not in (CREATE, SEARCH):
            return protocol.platform_refusal("A1004", "无对应服务权限")
        expected = protocol.digest(form["msgData"], form["timestamp"], self.checkword)
        if form["msgDigest"] != expected:
            return protocol.platform_refusal("A1006", "数字签名无效")
        if form["requestID"] in self.book.request_ids:
            return protocol.platform_refusal("A1007", "重复请求")
        self.book.request_ids.add(form["requestID"])
        return None

    async def _create(self, message: dict[str, Any]) -> Response:
        if fault := self.book.take("hang_before", "error_500_before", "refuse"):
            return await _go_wrong(fault)
        if wrong := rules.what_is_wrong(message):
            return JSONResponse(protocol.answer(code=wrong[0], message=wrong[1]))
        known = self.book.orders.get(message["orderId"])
        if known is not None and self.book.take("repeat_refused"):
            return JSONResponse(protocol.answer(code="8016", message="重复下单"))
        made = self.book.order(message)
        if fault := self.book.take("hang", "error_500", "not_json", "broken"):
            return await _go_wrong(fault)
        return JSONResponse(protocol.answer(data=made))

    def _search(self, message: dict[str, Any]) -> Response:
        order = self.book.orders.get(str(message.get("orderId")))
        if order is None:
            return JSONResponse(protocol.answer(code="8024", message="未下单"))
        return JSONResponse(protocol.answer(data=self.book.shown(order)))


async def _go_wrong(fault: Fault) -> Response:
    match fault.kind:
        case "hang" | "hang_before":
            await asyncio.sleep(fault.seconds)
            return PlainTextResponse("too late", 504)
        case "not_json":
            return PlainTextResponse("<html>busy</html>")
        case "broken":
            return JSONResponse(protocol.answer(code="S0003", message="系统发生错误"))
        case "refuse":
            return JSONResponse(protocol.answer(code=fault.code, message="不予受理"))
        case _:
            return PlainTextResponse("error", 500)


def create_app(*, partner_id: str, checkword: str) -> Starlette:
    """An application whose `state.platform` holds the book."""
    platform = Platform(partner_id, checkword)

    async def show_state(_request: Request) -> Response:
        return JSONResponse(platform.book.dump())

    async def reset(_request: Request) -> Response:
        platform.book.reset()
        return Response(status_code=204)

    async def add_fault(request: Request) -> Response:
        wanted = await request.json()
        try:
            fault = Fault(**wanted)
        except TypeError as problem:
            return JSONResponse({"detail": str(problem)}, 422)
        if fault.kind not in KINDS:
            return JSONResponse({"detail": f"no fault {fault.kind}"}, 422)
        platform.book.faults.append(fault)
        return JSONResponse(wanted, 201)

    app = Starlette(
        routes=[
            Route("/std/service", platform.serve, methods=["POST"]),
            Route("/control/state", show_state),
            Route("/control/reset", reset, methods=["POST"]),
            Route("/control/faults", add_fault, methods=["POST"]),
        ]
    )
    app.state.platform = platform
    return app


def now_ms() -> int:
    return int(time.time() * 1000)
