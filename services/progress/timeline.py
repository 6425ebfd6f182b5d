"""The time band of a day: every second that a courseware was open, credited or with its reason.

Pure. What a session accounts for and is not among the uncredited stretches was credited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from .model import UncreditedTime

CREDITED = "credited"
SHORTEST = timedelta(seconds=1)  # shorter pieces are joined to their neighbours
MAX_PARTS = 120  # of one day's band


class OpenTime(NamedTuple):
    """A page was open and its time is accounted for, from this instant until that."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the band; `reason` is `credited` or why it was not."""

    reason: str
    from_at: datetime
    until_at: datetime

    @property
    def seconds(self) -> int:
        return round((self.until_at - self.from_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Band:
    """The parts of a day, earliest first; between two pages that were open there may be a gap."""

    parts: tuple[Part, ...] = ()

    @property
    def seconds(self) -> int:
        return sum(part.seconds for part in self.parts)

    @property
    def credited_seconds(self) -> int:
        return sum(part.seconds for part in self.parts if part.reason == CREDITED)

    @property
    def shares(self) -> list[tuple[str, float]]:
        """(reason, share of the band in 0–1), for the picture."""
        whole = sum((part.until_at - part.from_at).total_seconds() for part in self.parts)
        return [
            (part.reason, (part.until_at - part.from_at).total_seconds() / whole)
            for part in self.parts
        ]

    @property
    def reasons(self) -> list[str]:
        """Each reason once, in the order in which it first appears, for the legend."""
        return list(dict.fromkeys(part.reason for part in self.parts))


def band(opened: Sequence[OpenTime], uncredited: Sequence[UncreditedTime]) -> Band:
    """Draw the day from what was open and what of it was not credited, both earliest first."""
    parts: list[Part] = []
    for time in opened:
        since = time.from_at
        for stretch in uncredited:
            from_at = max(stretch.from_at, since)
            until_at = min(stretch.until_at, time.until_at)
            if from_at >= until_at:
                continue
            _add(parts, CREDITED, since, from_at)
            _add(parts, stretch.reason, from_at, until_at)
            since = until_at
        _add(parts, CREDITED, since, time.until_at)
    return Band(tuple(parts[-MAX_PARTS:]))


def _add(parts: list[Part], reason: str, from_at: datetime, until_at: datetime) -> None:
    if until_at - from_at < SHORTEST:
        return
    last = parts[-1] if parts else None
    if last and last.reason == reason and from_at - last.until_at < 2 * SHORTEST:
        parts[-1] = Part(reason, last.from_at, until_at)
    else:
        parts.append(Part(reason, from_at, until_at))
