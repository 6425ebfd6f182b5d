"""The private RabbitMQ node: what it confirmed outlives kill -9, and nothing is left behind."""

import asyncio
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from deploy.servers import folders
from deploy.servers.rabbitmq import RabbitServer
from tests.deploy.waiting import until

QUEUE = "kept"
SETTLE_SECONDS = 2.0  # a quorum queue younger than that may lose its log to kill -9


async def fill(channel: AbstractChannel, seconds: float) -> set[bytes]:
    """Publish with confirms for so long; what was confirmed."""
    queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    loop, confirmed = asyncio.get_running_loop(), set[bytes]()
    end = loop.time() + seconds
    while loop.time() < end:
        body = b"beat %d" % len(confirmed)
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue.name)
        confirmed.add(body)
        await asyncio.sleep(0.01)
    return confirmed


async def empty(url: str) -> set[bytes]:
    """Everything that the queue held."""
    held = set[bytes]()
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE)
        while (message := await queue.get(fail=False)) is not None:
            held.add(message.body)
            await message.ack()
    return held


async def test_confirmed_messages_outlive_the_node_and_stop_leaves_nothing(tmp_path: Path) -> None:
    server = RabbitServer(tmp_path / "mq", private=True, fast=True)
    url = await server.start()
    connection = await aio_pika.connect(url)
    confirmed = await fill(await connection.channel(), SETTLE_SECONDS)
    before = server.pid

    server.kill()
    await until(lambda: server.pid not in (None, before))
    await server.wait_ready()

    assert confirmed
    assert await empty(url) == confirmed
    assert _running_in(tmp_path / "mq")
    await connection.close()
    await server.stop()
    assert not _running_in(tmp_path / "mq")


async def test_a_given_broker_is_used_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://somebody@elsewhere/")
    async with RabbitServer(tmp_path / "mq") as server:
        assert server.url == "amqp://somebody@elsewhere/"
        assert server.pid is None


def _running_in(folder: Path) -> list[int]:
    """Every process that stands in the folder: the node, its helpers, its name server."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if folders.stands_in(pid, folder)]
