"""Real servers for all tests, and builders that hide what a claim is not about."""

import asyncio
import json
import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis import beats, ids, logs
from chassis.db import Pool, open_pool
from chassis.files import Files
from chassis.inprocess import InProcessBus
from chassis.permissions import Permission
from chassis.service import Kit, Service
from chassis.sessions import ALGORITHM, AUDIENCE, ISSUER, SessionKeys
from contracts.envelope import Message, pack
from contracts.event import Event
from deploy import prepare
from deploy.servers.postgres import PostgresServer
from deploy.servers.rabbitmq import RabbitServer

T = TypeVar("T")
ORIGIN = "http://127.0.0.1:8000"
IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 3 * 2**30


class ServerLoop:
    """An event loop in a thread of its own, for servers that outlive a test's loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=100)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        self.loop.close()


@pytest.fixture(scope="session")
def server_loop() -> Iterator[ServerLoop]:
    loop = ServerLoop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def postgres_url(
    server_loop: ServerLoop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The administrator's URL of a private, throw-away PostgreSQL: in memory where there is room,
    because every test copies a database."""
    roomy = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(dir=IN_MEMORY)) if roomy else tmp_path_factory.mktemp("postgres")
    server = PostgresServer(folder, fast=True)
    yield server_loop.run(server.start())
    server_loop.run(server.stop())
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def amqp_url(server_loop: ServerLoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private RabbitMQ node, or the one that AMQP_URL names."""
    server = RabbitServer(tmp_path_factory.mktemp("rabbitmq"))
    yield server_loop.run(server.start())
    server_loop.run(server.stop())


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The services' keys, as environment variables."""
    return prepare.keys(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """service → a migrated database that new ones are copied from."""
    return {}


MakeDatabase = Callable[[str], Awaitable[str]]


@pytest.fixture
async def make_database(
    postgres_url: str, templates: dict[str, str]
) -> AsyncIterator[MakeDatabase]:
    """`await make_database("payments")` → the URL of a fresh, migrated database."""
    made: list[str] = []

    async def make(service: str) -> str:
        if service not in templates:
            template = f"template_{service}_{secrets.token_hex(3)}"
            await _admin(postgres_url, f"CREATE DATABASE {template}")
            await prepare.migrate_service(service, _url(postgres_url, template))
            templates[service] = template
        name = f"{service}_{secrets.token_hex(4)}"
        copied = f"TEMPLATE {templates[service]} STRATEGY file_copy"  # without fsync the fastest
        await _admin(postgres_url, f"CREATE DATABASE {name} {copied}")
        made.append(name)
        return _url(postgres_url, name)

    yield make
    for name in made:
        await _admin(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _admin(postgres_url: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _url(postgres_url: str, database: str) -> str:
    return f"{postgres_url.rpartition('/')[0]}/{database}"


@dataclass(frozen=True)
class Running:
    """One service on a fresh database, reached through its HTTP door."""

    service: Service
    kit: Kit
    client: httpx.AsyncClient

    @property
    def pool(self) -> Pool:
        return self.kit.pool

    async def deliver(self, event: Event) -> bool:
        """Let the service hear an event. False when it had heard it before."""
        return await self.service.consumer.handle(self.pool, pack(event))

    async def told(self) -> list[Message]:
        """The events in the outbox, oldest first."""
        rows = await self.pool.fetch("SELECT * FROM outbox ORDER BY position")
        return [
            Message(str(row["event_id"]), row["name"], row["body"], row["headers"]) for row in rows
        ]

    async def told_names(self) -> list[str]:
        return [message.name for message in await self.told()]


MakeService = Callable[..., Awaitable[Running]]


@pytest.fixture
async def service(
    make_database: MakeDatabase, keys: dict[str, str], tmp_path: Path
) -> AsyncIterator[MakeService]:
    """`await service("payments", wechat_api_base_url=…)`: settings may be given by keyword."""
    async with AsyncExitStack() as stack:

        async def run(name: str, **settings: Any) -> Running:
            url = await make_database(name)
            given = {key.lower(): value for key, value in keys.items()}
            chosen = prepare.settings_for(
                name, **{**given, "database_url": url, "data_dir": tmp_path, **settings}
            )
            pool = await open_pool(url, name=name, max_size=10)
            stack.push_async_callback(pool.close)
            files = Files.open("", tmp_path / "files" / name)
            bus = InProcessBus()
            kit = Kit(name, chosen, pool, bus, files, SessionKeys(chosen.jwks_file))
            wired: Service = prepare.module(name, "app").create(chosen, kit)
            await stack.enter_async_context(wired.lifespan())
            if wired.beats is not None:
                await bus.subscribe_shards(beats.receiver(pool, wired.beats))
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(wired.app, raise_app_exceptions=False),
                    base_url=ORIGIN,
                )
            )
            return Running(wired, kit, client)

        yield run


@pytest.fixture(scope="session")
def sign(keys: dict[str, str]) -> Callable[..., str]:
    """`sign(**claims)` → an access token as identity makes them."""
    key = OKPKey.import_key(json.loads(Path(keys["SESSION_KEY_FILE"]).read_text()))

    def sign(**claims: Any) -> str:
        now = int(time.time())
        standing = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "test"}
        return jwt.encode(
            {"alg": ALGORITHM, "kid": key.kid}, {**standing, **claims}, key, algorithms=[ALGORITHM]
        )

    return sign


@pytest.fixture(scope="session")
def learner_token(sign: Callable[..., str]) -> Callable[..., str]:
    """`learner_token(learner_id, name="钟检", learner_kind="holder")` → an access token."""

    def token(
        learner_id: UUID | None = None, *, name: str = "钟检", learner_kind: str = "holder"
    ) -> str:
        subject = str(learner_id or ids.new_id())
        return sign(sub=subject, kind="learner", name=name, learner_kind=learner_kind)

    return token


@pytest.fixture(scope="session")
def staff_token(sign: Callable[..., str]) -> Callable[..., str]:
    """`staff_token(Permission.X, …)` → an access token of staff with these rights."""

    def token(*permissions: Permission, staff_id: UUID | None = None) -> str:
        subject = str(staff_id or ids.new_id())
        return sign(sub=subject, kind="staff", name="李文", permissions=list(permissions))

    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


LOG_FILE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """All that the run logs, at DEBUG, goes through the product's renderer into one file."""
    folder = Path(tempfile.mkdtemp(prefix="tic-edu-test-logs-"))
    config.stash[LOG_FILE] = folder / "run.log"
    logs.configure("DEBUG", config.stash[LOG_FILE].open("w", encoding="utf-8"))
    for browser in ("httpx", "httpcore"):  # the tests' own, not the product's
        logging.getLogger(browser).setLevel(logging.WARNING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the whole run comes last."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[LOG_FILE].parent, ignore_errors=True)


@pytest.fixture
def log_file(request: pytest.FixtureRequest) -> Path:
    """What has been logged in this run so far."""
    return request.config.stash[LOG_FILE]
