"""Independent counterparts from npm: a strict validator of statements, and a record store."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from deploy.servers import packages
from deploy.servers.processes import Child, Command, Family, ServerError, free_port

HERE = Path(__file__).parent
INSTALL_SECONDS = 100
READY_SECONDS = 60.0


def find_or_install() -> Path:
    """The folder of the installed packages; another lock is another folder. Raises ServerError."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = packages.cache_folder() / "npm" / hashlib.sha256(lock).hexdigest()[:16]
    if not folder.exists():
        _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    """All of it or nothing, also when two do it at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _npm_ci(partial)
        with suppress(OSError):  # another was quicker
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _npm_ci(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ServerError("The tests of xAPI need npm: sudo apt-get install npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(
        [npm, "ci", *options], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if done.returncode:
        raise ServerError(f"npm could not install the peers of xAPI: {done.stderr[-500:]}")


def _environment(modules: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "NODE_PATH": str(modules), **more}


def complaints(modules: Path, statements: Sequence[dict[str, Any]]) -> list[list[str]]:
    """What the validator says of each statement; nothing where it is valid."""
    done = subprocess.run(
        ["node", HERE / "validate.cjs"],
        env=_environment(modules),
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said: list[list[str]] = json.loads(done.stdout)
    return said


class PeerStore:
    """`xapi-statements` with the Redis that it needs; any key and secret are let in."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self._family = Family()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/xAPI"

    async def start(self) -> str:
        """The endpoint, ready for use. Raises ServerError."""
        modules = await asyncio.to_thread(find_or_install)
        redis = await asyncio.to_thread(packages.find_or_install_redis)
        redis_port = free_port()
        try:
            await self._family.start(self._redis(redis, redis_port))
            await self._family.start(self._store(modules, redis_port))
        except BaseException:
            await self.stop()
            raise
        return self.endpoint

    async def stop(self) -> None:
        await self._family.stop()

    def _redis(self, program: Path, port: int) -> Child:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        command = Command(
            name="redis",
            argv=[str(program), *options],
            folder=self.data_dir,
            log=self.data_dir / "redis.log",
        )
        return Child(command, ready=lambda: _listens(port))

    def _store(self, modules: Path, redis_port: int) -> Child:
        command = Command(
            name="xapi-statements",
            argv=[
                *("node", "--require", str(HERE / "loopback.cjs")),
                str(modules / "xapi-statements" / "dist" / "server.js"),
            ],
            env=_environment(
                modules,
                EXPRESS_PORT=str(self.port),
                REDIS_URL=f"redis://127.0.0.1:{redis_port}/0",
                MODELS_REPO="memory",
                STORAGE_REPO="local",
                FS_LOCAL_STORAGE_DIR=str(self.data_dir / "attachments"),
                AUTH_REPO="test",
                EVENTS_REPO="redis",
                SERVICE_AWAIT_UPDATES="true",
            ),
            folder=self.data_dir,
            stop_signal=signal.SIGKILL,  # it keeps everything in memory
            log=self.data_dir / "store.log",
        )
        return Child(command, ready=self._answers, ready_seconds=READY_SECONDS)

    async def _answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.endpoint}/about")).is_success
            except httpx.HTTPError:
                return False


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
