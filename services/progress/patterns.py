"""Patterns that look unlike a person who studies (P-12). Pure; each says its figures.

None of them proves anything: a classroom shares an address, a quiet page on a quiet network beats
evenly. So a finding is for a person to look at, and nothing follows from it by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, pstdev
from uuid import UUID

from chassis import clock

from .model.desk import Finding

EVEN_BEATS = 40  # in a row
EVEN_DEVIATION_US = 20_000  # of the times between them; a person's browser and network vary more
WINDOW = EVEN_BEATS - 1  # that many distances lie between 40 beats
FAST_ANSWERS = 3  # in a day
FAST_ANSWER = timedelta(seconds=2)  # a question of two lines can't be read in that
LONG_DAY_MS = 16 * 3_600_000
SHARED_BY = 5  # learners who opened a courseware from one address in a day
MICROSECOND = timedelta(microseconds=1)
NAMED_MAX = 50  # learners written into the evidence


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the newest beats of a session arrived, in order; a gap ends a run."""

    session_id: UUID
    learner_id: UUID
    runs: tuple[tuple[datetime, ...], ...]


@dataclass(frozen=True, slots=True)
class FastAnswers:
    learner_id: UUID
    day: date
    answers: int
    fastest_ms: int


@dataclass(frozen=True, slots=True)
class LongDay:
    learner_id: UUID
    day: date
    credited_ms: int


@dataclass(frozen=True, slots=True)
class SharedAddress:
    address: str
    day: date
    learner_ids: tuple[UUID, ...]


def even_beats(sessions: Iterable[Arrivals]) -> list[Finding]:
    """At least 40 beats in a row whose distances vary by less than 20 ms."""
    findings = []
    for session in sessions:
        longest = max((_even_stretch(run) for run in session.runs), key=len, default=())
        if len(longest) >= EVEN_BEATS:
            findings.append(_even_finding(session, longest))
    return findings


def _even_stretch(run: Sequence[datetime]) -> Sequence[datetime]:
    """The longest part of the run of which every 40 beats are even; else nothing."""
    distances = _distances_us(run)
    best: Sequence[datetime] = ()
    first = total = squares = 0
    for place, distance in enumerate(distances):
        total, squares = total + distance, squares + distance**2
        start = place + 1 - WINDOW
        if start > 0:
            gone = distances[start - 1]
            total, squares = total - gone, squares - gone**2
        if start < 0:
            continue
        if WINDOW * squares - total**2 >= (WINDOW * EVEN_DEVIATION_US) ** 2:
            first = start + 1
        elif place + 2 - first > len(best):
            best = run[first : place + 2]
    return best


def _distances_us(run: Sequence[datetime]) -> list[int]:
    return [(later - earlier) // MICROSECOND for earlier, later in pairwise(run)]


def _even_finding(session: Arrivals, run: Sequence[datetime]) -> Finding:
    distances = _distances_us(run)
    return Finding(
        pattern="even_beats",
        learner_id=session.learner_id,
        day=clock.date_of(run[-1]),
        strength=len(run),
        evidence={
            "beats": len(run),
            "deviation_ms": round(pstdev(distances) / 1000, 1),
            "interval_ms": round(fmean(distances) / 1000),
            "from": run[0].isoformat(),
            "until": run[-1].isoformat(),
            "session_id": str(session.session_id),
        },
    )


def fast_answers(days: Iterable[FastAnswers]) -> list[Finding]:
    """At least three pop-up questions answered within two seconds of being asked."""
    return [
        Finding(
            pattern="fast_answers",
            learner_id=each.learner_id,
            day=each.day,
            strength=each.answers,
            evidence={"answers": each.answers, "fastest_ms": each.fastest_ms},
        )
        for each in days
        if each.answers >= FAST_ANSWERS
    ]


def long_days(days: Iterable[LongDay]) -> list[Finding]:
    """More than 16 credited hours within one day in China."""
    return [
        Finding(
            pattern="long_day",
            learner_id=each.learner_id,
            day=each.day,
            strength=each.credited_ms // 60_000,
            evidence={"credited_minutes": each.credited_ms // 60_000},
        )
        for each in days
        if each.credited_ms > LONG_DAY_MS
    ]


def shared_addresses(addresses: Iterable[SharedAddress]) -> list[Finding]:
    """At least five learners on one address within a day: one finding for each of them."""
    return [
        Finding(
            pattern="shared_address",
            learner_id=learner_id,
            day=each.day,
            strength=len(each.learner_ids),
            evidence={
                "address": each.address,
                "learners": len(each.learner_ids),
                "learner_ids": [str(one) for one in each.learner_ids[:NAMED_MAX]],
            },
        )
        for each in addresses
        if len(each.learner_ids) >= SHARED_BY
        for learner_id in each.learner_ids
    ]
