"""Processor time of processes and all their children, from /proc: what a measurement cost."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def seconds(pid: int | None) -> float:
    """Used so far by a process, its living descendants and its children that have ended."""
    if pid is None:
        return 0.0
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(folder)):
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
            used[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS_PER_SECOND
    return _sum(pid, parents, used)


def _sum(pid: int, parents: dict[int, list[int]], used: dict[int, float]) -> float:
    return used.get(pid, 0.0) + sum(_sum(child, parents, used) for child in parents.get(pid, ()))


def _fields(folder: Path) -> list[str]:
    """Those of /proc/PID/stat after the name: state, parent, …; empty when it has just ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
