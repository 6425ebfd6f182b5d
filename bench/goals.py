"""What was measured beside what was wanted."""

from dataclasses import dataclass, field

from bench import processes


@dataclass
class Goals:
    """The lines of the summary; `reached` when every goal was."""

    lines: list[str] = field(default_factory=list)
    missed: int = 0

    @property
    def reached(self) -> bool:
        return self.missed == 0

    def at_least(self, what: str, measured: float, goal: float, unit: str = "") -> None:
        self._add(what, measured, f"≥ {_number(goal)}", unit, measured >= goal)

    def at_most(self, what: str, measured: float, goal: float, unit: str = "") -> None:
        self._add(what, measured, f"≤ {_number(goal)}", unit, measured <= goal)

    def told(self, what: str, measured: float, unit: str = "") -> None:
        """A figure without a goal: a yardstick."""
        self._say(f"{what:<58}{_number(measured):>9} {unit}")

    def _add(self, what: str, measured: float, goal: str, unit: str, reached: bool) -> None:
        self.missed += not reached
        word = "reached" if reached else "MISSED"
        self._say(f"{what:<58}{_number(measured):>9} {unit:<8} goal {goal:<10} {word}")

    def _say(self, line: str) -> None:
        self.lines.append(line)
        print(f"{line}   ({processes.busy()})", flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
