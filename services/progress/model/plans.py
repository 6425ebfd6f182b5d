"""The plan of an hour account: how much study is left, and the last day to go on in time (P-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from contracts.catalogue import CourseKind

from ..cycles import RequirementPart

HOUR_SECONDS = 45 * 60  # what a courseware asks that is not bought yet (C-5)
USUAL_PACE_SECONDS = 90 * 60  # a day, of somebody who has not studied yet
PACE_DAYS = 14  # the latest days of study tell the pace
SHORTEST_DAY_SECONDS = 60  # who only looked in has not studied that day


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A courseware that is owned and not completed, and what its study time still lacks."""

    course_kind: CourseKind
    seconds: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left of a cycle, at the learner's own pace; `usual`: at an assumed one, for want of
    days to measure. `last_safe_day` is None when the cycle is over."""

    seconds_left: int
    pace_seconds_per_day: int
    usual: bool
    needed_seconds_per_day: int
    last_safe_day: date | None
    in_time: bool


def make_plan(
    parts: Sequence[RequirementPart],
    unfinished: Sequence[Unfinished],
    days: Sequence[tuple[date, int]],
    *,
    today: date,
    ends_on: date,
) -> Plan:
    """`days`: credited seconds of past days, oldest first; today is not over and tells nothing."""
    left = sum(_seconds_of(part, unfinished) for part in parts)
    measured = _pace([seconds for day, seconds in days if day < today])
    pace = measured or USUAL_PACE_SECONDS
    last = ends_on - timedelta(days=max(0, -(-left // pace) - 1))
    days_left = (ends_on - today).days + 1
    return Plan(
        seconds_left=left,
        pace_seconds_per_day=pace,
        usual=measured is None,
        needed_seconds_per_day=-(-left // max(1, days_left)),
        last_safe_day=last if days_left > 0 else None,
        in_time=today <= last,
    )


def _seconds_of(part: RequirementPart, unfinished: Sequence[Unfinished]) -> int:
    """The missing hours of a part: what is bought and nearest to its end first, then new ones."""
    bought = sorted(each.seconds for each in unfinished if each.course_kind in part.kinds)
    started = bought[: part.missing]
    return sum(started) + HOUR_SECONDS * (part.missing - len(started))


def _pace(days: Sequence[int]) -> int | None:
    studied = [seconds for seconds in days if seconds >= SHORTEST_DAY_SECONDS][-PACE_DAYS:]
    return sum(studied) // len(studied) if studied else None
