"""The payer's door: a page like a phone's, and `POST /pay` for a machine that scanned the code."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from simulators.wechat_pay import protocol
from simulators.wechat_pay.book import Order
from simulators.wechat_pay.control import read_json
from simulators.wechat_pay.provider import CODE_PREFIX, NotPayable, Provider

HERE = Path(__file__).parent
ORDERS_SHOWN = 50
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def routes(till: Provider) -> list[Route | Mount]:
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters["yuan"] = lambda fen: f"￥{fen / 100:.2f}"
    templates.env.filters["moment"] = protocol.beijing

    def page(request: Request, name: str, status: int = 200, **context: Any) -> Response:
        return templates.TemplateResponse(
            request, name, context, status_code=status, headers=HEADERS
        )

    async def show_orders(request: Request) -> Response:
        orders = [(o, till.book.latest_code(o.out_trade_no)) for o in till.book.list_orders()]
        return page(request, "orders.html", orders=orders[:ORDERS_SHOWN], said=_said(request))

    async def show_code(request: Request) -> Response:
        code_url = request.query_params.get("code_url", "").strip()
        code = code_url.removeprefix(CODE_PREFIX)
        try:
            order = till.look_up(code)
        except NotPayable as problem:
            return page(request, "sorry.html", problem.status, reason=problem.reason)
        return page(request, "confirm.html", order=order, code=code)

    async def confirm(request: Request) -> Response:
        async with request.form() as form:
            code, answer = str(form.get("code", "")), str(form.get("answer", ""))
        if answer != "pay":
            return _back(request, "cancelled")
        try:
            till.pay(code)
        except NotPayable as problem:
            return page(request, "sorry.html", problem.status, reason=problem.reason)
        return _back(request, "paid")

    async def pay(request: Request) -> Response:
        wanted = await read_json(request)
        code_url, coupon_fee = wanted.get("code_url"), wanted.get("coupon_fee", 0)
        if not isinstance(code_url, str) or type(coupon_fee) is not int:
            return JSONResponse({"detail": "code_url is a text, coupon_fee whole fen."}, 422)
        try:
            order = till.pay(code_url, coupon_fee=coupon_fee, openid=str(wanted.get("openid", "")))
        except NotPayable as problem:
            return JSONResponse({"detail": problem.reason}, problem.status)
        return JSONResponse(_paid(order))

    return [
        Route("/", show_orders),
        Route("/code", show_code),
        Route("/confirm", confirm, methods=["POST"]),
        Route("/pay", pay, methods=["POST"]),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
    ]


def _paid(order: Order) -> dict[str, Any]:
    return {
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "trade_state": order.trade_state,
        "total_fee": order.total_fee,
        "openid": order.openid,
        "time_end": protocol.beijing(order.paid_at or order.created_at),
    }


def _said(request: Request) -> str:
    said = request.query_params.get("said", "")
    return {"paid": "Paid.", "cancelled": "Cancelled. The order stays open."}.get(said, "")


def _back(request: Request, said: str) -> Response:
    home = f"{request.scope.get('root_path', '')}/?said={said}"
    return RedirectResponse(home, status_code=303)
