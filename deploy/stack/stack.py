"""The whole platform as processes of this machine: PostgreSQL, RabbitMQ, and the Procfile's."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx

from deploy import prepare
from deploy.servers.postgres import PostgresServer
from deploy.servers.processes import Child, Command, Say, ServerError, say_to_terminal
from deploy.servers.rabbitmq import RabbitServer
from deploy.stack.environment import Plan

PROCFILE = Path(__file__).with_name("Procfile")
READY_SECONDS = 120.0


def processes() -> dict[str, list[str]]:
    """name → command, in the order of the Procfile."""
    found = {}
    for line in PROCFILE.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, command = line.split(":", 1)
            words = shlex.split(command)
            found[name] = [sys.executable if word == "python" else word for word in words]
    return found


class Stack:
    """`start()` returns when every service is ready; `stop()` leaves nothing running.

    `environment` goes before what the stack would tell its processes; `fast`: throw-away data.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        environment: Mapping[str, str] | None = None,
        private: bool = False,
        fast: bool = False,
        say: Say = say_to_terminal,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.postgres = PostgresServer(self.data_dir / "postgres", private=private, fast=fast)
        self.rabbitmq = RabbitServer(self.data_dir / "rabbitmq", private=private, fast=fast)
        self.children: dict[str, Child] = {}
        self.databases: Mapping[str, str] = {}
        self._extra = environment or {}
        self._say = say

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Raises ServerError when a server is missing or the services never become ready."""
        try:
            admin_url, amqp_url = await self._start_servers()
            keys = prepare.keys(self.data_dir)
            self.databases = await prepare.databases(admin_url, self.data_dir)
            plan = Plan(
                data_dir=self.data_dir,
                gateway_port=self.port,
                amqp_url=amqp_url,
                databases=self.databases,
                keys=keys,
                extra=self._extra,
            )
            for name, argv in processes().items():
                self.children[name] = self._child(plan, name, argv)
                await self.children[name].start()
            await self.wait_ready()
        except BaseException:
            await self.stop()
            raise

    async def _start_servers(self) -> tuple[str, str]:
        """Both at once: RabbitMQ takes five seconds."""
        started = await asyncio.gather(
            self.postgres.start(), self.rabbitmq.start(), return_exceptions=True
        )
        for outcome in started:
            if isinstance(outcome, BaseException):
                raise outcome
        return self.postgres.url, self.rabbitmq.url

    def _child(self, plan: Plan, name: str, argv: list[str]) -> Child:
        return Child(
            Command(
                name=name,
                argv=argv,
                env=plan.environment(name),
                folder=prepare.ROOT,
                stop_seconds=15,
                say=self._say,
            )
        )

    async def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when the gateway says that all is ready. Raises ServerError naming what is not."""
        deadline = asyncio.get_running_loop().time() + seconds
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                missing = await self._not_ready(client)
                if not missing:
                    return
                if asyncio.get_running_loop().time() > deadline:
                    raise ServerError(f"Not ready after {seconds:g} s: {', '.join(missing)}.")
                await asyncio.sleep(0.1)

    async def _not_ready(self, client: httpx.AsyncClient) -> list[str]:
        try:
            answer = await client.get(f"{self.url}/readyz")
            if answer.status_code == 200:
                return []
            return [name for name, ready in answer.json().items() if ready is not True]
        except (httpx.HTTPError, ValueError):
            return ["gateway"]

    def kill(self, name: str) -> None:
        """Kill -9 a process, `postgresql` or `rabbitmq`; it is started again."""
        self._named(name).kill()

    def pid(self, name: str) -> int | None:
        """The number of a process, `postgresql` or `rabbitmq`; None while it is not running."""
        return self._named(name).pid

    def _named(self, name: str) -> Child | PostgresServer | RabbitServer:
        servers: dict[str, PostgresServer | RabbitServer] = {
            "postgresql": self.postgres,
            "rabbitmq": self.rabbitmq,
        }
        return servers.get(name) or self.children[name]

    async def stop(self) -> None:
        """Gateway, services, servers: what services hold in hand still reaches the broker."""
        if "gateway" in self.children:
            await self.children.pop("gateway").stop()
        await asyncio.gather(*(child.stop() for child in self.children.values()))
        self.children.clear()
        await self.rabbitmq.stop()
        await self.postgres.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
