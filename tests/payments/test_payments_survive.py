"""What is away, or dies, between WeChat's word and the opened courses: one credit, one event."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from chassis import outbox
from chassis.inprocess import InProcessBus
from contracts.envelope import Message
from contracts.payments import OrderPaid
from tests.conftest import MakeService
from tests.payments.conftest import MakeShop, Shop


@pytest.fixture(params=["v2", "v3"])
async def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """Everything here holds for both versions of WeChat's API."""
    return await make_shop(wechat_api_version=request.param)


Outage = Callable[[Shop, str], AbstractAsyncContextManager[None]]


class KilledError(Exception):
    """The process ends here."""


@asynccontextmanager
async def database_away(shop: Shop, postgres_url: str) -> AsyncIterator[None]:
    """Nobody reaches the database of payments meanwhile."""
    name = await shop.running.pool.fetchval("SELECT current_database()")
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()


@asynccontextmanager
async def no_connection_free(shop: Shop, _postgres_url: str) -> AsyncIterator[None]:
    """The database is there, and nobody gets through to it."""
    pool = shop.running.pool
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            await stack.enter_async_context(pool.acquire())
        yield


@pytest.mark.parametrize("outage", [database_away, no_connection_free])
async def test_without_its_database_no_notification_is_taken(
    shop: Shop, postgres_url: str, outage: Outage
) -> None:  # case 30
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    async with outage(shop, postgres_url):
        assert not await shop.notify(order["out_trade_no"])
        [attempt] = (await shop.provider_state())["attempts"]
        assert attempt["status"] >= 500
        assert "SUCCESS" not in attempt["reply"]
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.notify(order["out_trade_no"]), "its repeat is"
    await shop.assert_paid_once(learner, order)


async def test_money_is_credited_and_told_together_or_not_at_all(shop: Shop) -> None:  # case 31
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.running.pool.execute("ALTER TABLE outbox RENAME TO away")
    await asyncio.gather(shop.sweep(), return_exceptions=True)
    await shop.running.pool.execute("ALTER TABLE away RENAME TO outbox")
    await shop.assert_nothing_happened(learner, order["order_id"])
    await shop.sweep()
    await shop.assert_paid_once(learner, order)


async def test_an_event_that_was_sent_and_not_marked_goes_out_again_as_the_same(
    shop: Shop, service: MakeService
) -> None:  # case 31
    """Settled, committed, killed before it was published; then killed before that was noted."""
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    pool, progress = shop.running.pool, await service("progress")
    waits = "SELECT count(*) FROM outbox WHERE name = $1 AND published_at IS NULL"
    assert await pool.fetchval(waits, OrderPaid.name) == 1
    sent: list[str] = []
    heard: list[bool] = []

    async def receive(message: Message) -> None:
        sent.append(message.event_id)
        heard.append(await progress.service.consumer.handle(progress.pool, message))
        if len(sent) == 1:
            raise KilledError

    bus = InProcessBus()
    await bus.subscribe("progress", [OrderPaid.name], receive)
    with pytest.raises(KilledError):
        await outbox.relay_once(pool, bus)
    assert await pool.fetchval(waits, OrderPaid.name) == 1
    await outbox.relay_once(pool, bus)
    assert await outbox.relay_once(pool, bus) == 0
    assert (len(sent), len(set(sent))) == (2, 1)
    assert heard == [True, False]
    await shop.assert_paid_once(learner, order)
