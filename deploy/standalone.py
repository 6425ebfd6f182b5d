"""The whole platform in one process: `make run`. PostgreSQL is its only child.

All six services, the gateway's routing and, in the demo, the simulators.
Events go through the in-process bus, or through RabbitMQ where AMQP_URL is set.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from chassis import logs
from chassis.bus import Bus
from chassis.inprocess import InProcessBus
from chassis.rabbit import RabbitBus
from chassis.settings import Settings
from deploy import demo, host, prepare
from deploy.gateway import Gateway
from deploy.servers.postgres import PostgresServer
from deploy.servers.processes import ServerError, free_port, say_to_terminal

POOL_MAX = 3  # six services share one server; each connection is a process of 15 MB


async def run() -> None:
    data_dir = Path(os.environ.get("DATA_DIR", "var")).absolute()
    port = int(os.environ.get("PORT", "8000"))
    is_demo = os.environ.get("APP_ENV", "demo") == "demo"
    prepare.require_free(port)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(PostgresServer(data_dir / "postgres"))
        given: dict[str, Any] = {"data_dir": data_dir, "port": port, "database_pool_max": POOL_MAX}
        mounts: Mapping[str, ASGIApp] = {}
        if is_demo:
            given |= prepare.as_settings(prepare.keys(data_dir))
            simulators = demo.simulators(data_dir, port, smtp_port=free_port())
            given |= simulators.settings
            mounts = await stack.enter_async_context(simulators.running())
        settings = await _settings(server.url, data_dir, given)
        bus = _bus(settings["identity"])
        services = await host.open_all(stack, list(settings.items()), bus)
        gateway = Gateway(
            {name: service.app for name, (_, service) in services.items()},
            {name: kit for name, (kit, _) in services.items()},
            mounts,
        )
        web = host.server(gateway, port)
        await bus.start()
        starting = asyncio.create_task(_start(web, gateway, services, is_demo))
        await host.serve(web, list(services.values()), bus)
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting


async def _settings(url: str, data_dir: Path, given: dict[str, Any]) -> dict[str, Settings]:
    urls = await prepare.databases(url, data_dir)
    for name, database in urls.items():
        await prepare.migrate_service(name, database)
    return {
        name: prepare.settings_for(name, **{**given, "database_url": database})
        for name, database in urls.items()
    }


def _bus(settings: Settings) -> Bus:
    if settings.amqp_url is None:
        return InProcessBus()
    return RabbitBus(settings.amqp_url.get_secret_value(), name="standalone")


async def _start(
    web: host.Server, gateway: Gateway, services: Mapping[str, Any], is_demo: bool
) -> None:
    """Once the port is open: demo data, then the word that everything is ready."""
    while not web.started:
        await asyncio.sleep(0.02)
    kits = [kit for kit, _ in services.values()]
    if is_demo:
        for kit in kits:
            await host.seed(kit)
    gateway.ready = True
    settings = kits[0].settings
    say_to_terminal(demo.greeting(settings.public_url, settings.data_dir, is_demo=is_demo))


def main() -> None:
    logs.configure(os.environ.get("LOG_LEVEL", "WARNING"))
    try:
        asyncio.run(run())
    except ServerError as reason:
        sys.exit(f"{reason}")


if __name__ == "__main__":
    main()
