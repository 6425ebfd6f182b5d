"""`python -m simulators.wechat_pay --port 9001 --prefix /simulators/wechat`: this machine only."""

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.wechat_pay import keys
from simulators.wechat_pay.app import DEMO_APP_SECRET, create_app

HOST = "127.0.0.1"


def main() -> None:
    options = _options()
    app = create_app(
        app_id=os.environ["WECHAT_APP_ID"],
        mch_id=os.environ["WECHAT_MCH_ID"],
        api_key=os.environ["WECHAT_API_KEY"],
        app_secret=os.environ.get("WECHAT_APP_SECRET") or DEMO_APP_SECRET,
        v3=keys.read(options.keys) if options.keys else None,
        time_scale=options.time_scale,
        data_dir=options.data_dir,
    )
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
    parser.add_argument("--prefix", default="", help="path that everything stands below")
    parser.add_argument("--data-dir", type=Path, help="keeps the orders; without it, memory")
    parser.add_argument("--keys", type=Path, help="folder of the keys of API v3; made if need be")
    parser.add_argument("--time-scale", type=float, default=1.0, help="stretches the retry gaps")
    return parser.parse_args()


if __name__ == "__main__":
    main()
