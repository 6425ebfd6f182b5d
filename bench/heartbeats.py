"""How many heartbeats a second, from HTTP through RabbitMQ to the commit in PostgreSQL.

In one run on this machine, in turn, several rounds: an empty FastAPI route (what HTTP costs), one
row upsert per request without a broker (the obvious way), and the whole path with every rule on.
Load generator, service, broker and database share the machine's cores.
"""

import asyncio
import base64
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from bench import cpu, load
from chassis import ids
from chassis.db import Pool, open_pool
from deploy import prepare
from deploy.servers.postgres import PostgresServer
from deploy.servers.processes import Child, Command, free_port
from deploy.servers.rabbitmq import RabbitServer
from services.progress import tokens

ROUNDS = 3
SECONDS = 8.0
WARM_SECONDS = 2.0
LEARNERS = 2_000
DRAIN_SECONDS = 30.0
GOAL = 0.4  # of the empty route

Rates = dict[str, list[float]]
Parts = dict[str, Callable[[], int | None]]  # name → its process, as it is at the moment


async def run(*, rounds: int = ROUNDS, seconds: float = SECONDS) -> bool:
    """Print the measurements; True when the goal is reached."""
    rates: Rates = {"empty": [], "upsert": [], "path": []}
    async with AsyncExitStack() as stack:
        bench = await stack.enter_async_context(_prepared(stack))
        for number in range(1, rounds + 1):
            for name in rates:
                rates[name].append(await bench.measure(name, seconds, number))
    return _summarize(rates)


class Bench:
    """The three contestants, running."""

    def __init__(
        self,
        ports: Mapping[str, int],
        parts: Parts,
        pool: Pool,
        learners: list[load.Learner],
    ) -> None:
        self._ports = ports
        self._parts = parts
        self._pool = pool
        self._learners = learners
        self._seq = 0

    async def measure(self, name: str, seconds: float, number: int) -> float:
        """Requests a second, answered (and for the path: committed) without exception."""
        learners = self._learners
        if name == "upsert":
            learners = [load.Learner(str(ids.new_id()), learner.started) for learner in learners]
        since = await self._pool.fetchval("SELECT now()")
        before = self._used()
        result = await self._load(name, learners, seconds)
        line = (
            f"round {number}  {name:<7}{result.per_second:7.0f} beats/s   "
            f"answer p50 {result.latency_ms(0.5):5.1f} ms  p99 {result.latency_ms(0.99):6.1f} ms"
        )
        if name == "path":
            line += await self._committed(since, result.answered)
        line += self._cost(name, before, result)
        if result.refused:
            line += f"   {result.refused} REFUSED"
        print(line, flush=True)
        return result.per_second

    def _used(self) -> dict[str, float]:
        return {part: cpu.seconds(pid()) for part, pid in self._parts.items()}

    def _cost(self, name: str, before: dict[str, float], result: load.Result) -> str:
        """Processor time of each part per beat: it says what limits, also on a busy machine."""
        after = self._used()
        spent = {part: after[part] - before[part] for part in (name, "broker", "database")}
        spent["load"] = result.cpu_seconds
        beats = max(result.answered, 1)
        told = "  ".join(
            f"{'service' if part == name else part} {1e6 * used / beats:.0f}"
            for part, used in spent.items()
            if used / beats > 2e-6
        )
        return f"\n{'':9}processor µs per beat: {told}"

    async def warm(self) -> None:
        for name in self._ports:
            learners = self._learners
            if name == "upsert":
                learners = [load.Learner(str(ids.new_id()), 0) for _ in learners]
            await self._load(name, learners, WARM_SECONDS)
        await self._drained(self._seq)

    async def _load(self, name: str, learners: list[load.Learner], seconds: float) -> load.Result:
        first_seq, self._seq = self._seq, self._seq + 100_000
        return await asyncio.to_thread(
            load.run, self._ports[name], learners, seconds, first_seq=first_seq
        )

    async def _committed(self, since: object, answered: int) -> str:
        """Wait until everything that was answered is stored; how long each beat took."""
        await self._drained(self._seq)
        row = await self._pool.fetchrow(
            """
            SELECT count(*) AS stored,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
                   percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
              FROM (SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at)
                           AS ms
                      FROM beats
                     WHERE received_at >= $1) AS each
            """,
            since,
        )
        assert row is not None
        lost = "" if row["stored"] >= answered else f"   {answered - row['stored']} LOST"
        return f"   commit p50 {row['p50']:5.1f} ms  p99 {row['p99']:6.1f} ms{lost}"

    async def _drained(self, _until: int) -> None:
        """Until no new beat has been stored for a while."""
        before, deadline = -1, time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            stored = await self._pool.fetchval("SELECT count(*) FROM beats")
            if stored == before:
                return
            before = stored
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _prepared(stack: AsyncExitStack) -> AsyncIterator[Bench]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tic-edu-bench-")))
    database, url = await _database(stack, folder)
    broker = await stack.enter_async_context(RabbitServer(folder / "rabbitmq", private=True))
    keys = prepare.keys(folder)
    environment = {
        **os.environ,
        **keys,
        "DATABASE_URL": url,
        "AMQP_URL": broker.url,
        "DATA_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
    }
    await prepare.migrate_service("progress", url)
    parts: Parts = {"broker": lambda: broker.pid, "database": lambda: database.pid}
    ports = {name: free_port() for name in ("empty", "upsert", "path")}
    for name, port in ports.items():
        module = (
            ["deploy.serve", "progress"] if name == "path" else ["bench.peers", name, str(port)]
        )
        child = await _start(stack, name, module, {**environment, "PORT": str(port)}, port, folder)
        parts[name] = partial(_pid, child)
    pool = await open_pool(url, name="bench")
    stack.push_async_callback(pool.close)
    learners = await _learners(pool, base64.b64decode(keys["BEAT_TOKEN_KEY"]))
    bench = Bench(ports, parts, pool, learners)
    await bench.warm()
    yield bench


