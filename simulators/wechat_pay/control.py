"""The tester's door: `/control/…`, JSON. See and reset the state, plan faults, move the clock."""

import json
from dataclasses import asdict, fields, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.wechat_pay.book import SUCCESS
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.provider import Provider
from simulators.wechat_pay.refund_book import STATES

PLANNED = {field.name for field in fields(Fault)} - {"fault_id"}


def routes(till: Provider) -> list[Route]:
    async def show_state(_request: Request) -> Response:
        return JSONResponse(
            {
                "now": till.clock.now(),
                **till.book.dump(),
                "faults": till.plan.dump(),
                "calls": list(till.calls),
            }
        )

    async def reset(_request: Request) -> Response:
        await till.reset()
        return Response(status_code=204)

    async def add_fault(request: Request) -> Response:
        wanted = await read_json(request)
        try:
            fault = till.plan.add(Fault(**{k: v for k, v in wanted.items() if k in PLANNED}))
        except (TypeError, ValueError) as problem:
            return JSONResponse({"detail": str(problem)}, 422)
        return JSONResponse(asdict(fault), 201)

    async def clear_faults(_request: Request) -> Response:
        till.plan.clear()
        return Response(status_code=204)

    async def send_now(request: Request) -> Response:
        wanted = await read_json(request)
        order = till.book.get_order(out_trade_no=str(wanted.get("out_trade_no", "")))
        if order is None:
            return JSONResponse({"detail": "This order is not known."}, 404)
        if order.trade_state != SUCCESS and not wanted.get("forge"):
            return JSONResponse({"detail": "This order is not paid."}, 409)
        if order.trade_state != SUCCESS:
            order = replace(order, transaction_id="4200" + "9" * 24, openid="oForged")
        return JSONResponse({"delivered": await till.notifier.send_now(order)})

    async def settle_refund(request: Request) -> Response:
        wanted = await read_json(request)
        status = str(wanted.get("status", ""))
        if status not in STATES:
            return JSONResponse({"detail": f"status is one of {', '.join(STATES)}."}, 422)
        if not till.settle_refund(str(wanted.get("out_refund_no", "")), status):
            return JSONResponse({"detail": "This refund is not known."}, 404)
        return Response(status_code=204)

    async def send_refund_now(request: Request) -> Response:
        wanted = await read_json(request)
        refund = till.refunds.get(str(wanted.get("out_refund_no", "")))
        if refund is None or not refund.notify_url:
            return JSONResponse({"detail": "Nobody asked to be told of such a refund."}, 404)
        return JSONResponse({"delivered": await till.refund_notifier.send_now(refund)})

    async def advance(request: Request) -> Response:
        wanted = await read_json(request)
        try:
            till.clock.ahead_seconds += float(wanted["advance_seconds"])
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"detail": "advance_seconds is a number."}, 422)
        return JSONResponse({"now": till.clock.now()})

    return [
        Route("/state", show_state),
        Route("/reset", reset, methods=["POST"]),
        Route("/faults", add_fault, methods=["POST"]),
        Route("/faults", clear_faults, methods=["DELETE"]),
        Route("/notifications/send", send_now, methods=["POST"]),
        Route("/refunds", settle_refund, methods=["POST"]),
        Route("/refunds/send", send_refund_now, methods=["POST"]),
        Route("/clock", advance, methods=["POST"]),
    ]


async def read_json(request: Request) -> dict[str, Any]:
    """The body's object; an empty one for anything else."""
    try:
        data = json.loads(await request.body())
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
