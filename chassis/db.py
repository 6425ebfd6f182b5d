"""PostgreSQL: one pool per process, one transaction per action, and guards against waiting."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Pool: TypeAlias = asyncpg.Pool
Tx: TypeAlias = asyncpg.Connection | PoolConnectionProxy

ACQUIRE_SECONDS = 2  # then 503 and Retry-After: an exhausted pool must not hold requests for ever
COMMAND_SECONDS = 5
GUARDS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}

DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the server dies between two of its steps
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""The database can't be reached or has just gone: wait and try again."""

TRY_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
"""The transaction was rolled back by no fault of its own."""


async def open_pool(url: str, *, name: str, max_size: int = 8) -> Pool:
    """A pool whose every wait is bounded. `name` shows in `pg_stat_activity`."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=max_size,
        timeout=3,
        command_timeout=COMMAND_SECONDS,
        max_inactive_connection_lifetime=15,  # each idle one is a process of the server
        server_settings={**GUARDS, "application_name": name},
        init=_prepare,
    )


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Tx]:
    """Lend a connection inside a transaction: committed on a clean exit, else rolled back."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        yield connection


async def wait_until_back(pool: Pool) -> None:
    """Return once the database answers again."""
    seconds = 0.2
    while True:
        try:
            async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await connection.fetchval("SELECT 1")
        except DATABASE_AWAY:
            await asyncio.sleep(seconds)
            seconds = min(seconds * 2, 3)
        else:
            return