def _pid(child: Child) -> int | None:
    return child.pid


async def _database(stack: AsyncExitStack, folder: Path) -> tuple[PostgresServer, str]:
    """PostgreSQL that remembers when each transaction was committed, durable as in production."""
    async with PostgresServer(folder / "postgres", private=True) as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        await connection.execute("CREATE DATABASE progress")
        await connection.close()
    server = await stack.enter_async_context(PostgresServer(folder / "postgres", private=True))
    return server, f"{server.url.rpartition('/')[0]}/progress"


async def _start(
    stack: AsyncExitStack,
    name: str,
    module: list[str],
    environment: Mapping[str, str],
    port: int,
    folder: Path,
) -> Child:
    async def ready() -> bool:
        try:
            async with httpx.AsyncClient() as client:
                path = "/readyz" if name == "path" else "/"
                answer = await client.get(f"http://127.0.0.1:{port}{path}")
        except httpx.HTTPError:
            return False
        return name != "path" or answer.status_code == 200

    command = Command(
        name, [sys.executable, "-m", *module], env=environment, log=folder / f"{name}.log"
    )
    child = Child(command, ready=ready)
    stack.push_async_callback(child.stop)
    await child.start()
    return child


async def _learners(pool: Pool, key: bytes) -> list[load.Learner]:
    """Learners in the middle of a courseware, and the tokens of their pages."""
    course_id, courseware_id = ids.new_id(), ids.new_id()
    await pool.execute(
        "INSERT INTO courses (course_id, version, title, kind, hours)"
        " VALUES ($1, 1, 'bench', 'required', 1)",
        course_id,
    )
    await pool.execute(
        "INSERT INTO coursewares (courseware_id, course_id, position, title, kind,"
        " required_seconds, media_path, popup_questions, exercise)"
        " VALUES ($1, $2, 0, 'bench', 'video', 2700, '', '[]', '[]')",
        courseware_id,
        course_id,
    )
    people = [(ids.new_id(), ids.new_id(), ids.new_id()) for _ in range(LEARNERS)]
    columns: list[list[UUID]] = [list(column) for column in zip(*people, strict=True)]
    await pool.execute(
        """
        WITH people AS (
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])
                          AS p (learner_id, enrolment_id, session_id)
        ), learning AS (
            INSERT INTO learners (learner_id) SELECT learner_id FROM people
        ), enrolled AS (
            INSERT INTO enrolments (enrolment_id, learner_id, course_id, order_id, enrolled_at)
                 SELECT enrolment_id, learner_id, $4, gen_random_uuid(), now() FROM people
        ), begun AS (
            INSERT INTO courseware_progress (enrolment_id, courseware_id, learner_id)
                 SELECT enrolment_id, $5, learner_id FROM people
        )
        INSERT INTO sessions (session_id, learner_id, enrolment_id, courseware_id, document,
                              started_at, start_ms, heard_at, accounted_at, position_ms)
             SELECT session_id, learner_id, enrolment_id, $5, false, now(), 0, now(), now(), 0
               FROM people
        """,
        *columns,
        course_id,
        courseware_id,
    )
    now = time.time()
    return [
        load.Learner(
            tokens.sign(
                key,
                learner_id=learner_id,
                session_id=session_id,
                expires_at_seconds=int(now) + 36_000,
            ),
            now,
        )
        for learner_id, _, session_id in people
    ]


def _summarize(rates: Rates) -> bool:
    middle = {name: statistics.median(found) for name, found in rates.items()}
    ratios = [path / empty for path, empty in zip(rates["path"], rates["empty"], strict=True)]
    print(
        f"median   empty {middle['empty']:.0f}   upsert {middle['upsert']:.0f}   "
        f"path {middle['path']:.0f} beats/s"
    )
    print(
        f"path/empty {'  '.join(f'{ratio:.2f}' for ratio in ratios)}   "
        f"path/upsert {middle['path'] / middle['upsert']:.2f}   goal {GOAL}"
    )
    return statistics.median(ratios) >= GOAL
