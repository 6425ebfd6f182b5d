"""The mailbox as one ASGI application, alone or mounted below a path, with its SMTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.mailbox import pages
from simulators.mailbox.faults import Plan
from simulators.mailbox.shelf import Shelf
from simulators.mailbox.smtp import Server


class Mailbox:
    """What was delivered, and the server that takes more. `smtp_port` is known after `start`."""

    def __init__(self, shelf: Shelf, server: Server) -> None:
        self._shelf = shelf
        self._server = server

    @property
    def smtp_port(self) -> int:
        return self._server.port

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()
        self._shelf.close()


def create_app(data_dir: Path | None = None, smtp_port: int = 0) -> Starlette:
    """An application whose `state.mailbox` has `async start()` and `async stop()`.

    The lifespan calls them when the application stands alone; whoever mounts it calls them, because
    a mounted application has no lifespan. `data_dir` keeps the mail across restarts.
    """
    shelf, plan = Shelf(data_dir), Plan()
    server = Server(shelf, plan, smtp_port)
    mailbox = Mailbox(shelf, server)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await mailbox.start()
        yield
        await mailbox.stop()

    app = Starlette(
        routes=[
            Mount("/control", routes=pages.control_routes(shelf, plan, server)),
            *pages.reader_routes(shelf),
        ],
        lifespan=lifespan,
    )
    app.state.mailbox = mailbox
    return app
