"""RabbitMQ's exchange and queues: names, arguments, declaration. Arguments are a migration:
declaring a queue again with others closes the channel, so a change takes a new version."""

from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aiormq.abc import AbstractChannel as UnderlayChannel
from aiormq.abc import DeliveredMessage

from chassis.bus import SHARDS
from contracts.subscriptions import HEARD_BY, names_for

EXCHANGE = "events"
VERSION = "v1"
RECEIVERS = f"progress.receivers.{VERSION}"  # an empty queue: its consumers are counted
DELIVERY_LIMIT = 20  # a message that kills its consumer this often goes to the dead letters


def events_queue(service: str) -> str:
    return f"{service}.events.{VERSION}"


def dead_letters_queue(service: str) -> str:
    return f"{service}.dead.{VERSION}"


def shard_queue(shard: int) -> str:
    return f"progress.beats.{shard:02}.{VERSION}"


def quorum(dead_letters: str, **more: Any) -> dict[str, Any]:
    """Confirmed means on disk; nothing is dropped silently."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letters,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        **more,
    }


async def declare_all(channel: AbstractChannel) -> None:
    """Every queue and binding of the platform, from `contracts.subscriptions`. Idempotent: each
    process calls it whenever it connects, so that a new or emptied broker loses no event."""
    exchange = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
    for service in HEARD_BY:
        dead = dead_letters_queue(service)
        await channel.declare_queue(dead, durable=True, arguments={"x-queue-type": "quorum"})
        queue = await channel.declare_queue(
            events_queue(service), durable=True, arguments=quorum(dead)
        )
        for name in names_for(service):
            await queue.bind(exchange, routing_key=name)
    beats = quorum(dead_letters_queue("progress"), **{"x-single-active-consumer": True})
    for shard in range(SHARDS):
        await channel.declare_queue(shard_queue(shard), durable=True, arguments=beats)


async def announce_receiver(channel: UnderlayChannel) -> None:
    """Count among those who receive beats, for as long as the channel is open."""
    await channel.queue_declare(RECEIVERS, auto_delete=True)
    await channel.basic_consume(RECEIVERS, _ignore)


async def count_receivers(channel: UnderlayChannel) -> int:
    """How many lanes receive beats or stand by, in all processes."""
    told = await channel.queue_declare(RECEIVERS, passive=True)
    return told.consumer_count or 0


async def _ignore(_message: DeliveredMessage) -> None:
    """Nothing is ever sent there."""
