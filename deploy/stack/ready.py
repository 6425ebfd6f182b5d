"""One answer for all: `GET /readyz` is 200 only when every service says that it is ready.

`python -m deploy.stack.ready`, told by `UPSTREAMS` (name=host:port …) whom to ask.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.prepare import SERVICES

ASK_SECONDS = 3.0


def create_app(services: Mapping[str, str]) -> Starlette:
    """`services`: name → host:port."""

    async def ready(_request: Request) -> JSONResponse:
        async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as client:
            answers = await asyncio.gather(*(_ask(client, at) for at in services.values()))
        found = dict(zip(services, answers, strict=True))
        return JSONResponse(found, 200 if all(found.values()) else 503)

    return Starlette(routes=[Route("/readyz", ready)])


async def _ask(client: httpx.AsyncClient, address: str) -> bool:
    try:
        answer = await client.get(f"http://{address}/readyz", headers={"Host": "127.0.0.1"})
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def main() -> None:
    pairs = dict(part.split("=", 1) for part in os.environ["UPSTREAMS"].split())
    app = create_app({name: pairs[name] for name in (*SERVICES, "fold")})
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    uvicorn.run(app, host=host, port=port, log_level="warning", proxy_headers=False)


if __name__ == "__main__":
    main()
