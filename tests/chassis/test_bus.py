"""One suite, both buses: what `chassis.bus.Bus` promises."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from chassis import ids, outbox
from chassis.bus import Bus, BusAway
from chassis.consumer import Consumer
from chassis.db import DATABASE_AWAY, Pool, Tx, open_pool, transaction
from chassis.inprocess import InProcessBus
from chassis.lanes import LIST_BYTES
from chassis.rabbit import RabbitBus
from contracts.catalogue import CourseRetired
from contracts.envelope import Message, pack
from contracts.identity import PasswordChanged
from deploy.servers.postgres import PostgresServer
from deploy.servers.rabbitmq import RabbitServer
from tests.conftest import MakeDatabase, ServerLoop

EVENTUALLY_SECONDS = 30


async def assert_eventually(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(EVENTUALLY_SECONDS):
        while not claim():
            await asyncio.sleep(0.02)


@pytest.fixture(params=["in process", "rabbitmq"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "in process":
        made: Bus = InProcessBus()
    else:
        made = RabbitBus(request.getfixturevalue("amqp_url"), name="test")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[RabbitBus]:
    bus = RabbitBus(amqp_url, name="test")
    yield bus
    await bus.stop()


def told() -> Message:
    return pack(PasswordChanged(learner_id=ids.new_id()))


def consumer_that_notes(effects: list[str]) -> Consumer:
    """Writes down the id of each event that it handles."""
    consumer = Consumer("notifications")

    @consumer.on(PasswordChanged)
    async def handle(tx: Tx, event: PasswordChanged) -> None:
        effects.append(str(event.event_id))

    return consumer


async def test_every_published_event_arrives(bus: Bus) -> None:
    """At least once; order is not promised, so none is asserted."""
    heard: set[str] = set()

    async def receive(message: Message) -> None:
        heard.add(message.event_id)

    await bus.subscribe("notifications", [PasswordChanged.name], receive)
    sent = [told() for _ in range(50)]
    await bus.publish(sent)
    await assert_eventually(lambda: heard >= {message.event_id for message in sent})


async def test_an_event_arrives_whole(bus: Bus) -> None:
    heard: list[Message] = []

    async def receive(message: Message) -> None:
        heard.append(message)

    await bus.subscribe("notifications", [PasswordChanged.name], receive)
    sent = told()
    await bus.publish([sent])
    await assert_eventually(lambda: sent in heard)


async def test_an_event_that_nobody_hears_is_no_fault(bus: Bus) -> None:
    unheard = CourseRetired(course_id=ids.new_id(), version=1)
    message = pack(unheard)
    await bus.publish([Message(message.event_id, "identity.nobody_hears.v1", message.body, {})])
    await assert_eventually(bus.healthy)


async def test_an_event_has_its_effect_once_however_often_it_is_published(
    bus: Bus, make_database: MakeDatabase
) -> None:
    effects: list[str] = []
    consumer = consumer_that_notes(effects)

    async with await open_pool(await make_database("identity"), name="test") as pool:

        async def receive(message: Message) -> None:
            await consumer.receive(pool, message)

        await bus.subscribe("notifications", consumer.names, receive)
        message, last = told(), told()
        await bus.publish([message] * 10)
        await bus.publish([last])
        await assert_eventually(lambda: {message.event_id, last.event_id} <= set(effects))
        assert effects.count(message.event_id) == 1


async def test_a_poison_event_is_parked_and_the_others_go_on(
    bus: Bus, make_database: MakeDatabase
) -> None:
    effects: list[str] = []
    consumer = consumer_that_notes(effects)

    async with await open_pool(await make_database("identity"), name="test") as pool:

        async def receive(message: Message) -> None:
            await consumer.receive(pool, message)

        await bus.subscribe("notifications", consumer.names, receive)
        good, other = told(), told()
        poison = Message(other.event_id, other.name, b"\xff\xfe", other.headers)
        await bus.publish([poison, good])
        await assert_eventually(lambda: good.event_id in effects)
        async with asyncio.timeout(EVENTUALLY_SECONDS):
            while not (reason := await reason_of(pool, poison)):
                await asyncio.sleep(0.02)
        assert "body" in reason


async def reason_of(pool: Pool, message: Message) -> str | None:
    reason: str | None = await pool.fetchval(
        "SELECT reason FROM inbox WHERE message_id = $1 AND state = 'parked'", message.event_id
    )
    return reason


async def test_beats_of_a_shard_arrive_in_order(bus: Bus) -> None:
    received: list[bytes] = []

    async def fold(bodies: list[bytes]) -> None:
        received.extend(bodies)

    await bus.subscribe_shards(fold)
    mark = ids.new_id().hex
    for n in range(40):
        await bus.send_to_shard(3, f"{mark} {n:02}".encode())
    await assert_eventually(lambda: received[-1:] == [f"{mark} 39".encode()])
    own = [body for body in received if body.startswith(mark.encode())]
    assert own == sorted(own)


async def test_beats_wait_for_a_receiver_that_failed(bus: Bus) -> None:
    """A list that could not be folded comes again, or its sender learns that it did not arrive."""
    tries: list[list[bytes]] = []

    async def fold(bodies: list[bytes]) -> None:
        tries.append(bodies)
        if len(tries) == 1:
            raise ConnectionError

    await bus.subscribe_shards(fold)
    body = ids.new_id().bytes
    try:
        await bus.send_to_shard(5, body)
    except BusAway:
        await bus.send_to_shard(5, body)
    await assert_eventually(lambda: len(tries) > 1 and any(body in bodies for bodies in tries[1:]))


async def test_a_backlog_of_beats_is_received_in_lists_of_bounded_size(rabbit: RabbitBus) -> None:
    """However much has waited: a list becomes one transaction, and that has a time limit."""
    body = ids.new_id().bytes + bytes(LIST_BYTES // 2)
    lists: list[list[bytes]] = []

    async def fold(bodies: list[bytes]) -> None:
        lists.append(bodies)

    await rabbit.start()
    for _ in range(8):
        await rabbit.send_to_shard(2, body)
    await rabbit.subscribe_shards(fold)
    await assert_eventually(lambda: sum(bodies.count(body) for bodies in lists) == 8)
    assert max(sum(map(len, bodies)) for bodies in lists) < LIST_BYTES + len(body)


async def test_events_survive_the_database_being_away(
    bus: Bus, server_loop: ServerLoop, tmp_path: Path
) -> None:
    server = PostgresServer(tmp_path, private=True)
    url = server_loop.run(server.start())
    seen: list[str] = []

    async with await open_pool(url, name="test") as pool:
        for statement in (Path("chassis/migrations/0001_outbox_and_inbox.sql").read_text(),):
            await pool.execute(statement)
        consumer = Consumer("notifications")

        @consumer.on(PasswordChanged)
        async def handle(tx: Tx, event: PasswordChanged) -> None:
            await tx.fetchval("SELECT pg_sleep(0.01)")
            seen.append(str(event.event_id))

        async def receive(message: Message) -> None:
            await consumer.receive(pool, message)

        await bus.subscribe("notifications", consumer.names, receive)
        server.kill()
        sent = [told() for _ in range(5)]
        await bus.publish(sent)
        await assert_eventually(lambda: {message.event_id for message in sent} <= set(seen))
        handled = await pool.fetchval("SELECT count(*) FROM inbox WHERE state = 'handled'")
        assert handled >= 5
    server_loop.run(server.stop())


@pytest.fixture(scope="module")
def broker(
    server_loop: ServerLoop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RabbitServer]:
    """A broker of our own, that may be killed."""
    server = RabbitServer(tmp_path_factory.mktemp("rabbit"), private=True)
    server_loop.run(server.start())
    yield server
    server_loop.run(server.stop())


async def test_confirmed_events_survive_a_killed_broker(
    broker: RabbitServer, server_loop: ServerLoop, make_database: MakeDatabase
) -> None:
    heard: list[str] = []
    bus = RabbitBus(broker.url, name="test")

    async def receive(message: Message) -> None:
        heard.append(message.event_id)

    async with await open_pool(await make_database("identity"), name="test") as pool:
        async with transaction(pool) as tx:
            await outbox.add(tx, PasswordChanged(learner_id=ids.new_id()))
        await bus.subscribe("notifications", [PasswordChanged.name], receive)
        await _relay_until_empty(pool, bus)
        await assert_eventually(lambda: len(heard) == 1)
        await asyncio.sleep(2)  # a quorum queue this young may lose its leader, see the docs

        broker.kill()
        async with transaction(pool) as tx:
            for _ in range(20):
                await outbox.add(tx, PasswordChanged(learner_id=ids.new_id()))
        with pytest.raises(BusAway):
            await outbox.relay_once(pool, bus)
        await _relay_until_empty(pool, bus)
        await assert_eventually(lambda: len(set(heard)) == 21)
    await bus.stop()


async def _relay_until_empty(pool: Pool, bus: Bus) -> None:
    async with asyncio.timeout(60):
        while await pool.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"):
            try:
                await outbox.relay_once(pool, bus)
            except (BusAway, *DATABASE_AWAY):
                await asyncio.sleep(0.3)


async def test_an_unreachable_broker_is_away_at_once() -> None:
    bus = RabbitBus("amqp://nobody:nothing@127.0.0.1:1/", name="test")
    with pytest.raises(BusAway):
        await bus.publish([told()])
    with pytest.raises(BusAway):
        await bus.send_to_shard(0, b"beat")
    assert not bus.healthy()
    await bus.stop()
