"""The merchant's door in API v3: orders, refunds, bills."""

import gzip
import hashlib
import secrets
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.wechat_pay import bills, faults, words_v3
from simulators.wechat_pay.book import SUCCESS, Order
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.gate_v3 import Gate, Handle
from simulators.wechat_pay.provider import DESCRIPTIONS, Provider
from simulators.wechat_pay.refunds import Wanted
from simulators.wechat_pay.rules import Refused
from simulators.wechat_pay.words_v3 import Json


class DoorV3:
    """One merchant's door. `self._bills`: token → a bill that can be fetched."""

    def __init__(self, till: Provider) -> None:
        self._till = till
        self._gate = Gate(till)
        self._bills: dict[str, bytes] = {}

    def routes(self) -> list[Route]:
        pay, refunds = "/v3/pay/transactions", "/v3/refund/domestic/refunds"
        return [
            Route(f"{pay}/native", self._create_native, methods=["POST"]),
            Route(f"{pay}/jsapi", self._create_jsapi, methods=["POST"]),
            Route(f"{pay}/out-trade-no/{{out_trade_no}}", self._query),
            Route(f"{pay}/id/{{transaction_id}}", self._query),
            Route(f"{pay}/out-trade-no/{{out_trade_no}}/close", self._close, methods=["POST"]),
            Route(refunds, self._refund, methods=["POST"]),
            Route(f"{refunds}/{{out_refund_no}}", self._query_refund),
            Route("/v3/bill/tradebill", self._tradebill),
            Route("/v3/billdownload/file", self._download),
            Route("/v3/certificates", self._certificates),
        ]

    async def _create_native(self, request: Request) -> Response:
        return await self._gate.answer(request, faults.CREATE, self._creator("NATIVE", "code_url"))

    async def _create_jsapi(self, request: Request) -> Response:
        return await self._gate.answer(request, faults.CREATE, self._creator("JSAPI", "prepay_id"))

    def _creator(self, trade_type: str, wanted: str) -> Handle:
        def create(asked: Json, _fault: Fault | None) -> Json:
            self._check_names(asked)
            made = self._till.create(words_v3.order_fields(asked, trade_type))
            return {wanted: made[wanted]}

        return create

    async def _query(self, request: Request) -> Response:
        def query(asked: Json, fault: Fault | None) -> Json:
            self._check_mchid(request.query_params.get("mchid", ""))
            found = self._till.query({**request.path_params})
            order = self._till.book.get_order(out_trade_no=found["out_trade_no"])
            assert order is not None
            return self._told(order, found["trade_state"], fault)

        return await self._gate.answer(request, faults.QUERY, query)

    def _told(self, order: Order, state: str, fault: Fault | None) -> Json:
        kind = fault.kind if fault else ""
        if kind == "notpay":
            order, state = replace(order, transaction_id=None), "NOTPAY"
        if kind == "forged" and order.transaction_id is None:
            order, state = replace(order, transaction_id="4200" + "9" * 24), SUCCESS
        text = DESCRIPTIONS.get(state, "转入退款")
        return words_v3.transaction(self._till.merchant, order, state=state, state_text=text)

    async def _close(self, request: Request) -> Response:
        def close(asked: Json, fault: Fault | None) -> None:
            self._check_mchid(asked.get("mchid"))
            if fault is None or fault.kind != "no_effect":
                self._till.close({**request.path_params})

        return await self._gate.answer(request, faults.CLOSE, close)

    async def _refund(self, request: Request) -> Response:
        def refund(asked: Json, fault: Fault | None) -> Json:
            made = self._till.refund(_wanted(asked), fault)
            order = self._till.book.get_order(out_trade_no=made.out_trade_no)
            return words_v3.refund(order, made)

        return await self._gate.answer(request, faults.REFUND, refund)

    async def _query_refund(self, request: Request) -> Response:
        def query(asked: Json, fault: Fault | None) -> Json:
            [found] = self._till.refunds.find(**request.path_params)
            order = self._till.book.get_order(out_trade_no=found.out_trade_no)
            waiting = fault is not None and fault.kind == "processing"
            return words_v3.refund(order, found, waiting=waiting)

        return await self._gate.answer(request, faults.REFUND_QUERY, query)

    async def _tradebill(self, request: Request) -> Response:
        def tradebill(asked: Json, fault: Fault | None) -> Json:
            packed = request.query_params.get("tar_type") == "GZIP"
            text = self._bill(request, fault)
            token = secrets.token_urlsafe(16)
            self._bills[token] = gzip.compress(text) if packed else text
            if fault and fault.kind == "truncated":
                self._bills[token] = gzip.compress(text[:-40])
            base = str(request.base_url).rstrip("/").removesuffix("/api")
            return {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(text, usedforsecurity=False).hexdigest(),
                "download_url": f"{base}/api/v3/billdownload/file?token={token}",
            }

        return await self._gate.answer(request, faults.BILL, tradebill, spoils=False)

    def _bill(self, request: Request, fault: Fault | None) -> bytes:
        now, kind = self._till.clock.now(), request.query_params.get("bill_type", "ALL")
        try:
            day = date.fromisoformat(request.query_params.get("bill_date", ""))
        except ValueError:
            raise Refused("PARAM_ERROR", "bill_date is yyyy-MM-dd") from None
        self._till.book.refunds.settle_due(now)
        try:
            text = bills.write(
                self._till.book, self._till.merchant, day=day, kind=kind, now=now, fault=fault
            )
        except bills.NoBill:
            raise Refused("NO_STATEMENT_EXIST", "there is no bill of that day") from None
        return text.encode()

    async def _download(self, request: Request) -> Response:
        """The file itself carries no signature."""
        problem = self._gate.problem(request, b"")
        content = self._bills.get(request.query_params.get("token", ""))
        if problem or content is None:
            return JSONResponse({"code": problem or "PARAM_ERROR"}, 401 if problem else 400)
        return Response(content, media_type="application/octet-stream")

    async def _certificates(self, request: Request) -> Response:
        """Merchants of the public-key mode have no business here."""
        self._till.note("certificates", None, "404", None)
        return JSONResponse({"code": "RESOURCE_NOT_EXISTS"}, 404)

    def _check_names(self, asked: Json) -> None:
        self._check_mchid(asked.get("mchid"))
        if asked.get("appid") != self._till.merchant.app_id:
            raise Refused("APPID_MCHID_NOT_MATCH", "appid and mchid do not belong together")

    def _check_mchid(self, mchid: object) -> None:
        if mchid != self._till.merchant.mch_id:
            raise Refused("PARAM_ERROR", "mchid is not who asks")


def _wanted(asked: Json) -> Wanted:
    amount: Any = asked.get("amount")
    if not isinstance(amount, dict) or amount.get("currency") != "CNY":
        raise Refused("PARAM_ERROR", "amount has refund, total and currency CNY")
    if any(type(amount.get(name)) is not int for name in ("refund", "total")):
        raise Refused("PARAM_ERROR", "amounts are whole numbers of fen")
    texts = {
        name: asked.get(name) or ""
        for name in ("out_refund_no", "out_trade_no", "transaction_id", "reason", "notify_url")
    }
    if not all(isinstance(text, str) for text in texts.values()):
        raise Refused("PARAM_ERROR", "a text is no text")
    return Wanted(refund_fee=str(amount["refund"]), total_fee=str(amount["total"]), **texts)
