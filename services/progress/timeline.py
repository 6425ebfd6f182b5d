"""The time band of a day: every second that a courseware was open, credited or with its reason.

Pure. What a session accounts for and is not among the uncredited stretches was credited, unless a
restart of the courseware has voided it since (P-5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from .model import UncreditedTime

CREDITED = "credited"
RESTARTED = "restarted"
SHORTEST = timedelta(seconds=1)  # shorter pieces are joined to their neighbours
MAX_PARTS = 120  # of one day's band


class OpenTime(NamedTuple):
    """A page was open and its time is accounted for, from this instant until that."""

    from_at: datetime
    until_at: datetime


class Voided(NamedTuple):
    """What was credited from this instant until that counts no more: a question was missed."""

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
    """The latest parts of a day, earliest first, and how long all of them are; between two pages
    that were open there may be a gap."""

    parts: tuple[Part, ...] = ()
    seconds: int = 0
    credited_seconds: int = 0
    left_out: int = 0  # parts before the earliest that is drawn

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


def band(
    opened: Sequence[OpenTime],
    uncredited: Sequence[UncreditedTime],
    voided: Sequence[Voided] = (),
) -> Band:
    """Draw the day from what was open, what of it was not credited, and what was voided later,
    each earliest first."""
    parts: list[Part] = []
    since = opened[0].from_at if opened else None
    for time in opened:
        since = max(time.from_at, since or time.from_at)  # two pages at once are one time
        for stretch in uncredited:
            from_at = max(stretch.from_at, since)
            until_at = min(stretch.until_at, time.until_at)
            if from_at >= until_at:
                continue
            _add_credited(parts, since, from_at, voided)
            _add(parts, stretch.reason, from_at, until_at)
            since = until_at
        _add_credited(parts, since, time.until_at, voided)
        since = max(since, time.until_at)
    return Band(
        tuple(parts[-MAX_PARTS:]),
        sum(part.seconds for part in parts),
        sum(part.seconds for part in parts if part.reason == CREDITED),
        max(0, len(parts) - MAX_PARTS),
    )


def within(opened: Sequence[OpenTime], since: datetime, until: datetime) -> list[OpenTime]:
    """What of these times lies between two instants."""
    return [
        OpenTime(max(time.from_at, since), min(time.until_at, until))
        for time in opened
        if time.from_at < until and time.until_at > since
    ]


def _add_credited(
    parts: list[Part], since: datetime, until_at: datetime, voided: Sequence[Voided]
) -> None:
    for span in voided:
        from_at, void_until = max(span.from_at, since), min(span.until_at, until_at)
        if from_at < void_until:
            _add(parts, CREDITED, since, from_at)
            _add(parts, RESTARTED, from_at, void_until)
            since = void_until
    _add(parts, CREDITED, since, until_at)


def _add(parts: list[Part], reason: str, from_at: datetime, until_at: datetime) -> None:
    if until_at - from_at < SHORTEST:
        return
    last = parts[-1] if parts else None
    if last and last.reason == reason and from_at - last.until_at < 2 * SHORTEST:
        parts[-1] = Part(reason, last.from_at, until_at)
    else:
        parts.append(Part(reason, from_at, until_at))
