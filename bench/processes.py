"""What processes cost, from /proc: processor time, memory; and on which core they may run."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int | None) -> float:
    """Used so far by a process, its living descendants and its children that have ended."""
    if pid is None:
        return 0.0
    used = {number: sum(map(int, fields[11:15])) for number, fields in _all().items()}
    return sum(used.get(each, 0) for each in family(pid)) / TICKS_PER_SECOND


def memory_mb(pid: int | None) -> float:
    """What a process and its descendants hold in memory, what they share counted each time."""
    if pid is None:
        return 0.0
    pages = sum(int(fields[21]) for each, fields in _all().items() if each in family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def pin(pid: int | None, core: int) -> None:
    """Keep a process and its descendants, also those to come, on one core."""
    for each in family(pid) if pid is not None else ():
        for thread in Path(f"/proc/{each}/task").glob("*"):
            os.sched_setaffinity(int(thread.name), {core})


def busy() -> str:
    """How many processes wanted a core in the last minute: ours and other people's."""
    return f"{os.getloadavg()[0]:.1f} runnable on {os.cpu_count()} cores"


def family(pid: int) -> set[int]:
    """A process and its living descendants."""
    children: dict[int, list[int]] = {}
    for number, fields in _all().items():
        children.setdefault(int(fields[1]), []).append(number)
    found, ahead = set(), [pid]
    while ahead:
        each = ahead.pop()
        found.add(each)
        ahead += children.get(each, ())
    return found


def _all() -> dict[int, list[str]]:
    """The fields of /proc/PID/stat after the name (state, parent, …) of every process."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(folder)):
            found[int(folder.name)] = fields
    return found


def _fields(folder: Path) -> list[str]:
    """Empty when it has just ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
