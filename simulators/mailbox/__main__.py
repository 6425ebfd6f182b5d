"""`python -m simulators.mailbox --port 9002 --smtp-port 9025 --prefix /simulators/mailbox`."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.mailbox.app import create_app

HOST = "127.0.0.1"


def main() -> None:
    options = _options()
    app = create_app(options.data_dir, options.smtp_port)
    if options.prefix:
        app = _below(options.prefix, app)
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning")


def _below(prefix: str, app: Starlette) -> Starlette:
    @asynccontextmanager
    async def lifespan(_outer: Starlette) -> AsyncIterator[None]:
        async with app.router.lifespan_context(app):
            yield

    return Starlette(routes=[Mount(prefix, app)], lifespan=lifespan)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--prefix", default="", help="path that everything stands below")
    parser.add_argument("--data-dir", type=Path, help="keeps the mail; without it, memory")
    return parser.parse_args()


if __name__ == "__main__":
    main()
