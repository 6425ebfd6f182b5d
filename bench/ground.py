"""What every measurement stands on: a durable PostgreSQL, a RabbitMQ, processes of the service."""

import asyncio
import base64
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import httpx

from bench import processes
from bench.load import Learner
from chassis.db import Pool, open_pool, transaction
from deploy import prepare
from deploy.servers.postgres import PostgresServer
from deploy.servers.processes import Child, Command, free_port
from deploy.servers.rabbitmq import RabbitServer
from services.progress import tokens

DRAIN_SECONDS = 60.0
PATIENCE_SECONDS = 120
TOKEN_SECONDS = 36_000
BUFFERS = "512MB"  # as docker-compose.yml gives; the 32 MB of a laptop's server are for a few


@dataclass
class Ground:
    """A database of its own, migrated; processes are ended with `stack`."""

    folder: Path
    environment: Mapping[str, str]
    database: PostgresServer
    broker: RabbitServer
    pool: Pool
    url: str
    stack: AsyncExitStack

    async def serve(self, name: str, *, to: AsyncExitStack | None = None) -> tuple[Child, int]:
        """Start the whole service (under any name), its HTTP side alone (`path`), or a peer
        (`empty`, `upsert`), on a port; it ends with `to`."""
        port = free_port()
        peer = name in ("empty", "upsert")
        module = ["bench.peers", name, str(port)] if peer else ["deploy.serve", "progress"]
        folds = {} if name != "path" else {"FOLDS_BEATS": "false"}
        child = self._child(name, module, {"PORT": str(port), **folds})
        child.ready = partial(_answers, port, "/" if peer else "/readyz", peer)
        (to or self.stack).push_async_callback(child.stop)
        await child.start()
        return child, port

    async def fold(self) -> Child:
        """Start the consumer alone."""
        port = free_port()
        child = self._child("fold", ["deploy.fold"], {"PORT": str(port)})
        child.ready = partial(_answers, port, "/readyz", False)
        self.stack.push_async_callback(child.stop)
        await child.start()
        return child

    def _child(self, name: str, module: list[str], more: Mapping[str, str]) -> Child:
        command = Command(
            name,
            [sys.executable, "-m", *module],
            env={**self.environment, **more},
            log=self.folder / f"{name}.log",
        )
        return Child(command)

    async def learners(self, number: int, *, since_seconds: float = 0) -> list[Learner]:
        """Learners in the middle of a courseware that they opened so long ago."""
        began = round(time.time() - since_seconds, 3)
        statement = (Path(__file__).parent / "learners.sql").read_text()
        rows = await self.fetch(statement, number, began)
        key = base64.b64decode(self.environment["BEAT_TOKEN_KEY"])
        return [
            Learner(
                tokens.sign(
                    key,
                    learner_id=row["learner_id"],
                    session_id=row["session_id"],
                    expires_at_seconds=int(began) + TOKEN_SECONDS,
                ),
                began,
                row["learner_id"].bytes,
                row["session_id"].bytes,
            )
            for row in rows
        ]

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """For what may take longer than any query of the service; it checks no references."""
        async with transaction(self.pool) as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            await tx.execute("SET LOCAL session_replication_role = replica")
            return await tx.fetch(query, *values, timeout=PATIENCE_SECONDS)

    async def drained(self, expected: int) -> int:
        """Wait until so many beats are stored; how many there are, later than that if it must."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while True:
            stored = int((await self.fetch("SELECT count(*) FROM beats"))[0][0])
            if stored >= expected or time.monotonic() > deadline:
                return stored
            await asyncio.sleep(0.2)

    def cpu_seconds(self) -> dict[str, float]:
        return {
            "broker": processes.cpu_seconds(self.broker.pid),
            "database": processes.cpu_seconds(self.database.pid),
        }


@asynccontextmanager
async def opened(**settings: str) -> AsyncIterator[Ground]:
    """`settings`: more variables of the service's environment."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tic-edu-bench-")))
        database, url = await _database(stack, folder)
        broker = await stack.enter_async_context(RabbitServer(folder / "rabbitmq", private=True))
        environment = {
            **os.environ,
            **prepare.keys(folder),
            "DATABASE_URL": url,
            "AMQP_URL": broker.url,
            "DATA_DIR": str(folder),
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        await prepare.migrate_service("progress", url)
        pool = await open_pool(url, name="bench")
        stack.push_async_callback(pool.close)
        yield Ground(folder, environment, database, broker, pool, url, stack)


async def _database(stack: AsyncExitStack, folder: Path) -> tuple[PostgresServer, str]:
    """PostgreSQL that remembers when each transaction was committed, durable as in production."""
    port = free_port()
    async with PostgresServer(folder / "postgres", port, private=True) as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        await connection.execute(f"ALTER SYSTEM SET shared_buffers = '{BUFFERS}'")
        await connection.execute("CREATE DATABASE progress")
        await connection.close()
    server = await stack.enter_async_context(
        PostgresServer(folder / "postgres", port, private=True)
    )
    return server, f"{server.url.rpartition('/')[0]}/progress"


async def _answers(port: int, path: str, anyhow: bool) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}{path}")
    except httpx.HTTPError:
        return False
    return anyhow or answer.status_code == 200
