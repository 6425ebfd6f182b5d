"""A folder with one owner at a time, and an end to what a killed owner left running in it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from pathlib import Path

from deploy.servers.processes import ServerError

STALE_STOP_SECONDS = 15.0
POLL_SECONDS = 0.05


def lock(folder: Path) -> int:
    """Hold the folder for this process: a descriptor to close, which the system also does for us.

    Raises ServerError when another program holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ServerError(
            f"The data in {folder} is in use by another program of ours that is still running. "
            "End that one first, or set DATA_DIR to another folder."
        ) from None
    return descriptor


def write_secret(path: Path, secret: str) -> None:
    """A new file that only its owner may read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")


async def end_stale(note: Path, folder: Path, stop_signal: signal.Signals) -> None:
    """End the server whose number stands in `note`, and forget the note.

    For the holder of the lock: what still runs in `folder` has no supervisor. Process numbers are
    used again, so only a process that stands in this very folder is taken for the server.
    """
    try:
        pid = int(note.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    for number in (stop_signal, signal.SIGKILL):
        if stands_in(pid, folder):
            os.kill(pid, number)
            await _wait_gone(pid, folder)
    note.unlink(missing_ok=True)


def stands_in(pid: int, folder: Path) -> bool:
    """Whether the process lives and has `folder` as its working folder."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False


async def _wait_gone(pid: int, folder: Path) -> None:
    deadline = asyncio.get_running_loop().time() + STALE_STOP_SECONDS
    while stands_in(pid, folder) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL_SECONDS)
