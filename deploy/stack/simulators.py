"""The demo's counterparts as a process of their own.

`python -m deploy.stack.simulators`, told by `PORT`, `SMTP_PORT` and `DATA_DIR`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from deploy import demo


def create_app(simulators: demo.Simulators) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with simulators.running() as mounts:
            app.router.routes.extend(Mount(prefix, each) for prefix, each in mounts.items())
            yield

    return Starlette(lifespan=lifespan)


def main() -> None:
    port, smtp_port = int(os.environ["PORT"]), int(os.environ["SMTP_PORT"])
    simulators = demo.simulators(Path(os.environ["DATA_DIR"]), port, smtp_port=smtp_port)
    host = os.environ.get("HOST", "127.0.0.1")
    uvicorn.run(
        create_app(simulators), host=host, port=port, log_level="warning", proxy_headers=False
    )


if __name__ == "__main__":
    main()
