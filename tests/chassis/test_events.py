"""Outbox, inbox and consumer: nothing lost, nothing twice in effect."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from chassis import ids, inbox, outbox
from chassis.bus import BusAway
from chassis.consumer import Consumer
from chassis.db import Pool, Tx, open_pool, transaction
from chassis.inprocess import InProcessBus
from contracts.certificates import CertificateIssued
from contracts.envelope import Message, Unreadable, pack, unpack
from contracts.identity import PasswordChanged
from tests.conftest import MakeDatabase


@pytest.fixture
async def pool(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    async with await open_pool(await make_database("identity"), name="test") as pool:
        yield pool


class Broken(Exception):
    """The fault that the tests plant."""


def consumer_that(fails: list[bool], seen: list[UUID]) -> Consumer:
    consumer = Consumer("certificates")

    @consumer.on(PasswordChanged)
    async def handle(tx: Tx, event: PasswordChanged) -> None:
        await tx.execute("CREATE TABLE IF NOT EXISTS effects ()")
        if fails[0]:
            raise Broken
        seen.append(event.event_id)

    return consumer


async def state_of(pool: Pool, message: Message) -> str | None:
    state: str | None = await pool.fetchval(
        "SELECT state FROM inbox WHERE message_id = $1", message.event_id
    )
    return state


async def test_an_event_handled_twice_has_one_effect(pool: Pool) -> None:
    seen: list[UUID] = []
    consumer = consumer_that([False], seen)
    message = pack(PasswordChanged(learner_id=ids.new_id()))
    for _ in range(3):
        await consumer.receive(pool, message)
    assert [str(event_id) for event_id in seen] == [message.event_id]


async def test_a_failing_event_is_retried_then_parked_then_replayed_once(pool: Pool) -> None:
    fails, seen = [True], list[UUID]()
    consumer = consumer_that(fails, seen)
    message = pack(PasswordChanged(learner_id=ids.new_id()))

    await consumer.receive(pool, message)
    assert await state_of(pool, message) == "failed"
    assert await pool.fetchval("SELECT to_regclass('effects')") is None

    for _ in range(inbox.TRIES):
        await pool.execute("UPDATE inbox SET next_try_at = now() WHERE state = 'failed'")
        await consumer.retry(pool)
    assert await state_of(pool, message) == "parked"
    assert await pool.fetchval("SELECT reason FROM inbox") == "Broken"

    fails[0] = False
    async with transaction(pool) as tx:
        assert await inbox.replay(tx, message.event_id) is True
        assert await inbox.replay(tx, message.event_id) is False
    await consumer.retry(pool)
    await consumer.receive(pool, message)
    assert len(seen) == 1
    assert await state_of(pool, message) == "handled"


async def test_an_event_that_makes_the_database_give_up_stops_no_other(pool: Pool) -> None:
    consumer, seen, healthy = Consumer("certificates"), list[UUID](), [False]

    @consumer.on(PasswordChanged)
    async def handle(tx: Tx, event: PasswordChanged) -> None:
        if not healthy[0] or event.event_id == slow.event_id:
            raise TimeoutError
        seen.append(event.event_id)

    slow, other = (PasswordChanged(learner_id=ids.new_id()) for _ in range(2))
    for event in (slow, other):
        await consumer.receive(pool, pack(event))
    await pool.execute("UPDATE inbox SET next_try_at = now()")
    healthy[0] = True
    await consumer.retry(pool)
    assert seen == [other.event_id]
    assert await state_of(pool, pack(slow)) == "failed"


async def test_an_unreadable_event_is_parked_at_once_without_its_values(pool: Pool) -> None:
    consumer = consumer_that([False], [])
    good = pack(PasswordChanged(learner_id=ids.new_id()))
    bad = Message(good.event_id, good.name, b'{"learner_id": "110105199004086789"}', good.headers)
    await consumer.receive(pool, bad)
    assert await state_of(pool, bad) == "parked"
    assert "110105" not in await pool.fetchval("SELECT reason FROM inbox")


async def test_an_event_without_a_handler_is_parked(pool: Pool) -> None:
    message = Message(str(ids.new_id()), "identity.unknown.v1", b"{}", {})
    await consumer_that([False], []).receive(pool, message)
    assert await state_of(pool, message) == "parked"


async def test_a_rolled_back_change_tells_nothing(pool: Pool) -> None:
    async def change_and_fail() -> None:
        async with transaction(pool) as tx:
            await outbox.add(tx, PasswordChanged(learner_id=ids.new_id()))
            raise Broken

    with pytest.raises(Broken):
        await change_and_fail()
    assert await outbox.relay_once(pool, InProcessBus()) == 0


async def test_an_event_stays_in_the_outbox_until_the_bus_has_it(pool: Pool) -> None:
    async with transaction(pool) as tx:
        await outbox.add(tx, PasswordChanged(learner_id=ids.new_id()))
    bus = InProcessBus()
    await bus.stop()
    with pytest.raises(BusAway):
        await outbox.relay_once(pool, bus)
    await bus.start()
    assert await outbox.relay_once(pool, bus) == 1
    assert await outbox.relay_once(pool, bus) == 0


def test_an_envelope_keeps_an_event_whole() -> None:
    event = PasswordChanged(learner_id=ids.new_id())
    assert unpack(PasswordChanged, pack(event)) == event


def test_an_envelope_of_another_type_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        unpack(CertificateIssued, pack(PasswordChanged(learner_id=ids.new_id())))
