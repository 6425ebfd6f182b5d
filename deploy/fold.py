"""The consumer of study beats as a process of its own: `python -m deploy.fold`.

It stands beside `deploy.serve progress` with `FOLDS_BEATS=false`, so that taking beats and
crediting them have a core each. There may be several: a shard has one receiver at a time. Its port
is there for `/readyz`; the gateway leads nobody to it.
"""

import uvloop

from chassis import beats, logs
from chassis.rabbit import RabbitBus
from deploy import host, prepare


async def run() -> None:
    settings = prepare.settings_for("progress")
    logs.configure(settings.log_level)
    if settings.amqp_url is None:
        raise SystemExit("AMQP_URL is not set: beats come through RabbitMQ")
    await prepare.migrate_service("progress", settings.database_url.get_secret_value())
    bus = RabbitBus(settings.amqp_url.get_secret_value(), name="fold")
    async with host.opened("progress", settings, bus) as kit:
        service = host.wire(kit)
        assert service.beats is not None, "FOLDS_BEATS=false is for the other process"
        async with service.lifespan():
            await bus.start()
            await bus.subscribe_shards(beats.receiver(kit.pool, service.beats))
            await host.serve(host.server(service.app, settings.port), [], bus)


if __name__ == "__main__":
    uvloop.run(run())
