"""Child processes that never outlive us: on a leash, restarted when they die, stopped in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_LIMIT_SECONDS = 5.0
STEADY_AFTER_SECONDS = 10.0  # a child that lived so long starts again at the first back-off
LOG_LIMIT_BYTES = 10 * 1024 * 1024
LINE_LIMIT_BYTES = 1024 * 1024

Say = Callable[[str], None]


class ServerError(RuntimeError):
    """A server could not be found or started; the text says what to do about it."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def leash(stop_signal: signal.Signals) -> list[str]:
    """The command prefix with which a child gets `stop_signal` when its parent dies."""
    return ["setpriv", "--pdeathsig", stop_signal.name.removeprefix("SIG"), "--"]


def say_to_terminal(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Command:
    """What to run and how to end it. Output goes to the file `log`, else line by line to `say`."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    log: Path | None = None
    say: Say = say_to_terminal
    leashed: bool = True  # False when `argv` puts itself on the leash


@dataclass
class Child:
    """One supervised process: `start`, then it is kept alive until `stop`.

    `ready` is asked until it says True; when None the child counts as ready at once.
    """

    command: Command
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_seconds: float = 30.0
    restarts: int = 0
    _process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = None
    _reader: asyncio.Task[None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int | None:
        """The process's number while it runs, else None."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def start(self) -> None:
        """Run the command and wait until it is ready. Raises ServerError when it ends first."""
        self._stop.clear()
        await self._spawn()
        try:
            await self.wait_ready()
        except BaseException:
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self._keep_alive(), name=f"keep {self.command.name}")

    async def wait_ready(self) -> None:
        """Return when `ready` says True. Raises ServerError when it never does."""
        if self.ready is None:
            return
        deadline = asyncio.get_running_loop().time() + self.ready_seconds
        while not await self.ready():
            if self.pid is None and self._keeper is None:
                raise ServerError(f"{self.command.name} ended while starting.{self._tail()}")
            if asyncio.get_running_loop().time() > deadline:
                raise ServerError(
                    f"{self.command.name} was not ready in {self.ready_seconds:g} s.{self._tail()}"
                )
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End the process: its signal first, SIGKILL when it takes too long. Harmless twice."""
        self._stop.set()
        await self._end_process()
        if self._keeper is not None:
            await self._keeper
            self._keeper = None
            await self._end_process()  # the keeper may just have started it again

    def kill(self) -> None:
        """Kill -9, as a drill does; the keeper starts it again."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _spawn(self) -> None:
        command = self.command
        argv = [*(leash(command.stop_signal) if command.leashed else ()), *command.argv]
        with _opened(command.log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                env=None if command.env is None else dict(command.env),
                cwd=command.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log if log is not None else asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
                limit=LINE_LIMIT_BYTES,
            )
        if self._process.stdout is not None:
            self._reader = asyncio.create_task(self._read(self._process.stdout))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line beyond the limit: its rest is read as the next one
                continue
            if not line:
                return
            self.command.say(f"{self.command.name:<13} | {line.decode(errors='replace').rstrip()}")

    async def _keep_alive(self) -> None:
        backoff = BACKOFF_FIRST_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            began = loop.time()
            assert self._process is not None
            code = await self._process.wait()
            if self._stop.is_set():
                return
            if loop.time() - began > STEADY_AFTER_SECONDS:
                backoff = BACKOFF_FIRST_SECONDS
            self.command.say(
                f"{self.command.name:<13} | ended ({_meaning(code)}); again in {backoff:g} s"
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), backoff)
                return
            backoff = min(backoff * 2, BACKOFF_LIMIT_SECONDS)
            self.restarts += 1
            with suppress(OSError):
                await self._spawn()

    async def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(self.command.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.command.stop_seconds)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._reader is not None:
            with suppress(TimeoutError):  # a grandchild may hold the pipe open
                await asyncio.wait_for(self._reader, 1)
            self._reader = None

    def _tail(self) -> str:
        if self.command.log is None or not self.command.log.exists():
            return ""
        lines = self.command.log.read_text(errors="replace").splitlines()[-5:]
        return " Its last lines:\n" + "\n".join(lines)


@dataclass
class Family:
    """Children started in the order given and stopped in the opposite one."""

    children: list[Child] = field(default_factory=list)

    async def start(self, child: Child) -> Child:
        self.children.append(child)
        await child.start()
        return child

    async def stop(self) -> None:
        while self.children:
            await self.children.pop().stop()


@asynccontextmanager
async def until_signal() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that everything can be stopped in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    """The log file opened for appending, the old one set aside when it has grown too long."""
    if log is None:
        yield None
        return
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        yield file


def _meaning(code: int) -> str:
    return f"code {code}" if code >= 0 else f"signal {-code}"
