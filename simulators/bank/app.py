"""The bank as one ASGI application: a counter to pay at, and the account's statement."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from simulators.bank.book import Book

HERE = Path(__file__).parent
ENCODINGS = ("gb18030", "utf-8-sig", "utf-8")
SHOWN = 50
TEXT_MAX = 100
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(data_dir: Path | None = None) -> Starlette:
    """`data_dir` keeps the movements across restarts."""
    book, templates = Book(data_dir), Jinja2Templates(HERE / "templates")

    def page(request: Request, problem: str = "", status: int = 200) -> Response:
        context = {"movements": book.movements[: -SHOWN - 1 : -1], "problem": problem}
        return templates.TemplateResponse(
            request, "bank.html", context, status_code=status, headers=HEADERS
        )

    async def show(request: Request) -> Response:
        return page(request)

    async def pay(request: Request) -> Response:
        """A form of the page, or JSON: `{payer, amount, remark}`, yuan as text."""
        is_json = request.headers.get("content-type", "").startswith("application/json")
        sent = await request.json() if is_json else await request.form()
        payer, amount, remark = (str(sent.get(k, "")) for k in ("payer", "amount", "remark"))
        try:
            movement = book.add(payer[:TEXT_MAX], Decimal(amount), remark[:TEXT_MAX])
        except (InvalidOperation, ValueError):
            problem = "The amount must be yuan, to the fen."
            return (
                JSONResponse({"detail": problem}, 422) if is_json else page(request, problem, 422)
            )
        if is_json:
            return JSONResponse({"number": movement.number}, 201)
        return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303, headers=HEADERS)

    async def statement(request: Request) -> Response:
        encoding = request.query_params.get("encoding", ENCODINGS[0])
        if encoding not in ENCODINGS:
            return JSONResponse({"detail": f"encoding: {', '.join(ENCODINGS)}"}, 422)
        return Response(
            book.statement(encoding),
            media_type="text/csv",
            headers={**HEADERS, "Content-Disposition": "attachment; filename=statement.csv"},
        )

    return Starlette(
        routes=[
            Route("/", show),
            Route("/payments", pay, methods=["POST"]),
            Route("/statement.csv", statement),
        ]
    )
