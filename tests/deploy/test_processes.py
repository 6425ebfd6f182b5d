"""Supervised children: started again when they die, ended when asked, never left behind."""

import signal
import sys
from pathlib import Path

import pytest

from deploy.servers.processes import Child, Command, Family, ServerError
from tests.deploy.waiting import until

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"  # noqa: E501


def python(script: str, lines: list[str] | None = None, *, stop_seconds: float = 5) -> Command:
    said = lines if lines is not None else []
    argv = [sys.executable, "-c", script]
    return Command(name="child", argv=argv, stop_seconds=stop_seconds, say=said.append)


async def test_a_killed_child_is_started_again() -> None:
    child = Child(python(SLEEP))
    await child.start()
    before = child.pid
    child.kill()
    await until(lambda: child.pid not in (None, before))

    assert child.restarts == 1
    await child.stop()
    assert child.pid is None


async def test_a_child_that_keeps_dying_is_tried_more_and_more_seldom() -> None:
    lines: list[str] = []
    child = Child(python("raise SystemExit(3)", lines))
    await child.start()
    await until(lambda: len(lines) >= 3)
    await child.stop()

    assert [line.partition("| ")[2] for line in lines[:3]] == [
        "ended (code 3); again in 0.1 s",
        "ended (code 3); again in 0.2 s",
        "ended (code 3); again in 0.4 s",
    ]


async def test_a_child_that_does_not_listen_is_killed_in_the_end() -> None:
    lines: list[str] = []
    child = Child(python(STUBBORN, lines, stop_seconds=0.2))
    await child.start()
    await until(lambda: any("deaf" in line for line in lines))
    await child.stop()

    assert child.pid is None


async def test_what_a_child_says_carries_its_name() -> None:
    lines: list[str] = []
    child = Child(python("print('hello'); import time; time.sleep(60)", lines))
    await child.start()
    await child.stop()
    again = Child(python("print('hello', flush=True); import time; time.sleep(60)", lines))
    await again.start()
    await until(lambda: any("hello" in line for line in lines))
    await again.stop()

    assert lines == ["child         | hello"]


async def test_a_child_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    argv = [sys.executable, "-c", "raise SystemExit('no room on the disk')"]
    child = Child(Command(name="child", argv=argv, log=tmp_path / "log"), ready=never)

    with pytest.raises(ServerError, match="no room on the disk"):
        await child.start()


async def test_a_family_is_ended_from_the_last_to_the_first(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    print(sys.argv[1], file=open(sys.argv[2], 'a'))\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(sys.argv[2] + sys.argv[1], 'w').close()\n"
        "time.sleep(60)\n"
    )
    family, order = Family(), tmp_path / "order"
    for name in ("first", "second"):
        argv = [sys.executable, "-c", script, name, str(order)]
        await family.start(Child(Command(name=name, argv=argv, stop_signal=signal.SIGTERM)))
    await until(lambda: {f"order{name}" for name in ("first", "second")} <= _names(tmp_path))
    await family.stop()

    assert order.read_text().split() == ["second", "first"]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
