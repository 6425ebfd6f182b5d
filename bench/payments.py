"""What a payment costs: orders paid through notify → query → ledger → event, and purchases from the
CNY account by 50 people at once; each beside a bare INSERT of the same run.

The service is the real one on a durable PostgreSQL, in this process. What is left out is HTTP to
WeChat: the notifications are signed as WeChat signs and verified as ever, but the query that must
agree is answered from memory. So these are the costs of our side alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from fastapi import FastAPI

from bench.goals import Goals
from chassis import logs
from chassis.db import Pool, open_pool, transaction
from chassis.files import Files
from chassis.inprocess import InProcessBus
from chassis.service import Kit
from chassis.sessions import SessionKeys
from contracts.payments import OrderPaid
from deploy import prepare
from deploy.servers.postgres import PostgresServer
from services.payments.actions import wallet
from services.payments.model.attempts import Trade, TradeState
from services.payments.providers.port import Answer
from services.payments.providers.wechat_v2 import WeChat
from services.payments.wechat_settings import DEMO_API_KEY, DEMO_APP_ID, DEMO_MCH_ID
from simulators.wechat_pay import protocol

AT_ONCE = 50
CONNECTIONS = 10
ORDERS = 2000
PRICE_FEN = 1500
PAID_RATIO = 0.05  # of a bare INSERT; both are floors, so that a slower path is seen
WALLET_RATIO = 0.15

Work = Callable[[int], Awaitable[None]]


class AtOnce(WeChat):
    """WeChat Pay whose server knows every number as paid, and answers from memory."""

    async def query(self, out_trade_no: str) -> Answer:
        return Answer(TradeState.SUCCESS, trade_of(out_trade_no))


def at_once() -> AtOnce:
    return AtOnce(
        base_url="http://127.0.0.1:9/",
        app_id=DEMO_APP_ID,
        mch_id=DEMO_MCH_ID,
        api_key=DEMO_API_KEY,
        sign_type="MD5",
        notify_url="http://127.0.0.1/webhooks/wechat",
        client_ip="127.0.0.1",
    )


@dataclass(frozen=True)
class Ground:
    pool: Pool
    app: FastAPI

    async def make_orders(self, prefix: str, *, balance_fen: int) -> Sequence[tuple[UUID, UUID]]:
        """(learner, order) of so many unpaid orders, each of one course and one learner."""
        statement = (Path(__file__).parent / "orders.sql").read_text()
        async with self.pool.acquire() as db, db.transaction():
            await db.execute("SET LOCAL statement_timeout = 0")
            await db.execute("SET LOCAL session_replication_role = replica")
            rows = await db.fetch(statement, prefix, ORDERS, PRICE_FEN, balance_fen, timeout=120)
            return [(row["learner_id"], row["order_id"]) for row in rows]


async def measure(goals: Goals) -> None:
    async with opened() as ground:
        bare = await rate(ground, insert_into(ground))
        goals.told("a bare INSERT, committed", bare, "/s")

        await ground.make_orders("N", balance_fen=0)
        paid = await notified(ground)
        goals.told("orders paid by notification and query", paid, "/s")
        goals.at_least("  of a bare INSERT", paid / bare, PAID_RATIO)

        orders = await ground.make_orders("W", balance_fen=PRICE_FEN)
        bought = await rate(ground, purchase_of(ground, orders))
        goals.told(f"purchases from the CNY account, {AT_ONCE} at once", bought, "/s")
        goals.at_least("  of a bare INSERT", bought / bare, WALLET_RATIO)
        await check(ground)


def insert_into(ground: Ground) -> Work:
    """The least that keeps anything: one row, one transaction."""

    async def insert(number: int) -> None:
        async with transaction(ground.pool) as tx:
            await tx.execute("INSERT INTO yardstick (number, fen) VALUES ($1, 1500)", number)

    return insert


def purchase_of(ground: Ground, orders: Sequence[tuple[UUID, UUID]]) -> Work:
    async def purchase(number: int) -> None:
        learner_id, order_id = orders[number]
        async with transaction(ground.pool) as tx:
            await wallet.pay_order(tx, learner_id=learner_id, order_id=order_id)

    return purchase


async def notified(ground: Ground) -> float:
    """Through the front door: each notification is read, kept, confirmed and settled."""
    bodies = [notification(number_of("N", number)) for number in range(ORDERS)]
    transport = httpx.ASGITransport(ground.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def notify(number: int) -> None:
            answer = await client.post("/webhooks/wechat", content=bodies[number])
            assert answer.status_code == 200, answer.text

        return await rate(ground, notify)


async def rate(ground: Ground, work: Work) -> float:
    """How many a second, by `AT_ONCE` workers, until all are done."""
    numbers = iter(range(ORDERS))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return ORDERS / (time.perf_counter() - began)


async def check(ground: Ground) -> None:
    """Everything was paid, booked and told once; else the rates mean nothing."""
    for query, *values in (
        ("SELECT count(*) FROM orders WHERE status = 'paid'",),
        ("SELECT count(*) FROM journals WHERE kind = 'order_paid'",),
        ("SELECT count(*) FROM outbox WHERE name = $1", OrderPaid.name),
    ):
        found = await ground.pool.fetchval(query, *values)
        if found != 2 * ORDERS:
            raise RuntimeError(f"{found} instead of {2 * ORDERS}: {query}")


def number_of(prefix: str, number: int) -> str:
    """The number of an order's payment at WeChat, as orders.sql makes it."""
    return f"H260101{prefix}{number:011d}-1"


