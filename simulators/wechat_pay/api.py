"""The merchant's door: `/api/pay/…`, XML in and signed XML out."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulators.wechat_pay import faults, protocol, provider
from simulators.wechat_pay.book import SUCCESS
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.protocol import MD5, SIGN_TYPES, Fields
from simulators.wechat_pay.provider import Provider
from simulators.wechat_pay.rules import Refused

BODY_LIMIT = 64 * 1024  # bytes
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

Handle = Callable[[Fields, Fault | None], Fields]


class Unsigned(Exception):
    """The request can't be attributed to the merchant: the answer is FAIL without a signature."""


def routes(till: Provider) -> list[Route]:
    async def create(request: Request) -> Response:
        return await answer(request, till, faults.CREATE, lambda fields, _: till.create(fields))

    async def query(request: Request) -> Response:
        return await answer(request, till, faults.QUERY, lambda fields, _: till.query(fields))

    async def close(request: Request) -> Response:
        return await answer(request, till, faults.CLOSE, lambda fields, _: till.close(fields))

    async def decoy(_request: Request) -> Response:
        till.note("decoy", None, "SUCCESS", None)
        return xml({"return_code": "SUCCESS", "result_code": "SUCCESS", "trade_state": SUCCESS})

    return [
        Route("/pay/unifiedorder", create, methods=METHODS),
        Route("/pay/orderquery", query, methods=METHODS),
        Route("/pay/closeorder", close, methods=METHODS),
        Route("/decoy", decoy, methods=METHODS, name="decoy"),
    ]


async def answer(request: Request, till: Provider, on: str, handle: Handle) -> Response:
    """What one call is answered, faults included."""
    try:
        fields = await read(request, till)
    except Unsigned as problem:
        till.note(on, None, str(problem), None)
        return xml({"return_code": "FAIL", "return_msg": str(problem)})

    numbers = [fields.get(name) or None for name in ("out_trade_no", "out_refund_no")]
    number = numbers[1] or numbers[0]
    fault = till.plan.take(on, *numbers)
    kind = fault.kind if fault else ""
    if kind in ("hang_before", "error_500", "redirect"):
        till.note(on, number, kind, fault)
        return await broken(request, till, fault)
    answer = _result(till, fields, handle, fault)
    till.note(on, number, answer.get("err_code") or answer["result_code"], fault)
    if kind == "hang":
        return await broken(request, till, fault)
    return _written(till, answer, fields, fault)


async def read(request: Request, till: Provider) -> Fields:
    """The fields of a request of this merchant's. Raises `Unsigned`."""
    if request.method != "POST":
        raise Unsigned("REQUIRE_POST_METHOD")
    body = await request.body()
    if not body:
        raise Unsigned("POST_DATA_EMPTY")
    try:
        body.decode("utf-8")
        fields = protocol.read(body[: BODY_LIMIT + 1])
    except UnicodeDecodeError:
        raise Unsigned("NOT_UTF8") from None
    except protocol.NotXml:
        raise Unsigned("XML_FORMAT_ERROR") from None
    if fields.get("mch_id") != till.merchant.mch_id:
        raise Unsigned("MCHID_NOT_EXIST")
    sign_type = fields.get("sign_type") or MD5
    if sign_type not in SIGN_TYPES or not protocol.is_signed(
        fields, till.merchant.api_key, sign_type
    ):
        raise Unsigned("SIGNERROR")
    return fields


def _result(till: Provider, fields: Fields, handle: Handle, fault: Fault | None) -> Fields:
    try:
        if fields.get("appid") != till.merchant.app_id:
            raise Refused("APPID_MCHID_NOT_MATCH", "appid and mch_id do not belong together")
        if not fields.get("nonce_str"):
            raise Refused("LACK_PARAMS", "missing: nonce_str")
        if fault and fault.kind == "system_error":
            raise Refused("SYSTEMERROR", "nothing has happened")
        done = {} if fault and fault.kind == "no_effect" else handle(fields, fault)
        if fault and fault.kind == "system_error_after":
            raise Refused("SYSTEMERROR", "it has happened all the same")
    except Refused as refusal:
        return {
            "result_code": "FAIL",
            "err_code": refusal.code,
            "err_code_des": refusal.description,
        }
    return {"result_code": "SUCCESS", **_told_otherwise(till, done, fault)}


def _told_otherwise(till: Provider, done: Fields, fault: Fault | None) -> Fields:
    """What a query says under a fault: unpaid though paid, or paid though unpaid."""
    if fault is None or "trade_state" not in done:
        return done
    order = till.book.get_order(out_trade_no=done["out_trade_no"])
    if order and fault.kind == "notpay":
        return provider.describe(replace(order, trade_state="NOTPAY"))
    if order and fault.kind == "forged" and order.trade_state != SUCCESS:
        return provider.describe(
            replace(order, trade_state=SUCCESS, transaction_id="4200" + "9" * 24, openid="oForged")
        )
    return done


def _written(till: Provider, answer: Fields, asked: Fields, fault: Fault | None) -> Response:
    fields = {
        "return_code": "SUCCESS",
        "return_msg": "OK",
        "appid": till.merchant.app_id,
        "mch_id": till.merchant.mch_id,
        **answer,
    }
    fields = faults.spoil(faults.BEFORE_SIGNING, fields, fault)
    full = protocol.signed(fields, till.merchant.api_key, asked.get("sign_type") or MD5)
    full = faults.spoil(faults.AFTER_SIGNING, full, fault)
    if fault and fault.kind == "not_xml":
        return Response("OK", media_type="text/plain")
    if fault and fault.kind == "truncated":
        return Response(protocol.write(full)[:-20], media_type="text/xml")
    return xml(full)


async def broken(request: Request, till: Provider, fault: Fault | None) -> Response:
    if fault and fault.kind.startswith("hang"):
        await till.plan.hang(fault)
    if fault and fault.kind == "redirect":
        location = f"{request.scope.get('root_path', '')}/decoy"
        return Response(status_code=302, headers={"Location": location})
    return HTMLResponse("<html><body><h1>500 Internal Server Error</h1></body></html>", 500)


def xml(fields: Fields) -> Response:
    return Response(protocol.write(fields), media_type="text/xml")
