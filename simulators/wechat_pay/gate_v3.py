"""The gate of API v3: each request is signed by the merchant, each answer by us."""

import json
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from simulators.wechat_pay import protocol_v3, signed_v3, words_v3
from simulators.wechat_pay.api import broken
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.provider import Provider
from simulators.wechat_pay.rules import Refused
from simulators.wechat_pay.words_v3 import Json

REQUEST_SECONDS = 300
BROKEN = ("hang_before", "error_500", "redirect")
NO_CONTENT = 204
Handle = Callable[[Json, Fault | None], Json | None]


class Gate:
    def __init__(self, till: Provider) -> None:
        self._till = till

    async def answer(
        self, request: Request, on: str, handle: Handle, *, spoils: bool = True
    ) -> Response:
        """What one call is answered, faults included."""
        body = await request.body()
        problem = self.problem(request, body)
        if problem:
            self._till.note(on, None, problem, None)
            return JSONResponse({"code": "SIGN_ERROR", "message": problem}, 401)
        try:
            asked = json.loads(body) if body else {}
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            return self._written(400, {"code": "PARAM_ERROR", "message": "no JSON object"}, None)
        numbers = [
            asked.get(n) or request.path_params.get(n) for n in ("out_trade_no", "out_refund_no")
        ]
        number = numbers[1] or numbers[0]
        fault = self._till.plan.take(on, *numbers)
        kind = fault.kind if fault else ""
        if kind in BROKEN:
            self._till.note(on, number, kind, fault)
            return await broken(request, self._till, fault)
        status, told = _result(handle, asked, fault)
        self._till.note(on, number, (told or {}).get("code", "SUCCESS"), fault)
        if kind == "hang":
            return await broken(request, self._till, fault)
        if told is not None and status == 200 and spoils:
            told = words_v3.spoil(told, fault)
        return self._written(status, told, fault)

    def _written(self, status: int, told: Json | None, fault: Fault | None) -> Response:
        v3 = self._till.merchant.v3
        assert v3 is not None
        kind = fault.kind if fault else ""
        if kind == "not_xml":
            return PlainTextResponse("OK")
        body = b"" if told is None else signed_v3.dump(told)
        headers = signed_v3.headers(v3, body, fault)
        if kind == "truncated" and told and "hash_value" not in told:
            body = body[:-10]
        media_type = None if told is None else "application/json"
        return Response(body, status_code=status, headers=headers, media_type=media_type)

    def problem(self, request: Request, body: bytes) -> str:
        """Why the request is not this merchant's; empty when it is."""
        v3 = self._till.merchant.v3
        said = protocol_v3.read_authorization(request.headers.get("authorization", ""))
        if v3 is None:
            return "API v3 is not spoken here"
        if (said.get("mchid"), said.get("serial_no")) != (
            self._till.merchant.mch_id,
            v3.merchant_serial,
        ):
            return "mchid or serial_no"
        stamp = said.get("timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > REQUEST_SECONDS:
            return "timestamp"
        path = request.url.path
        path = path[path.index("/v3/") :]
        if request.url.query:
            path = f"{path}?{request.url.query}"
        lines = [request.method, path, stamp, said.get("nonce_str", ""), body.decode()]
        if not protocol_v3.verify(v3.merchant_public_key, lines, said.get("signature", "")):
            return "signature"
        return ""


def _result(handle: Handle, asked: Json, fault: Fault | None) -> tuple[int, Json | None]:
    kind = fault.kind if fault else ""
    try:
        if kind == "system_error":
            raise Refused("SYSTEMERROR", "nothing has happened")
        told = handle(asked, fault)
        if kind == "system_error_after":
            raise Refused("SYSTEMERROR", "it has happened all the same")
    except Refused as refusal:
        status, code = words_v3.ERRORS.get(refusal.code, (400, refusal.code))
        return status, {"code": code, "message": refusal.description}
    return (NO_CONTENT, None) if told is None else (200, told)
