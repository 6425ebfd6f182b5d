"""Running services: open what they stand on, wire them, serve them, end them in order."""

import asyncio
import gc
import importlib.util
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from chassis.bus import Bus
from chassis.db import open_pool
from chassis.files import Files
from chassis.service import Kit, Service, run_background
from chassis.sessions import SessionKeys
from chassis.settings import Settings
from deploy import prepare

GRACE_SECONDS = 8
GC_THRESHOLDS = (20_000, 20, 50)  # Python's own are 700, 10, 10


@asynccontextmanager
async def opened(name: str, settings: Settings, bus: Bus) -> AsyncIterator[Kit]:
    """The kit of one service; its pool is closed at the end."""
    url = settings.database_url.get_secret_value()
    pool = await open_pool(url, name=name, max_size=settings.database_pool_max)
    files = Files.open(settings.files_url, settings.data_dir / "files" / name)
    try:
        yield Kit(name, settings, pool, bus, files, SessionKeys(settings.jwks_file))
    finally:
        async with asyncio.timeout(GRACE_SECONDS):
            await pool.close()


def wire(kit: Kit) -> Service:
    service: Service = prepare.module(kit.name, "app").create(kit.settings, kit)
    return service


async def open_all(
    stack: AsyncExitStack, settings: Sequence[tuple[str, Settings]], bus: Bus
) -> dict[str, tuple[Kit, Service]]:
    """Several services on one bus, closed when the stack is."""
    found = {}
    for name, chosen in settings:
        kit = await stack.enter_async_context(opened(name, chosen, bus))
        found[name] = (kit, wire(kit))
    return found


class Server(uvicorn.Server):
    """uvicorn, but the signals are ours: see `until_asked_to_stop`."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


async def seed(kit: Kit) -> None:
    """Fill in the service's demo data, where it has any; accounts go to `demo-accounts.json`."""
    if importlib.util.find_spec(f"services.{kit.name}.demo") is None:
        return
    made = await prepare.module(kit.name, "demo").seed(kit, kit.settings)
    if kit.name == "identity":
        prepare.write_private(accounts_file(kit.settings.data_dir), json.dumps(made, indent=2))


def accounts_file(data_dir: Path) -> Path:
    return data_dir / "demo-accounts.json"


def server(app: Any, port: int) -> Server:
    """On 127.0.0.1 only: the gateway in front is what the world meets."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    return Server(config)


def collect_seldom() -> None:
    """What was loaded at the start stays: the collector need not look at it again and again. A
    list of beats makes some ten thousand objects, none of them in a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def serve(web: Server, services: Sequence[tuple[Kit, Service]], bus: Bus) -> None:
    """Serve until SIGTERM or SIGINT: requests end first, then what is in hand, then the rest.

    A part that breaks ends the process with its error: somebody starts it again.
    """
    collect_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    background = [
        asyncio.create_task(run_background(service, kit), name=service.name)
        for kit, service in services
    ]
    serving = asyncio.create_task(web.serve(), name="web")
    asked = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait([asked, serving, *background], return_when=asyncio.FIRST_COMPLETED)
    web.should_exit = True
    for _, service in services:
        if service.stopping is not None:
            service.stopping()
    await asyncio.wait([serving], timeout=GRACE_SECONDS)
    await bus.stop()
    for task in [*background, asked]:
        task.cancel()
    await asyncio.gather(*background, asked, return_exceptions=True)
    for task in done - {asked}:
        task.result()
