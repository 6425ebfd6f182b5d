"""`make stack`: every process of the platform on this machine, without Docker. Ctrl-C ends all."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from deploy import demo
from deploy.servers.processes import ServerError, say_to_terminal, until_signal
from deploy.stack.stack import Stack


async def run() -> None:
    data_dir = Path(os.environ.get("DATA_DIR", "var")).absolute()
    stack = Stack(data_dir, int(os.environ.get("PORT", "8000")))
    async with until_signal() as stop:
        starting = asyncio.create_task(stack.start())
        asked = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([starting, asked], return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await starting
                public_url = os.environ.get("PUBLIC_URL", stack.url)
                say_to_terminal(demo.greeting(public_url, data_dir, is_demo=True))
                await asked
            say_to_terminal("Stopping.")
        finally:
            asked.cancel()
            starting.cancel()
            await asyncio.gather(starting, asked, return_exceptions=True)
            await stack.stop()


if __name__ == "__main__":
    try:
        asyncio.run(run())
    except ServerError as reason:
        sys.exit(f"{reason}")
