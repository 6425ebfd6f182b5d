"""The reader's door: what was delivered, as JSON and as pages; and the tester's `/control/…`."""

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from simulators.mailbox import letters
from simulators.mailbox.faults import Fault, Plan
from simulators.mailbox.letters import Letter
from simulators.mailbox.shelf import Delivery, Shelf
from simulators.mailbox.smtp import Server

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# A letter is a stranger's page: no script, no form, nothing fetched.
LETTER_HEADERS = HEADERS | {
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
LETTER_HEAD = '<!doctype html><base target="_blank">'  # links open beside the mailbox
PLANNED = {field.name for field in fields(Fault)}


def reader_routes(shelf: Shelf) -> list[Route | Mount]:
    templates = Jinja2Templates(HERE / "templates")

    def page(request: Request, name: str, **context: Any) -> Response:
        return templates.TemplateResponse(request, name, context, headers=HEADERS)

    async def list_messages(request: Request) -> Response:
        found = _find(shelf, request)
        return JSONResponse([_as_json(d, letter) for d, letter in found], headers=HEADERS)

    async def show_messages(request: Request) -> Response:
        found = [_shown(d, letter) for d, letter in reversed(_find(shelf, request))]
        return page(request, "messages.html", messages=found, asked=request.query_params)

    async def show_message(request: Request) -> Response:
        delivery = _get(shelf, request)
        return page(request, "message.html", message=_shown(delivery, letters.read(delivery.raw)))

    async def show_html(request: Request) -> Response:
        letter = letters.read(_get(shelf, request).raw)
        return HTMLResponse(LETTER_HEAD + letter.html, headers=LETTER_HEADERS)

    async def show_raw(request: Request) -> Response:
        return Response(_get(shelf, request).raw, media_type="text/plain", headers=HEADERS)

    async def get_attachment(request: Request) -> Response:
        attached = letters.read(_get(shelf, request).raw).attachments
        number = request.path_params["number"]
        if number >= len(attached):
            raise HTTPException(404)
        disposition = f"attachment; filename*=utf-8''{quote(attached[number].name)}"
        return Response(
            attached[number].content,
            media_type="application/octet-stream",
            headers=HEADERS | {"Content-Disposition": disposition},
        )

    return [
        Route("/", show_messages),
        Route("/messages", list_messages),
        Route("/messages/{id:int}", show_message),
        Route("/messages/{id:int}/html", show_html),
        Route("/messages/{id:int}/raw", show_raw),
        Route("/messages/{id:int}/attachments/{number:int}", get_attachment),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
    ]


def control_routes(shelf: Shelf, plan: Plan, server: Server) -> list[Route]:
    async def show_state(_request: Request) -> Response:
        return JSONResponse(
            {
                "listens": server.listens,
                "smtp_port": server.port,
                "messages": len(shelf.list_all()),
                "faults": plan.dump(),
            }
        )

    async def add_fault(request: Request) -> Response:
        wanted = await _read_json(request)
        try:
            fault = plan.add(Fault(**{k: v for k, v in wanted.items() if k in PLANNED}))
        except (TypeError, ValueError) as problem:
            return JSONResponse({"detail": str(problem)}, 422)
        return JSONResponse(asdict(fault), 201)

    async def clear_faults(_request: Request) -> Response:
        plan.clear()
        return Response(status_code=204)

    async def reset(_request: Request) -> Response:
        plan.clear()
        shelf.clear()
        await server.start()
        return Response(status_code=204)

    async def switch_server(request: Request) -> Response:
        wanted = await _read_json(request)
        await (server.start() if wanted.get("listens") else server.stop())
        return JSONResponse({"listens": server.listens})

    return [
        Route("/state", show_state),
        Route("/faults", add_fault, methods=["POST"]),
        Route("/faults", clear_faults, methods=["DELETE"]),
        Route("/reset", reset, methods=["POST"]),
        Route("/server", switch_server, methods=["POST"]),
    ]


def _find(shelf: Shelf, request: Request) -> list[tuple[Delivery, Letter]]:
    """By address (the whole, any case) and a part of the subject; oldest first."""
    to = request.query_params.get("to", "").strip().lower()
    subject = request.query_params.get("subject", "").strip()
    found = [
        (delivery, letters.read(delivery.raw))
        for delivery in shelf.list_all()
        if not to or to in (address.lower() for address in delivery.recipients)
    ]
    return [(delivery, letter) for delivery, letter in found if subject in letter.subject]


def _get(shelf: Shelf, request: Request) -> Delivery:
    delivery = shelf.get(request.path_params["id"])
    if delivery is None:
        raise HTTPException(404)
    return delivery


def _as_json(delivery: Delivery, letter: Letter) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "from": letter.sender,
        "to": delivery.recipients,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "attachments": [
            {"name": a.name, "content_type": a.content_type, "size": len(a.content)}
            for a in letter.attachments
        ],
        "message_id": letter.message_id,
        "received_at": datetime.fromtimestamp(delivery.received_at, UTC).isoformat(),
    }


def _shown(delivery: Delivery, letter: Letter) -> dict[str, Any]:
    received_at = datetime.fromtimestamp(delivery.received_at).astimezone()
    return _as_json(delivery, letter) | {"received_at": f"{received_at:%Y-%m-%d %H:%M:%S}"}


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        data = json.loads(await request.body())
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
