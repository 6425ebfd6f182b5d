"""A private RabbitMQ node on 127.0.0.1, beside any other on the machine, with or without root."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from deploy.servers import folders, packages
from deploy.servers.processes import Child, Command, Family, free_port

USER = "app"
NODE = "tic-edu@localhost"  # the data belongs to this name; each node has a name server of its own
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
READY_SECONDS = 60.0

CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_user = {user}
default_pass = {password}
log.console = true
log.console.level = warning
log.file = false
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 200MB
heartbeat = 20
"""


class RabbitServer:
    """`start()` gives the AMQP address, `stop()` leaves nothing running.

    `AMQP_URL`, when set, is used instead and nothing is started, unless `private`. RabbitMQ is
    installed from Debian's package when it is missing. `fast` ends the node without ceremony (0 s
    instead of 6 s): for data that may be thrown away.
    """

    def __init__(
        self, data_dir: Path, port: int | None = None, *, fast: bool = False, private: bool = False
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self._given = None if private else os.environ.get("AMQP_URL")
        self._stop_signal = signal.SIGKILL if fast else signal.SIGTERM
        self._family = Family()
        self._node: Child | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        return self._node.pid if self._node is not None else None

    async def start(self) -> str:
        """amqp://app:…@127.0.0.1:port/, ready for use. Raises ServerError."""
        if self._given:
            return self._given
        self._lock = folders.lock(self.data_dir)
        try:
            server = await asyncio.to_thread(packages.find_or_install_rabbitmq)
            await folders.end_stale(self._pid_file, self.data_dir, signal.SIGTERM)
            await self._run(server)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self) -> None:
        await self._family.stop()
        self._node = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """Kill -9, as a drill does; it is started again at once, on the same port."""
        if self._node is not None:
            self._node.kill()

    async def wait_ready(self) -> None:
        """Return when the node takes connections again. Raises ServerError when it never does."""
        if self._node is not None:
            await self._node.wait_ready()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        if self._given:
            return self._given
        return f"amqp://{USER}:{self._password()}@127.0.0.1:{self.port}/"

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "node.pid"

    async def _run(self, server: packages.Rabbitmq) -> None:
        self.port = self.port or free_port()
        names_port = free_port()
        self._write_configuration()
        names = Command(
            name="epmd",
            argv=[str(server.name_server), "-address", "127.0.0.1", "-port", str(names_port)],
            folder=self.data_dir,
            stop_signal=signal.SIGKILL,  # it keeps nothing; left to itself it would stay behind
            log=self.data_dir / "epmd.log",
        )
        node = Command(
            name="rabbitmq",
            argv=[str(server.script)],
            env=self._environment(server.environment, names_port),
            folder=self.data_dir,
            stop_signal=self._stop_signal,
            stop_seconds=20,
            log=self.data_dir / "rabbitmq.log",
        )
        await self._family.start(Child(names, ready=lambda: _listens(names_port)))
        self._node = Child(node, ready=self._answers, ready_seconds=READY_SECONDS)
        await self._family.start(self._node)

    def _write_configuration(self) -> None:
        for name in ("home", "data", "log", "plugins", "generated"):
            (self.data_dir / name).mkdir(exist_ok=True, mode=0o700)
        cookie = self.data_dir / "home" / ".erlang.cookie"
        if not cookie.exists():
            folders.write_secret(cookie, secrets.token_hex(20))
        text = CONFIGURATION.format(port=self.port, user=USER, password=self._password())
        folders.write_secret(self.data_dir / "rabbitmq.conf", text)
        (self.data_dir / "enabled_plugins").write_text("[].\n")
        (self.data_dir / "rabbitmq-env.conf").write_text("")

    def _password(self) -> str:
        """Chosen at the first start; the node learns it only while its data is empty."""
        path = self.data_dir / "password"
        if not path.exists():
            folders.write_secret(path, secrets.token_hex(24))
        return path.read_text().strip()

    def _environment(self, installed: Mapping[str, str], names_port: int) -> dict[str, str]:
        base = self.data_dir
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(base / "home"),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_CONF_ENV_FILE": str(base / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(base / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(base / "data"),
            "RABBITMQ_LOG_BASE": str(base / "log"),
            "RABBITMQ_SCHEMA_DIR": str(base / "generated" / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(base / "generated"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(base / "plugins"),
            "RABBITMQ_PID_FILE": str(self._pid_file),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "1",  # makes the script become the node: one process number
            **installed,
        }

    async def _answers(self) -> bool:
        """Whether the node greets an AMQP client: it listens only when it is whole."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(PROTOCOL_HEADER)
            async with asyncio.timeout(2):
                await reader.readexactly(8)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return False
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return True


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