def trade_of(out_trade_no: str) -> Trade:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Trade(out_trade_no, f"4200{out_trade_no[8:19]:0>24}", PRICE_FEN, at)


def notification(out_trade_no: str) -> bytes:
    trade = trade_of(out_trade_no)
    fields: Mapping[str, str] = {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": DEMO_APP_ID,
        "mch_id": DEMO_MCH_ID,
        "nonce_str": "n" * 32,
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "is_subscribe": "N",
        "trade_type": "NATIVE",
        "bank_type": "OTHERS",
        "total_fee": f"{trade.amount_fen}",
        "cash_fee": f"{trade.amount_fen}",
        "fee_type": "CNY",
        "transaction_id": trade.transaction_id,
        "out_trade_no": out_trade_no,
        "time_end": protocol.beijing(trade.paid_at.timestamp()),
    }
    return protocol.write(protocol.signed(fields, DEMO_API_KEY))


@asynccontextmanager
async def opened() -> AsyncIterator[Ground]:
    """The payments service on a database of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tic-edu-bench-")))
        server = await stack.enter_async_context(PostgresServer(folder / "postgres", private=True))
        url = await _database(server.url)
        values: dict[str, Any] = {"database_url": url, "data_dir": folder}
        settings = prepare.settings_for(
            "payments", **prepare.as_settings(prepare.keys(folder)), **values
        )
        pool = await open_pool(url, name="bench", max_size=CONNECTIONS)
        stack.push_async_callback(pool.close)
        logs.configure("WARNING")
        files, keys = Files.open("", folder / "files"), SessionKeys(settings.jwks_file)
        kit = Kit("payments", settings, pool, InProcessBus(), files, keys)
        service = prepare.module("payments", "app").create(settings, kit)
        service.app.state.wechat.stop()
        service.app.state.wechat = provider = at_once()
        stack.callback(provider.stop)
        yield Ground(pool, service.app)


async def _database(server_url: str) -> str:
    connection = await asyncpg.connect(server_url)
    await connection.execute("CREATE DATABASE payments")
    await connection.close()
    url = f"{server_url.rpartition('/')[0]}/payments"
    await prepare.migrate_service("payments", url)
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE yardstick (number integer PRIMARY KEY, fen bigint)")
    await connection.close()
    return url
