"""Starting the platform as a process of its own, and looking for what it leaves behind."""

import asyncio
import os
import signal
import sys
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.journeys import worked_example
from tests.journeys.person import CAPTCHA_ANSWER
from tests.leaks import leaks_in

READY_SECONDS = 90


def environment(data_dir: Path, port: int) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "AMQP_URL"},
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "CAPTCHA_ANSWER": CAPTCHA_ANSWER,
        "DEMO_REQUIRED_SECONDS": str(worked_example.SECONDS_PER_COURSEWARE),
        "BEAT_INTERVAL_SECONDS": "1",
        "LOG_LEVEL": "INFO",
    }


async def launch(module: str, data_dir: Path, port: int) -> asyncio.subprocess.Process:
    """`python -m module`; what it says goes to a file, see `leaks_of`."""
    with _log(data_dir).open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            env=environment(data_dir, port),
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )


async def audit(data_dir: Path, port: int) -> str:
    """What `make audit` says of this folder's platform, whether it runs or not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.audit",
        env=environment(data_dir, port),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode()


def leaks_of(data_dir: Path) -> list[str]:
    """What the processes of this folder should not have logged; they must have logged something."""
    text = _log(data_dir).read_text(encoding="utf-8")
    assert '"request"' in text
    return leaks_in(text)


def _log(data_dir: Path) -> Path:
    return data_dir / "process.log"


@asynccontextmanager
async def standalone(data_dir: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, ready; ended by Ctrl-C's signal if it still runs."""
    process = await launch("deploy.standalone", data_dir, port)
    try:
        await ready(port, process)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 30)


async def ready(port: int, process: asyncio.subprocess.Process) -> None:
    """Until everything is ready. Raises AssertionError when the process ends instead."""
    answering = asyncio.create_task(answers_ready(port))
    ending = asyncio.create_task(process.wait())
    await asyncio.wait([answering, ending], timeout=READY_SECONDS, return_when=FIRST_COMPLETED)
    ending.cancel()
    answering.cancel()
    assert answering.done(), f"not ready; the process ended with {process.returncode}"


async def answers_ready(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def processes_below(data_dir: Path) -> list[str]:
    """Command lines of whatever runs with this folder in its arguments or environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line, told = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
        except OSError:
            continue
        if str(data_dir).encode() in line + told:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found
