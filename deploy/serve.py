"""One service as a process of its own: `python -m deploy.serve payments`.

Everything it needs comes from its environment; migrations are applied first. See `make stack`.
"""

import sys

import uvloop

from chassis import logs
from chassis.rabbit import RabbitBus
from deploy import host, prepare


async def run(name: str) -> None:
    settings = prepare.settings_for(name)
    logs.configure(settings.log_level)
    if settings.amqp_url is None:
        raise SystemExit("AMQP_URL is not set: a service of its own needs RabbitMQ")
    await prepare.migrate_service(name, settings.database_url.get_secret_value())
    bus = RabbitBus(settings.amqp_url.get_secret_value(), name=name)
    async with host.opened(name, settings, bus) as kit:
        service = host.wire(kit)
        await bus.start()
        if settings.app_env == "demo":
            await host.seed(kit)
        await host.serve(host.server(service.app, settings.port), [(kit, service)], bus)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in prepare.SERVICES:
        raise SystemExit(f"usage: python -m deploy.serve {'|'.join(prepare.SERVICES)}")
    uvloop.run(run(sys.argv[1]))
