"""A record store that answers as a test wishes, over real HTTP."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy import host
from deploy.servers.processes import free_port
from tests.conftest import Running

PATIENCE_SECONDS = 30

Statements: TypeAlias = list[dict[str, Any]]
Whim: TypeAlias = Callable[[Statements], Response | None]


@dataclass
class RecordStore:
    """Keeps what is posted, unless the next of `whims` answers otherwise; `refuses` is asked
    about every statement first."""

    port: int = field(default_factory=free_port)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: list[Statements] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    whims: deque[Whim] = field(default_factory=deque)
    refuses: Callable[[dict[str, Any]], Response | None] = lambda _: None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/xAPI"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        app = Starlette(
            routes=[
                Route("/xAPI/statements", self._take, methods=["POST"]),
                Route("/xAPI/statements", self._give, methods=["GET"]),
            ]
        )
        server = host.server(app, self.port)
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            await serving

    async def _take(self, request: Request) -> Response:
        posted: Statements = await request.json()
        self.posts.append(posted)
        self.headers.append(dict(request.headers))
        if self.whims and (answer := self.whims.popleft()(posted)):
            return answer
        for statement in posted:
            if refusal := self.refuses(statement):
                return refusal
        self.kept |= {statement["id"]: statement for statement in posted}
        return JSONResponse([statement["id"] for statement in posted])

    async def _give(self, request: Request) -> Response:
        kept = self.kept.get(request.query_params["statementId"])
        return JSONResponse(kept) if kept else Response(status_code=404)


@asynccontextmanager
async def working(running: Running) -> AsyncIterator[None]:
    """The service's workers at work; at the end they die in the middle of what they do."""
    tasks = [asyncio.ensure_future(worker()) for worker in running.service.workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def until_sent(running: Running, count: int) -> None:
    await until(running, "sent_at IS NOT NULL", count)


async def until(running: Running, condition: str, count: int) -> None:
    """Return once so many statements are so."""
    query = f"SELECT count(*) FROM statements WHERE {condition}"  # noqa: S608 - the tests' own words
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await running.pool.fetchval(query) < count:
            await asyncio.sleep(0.02)
