"""Four-year cycles and what they require (P-10, P-11). Pure; dates are business dates in China.

A holder's cycle ends on the certificate's expiry date, anybody else's four years after
registration. Cycles follow each other without a gap. A cycle that was not satisfied in time goes
on: hours finished late still belong to it until it is satisfied. It stays the learner's cycle until
something is bought after that, which then belongs to the next one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from chassis import clock
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

CYCLE_YEARS = 4
SAME_CYCLE = timedelta(days=365 * CYCLE_YEARS // 2)
MAX_CYCLES = 50  # 200 years: a bound, not a rule
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LearnerFacts:
    """What identity told of a learner, as far as the cycle needs it."""

    learner_id: UUID
    kind: LearnerKind
    expires_on: date | None  # of a holder's certificate
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Cycle:
    """Four years; both days belong to it."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class SatisfiedCycle:
    """A cycle that has been satisfied, and told, once and for good."""

    starts_on: date
    ends_on: date
    hours: int
    satisfied_at: datetime

    @property
    def was_late(self) -> bool:
        return clock.date_of(self.satisfied_at) > self.ends_on

    def is_same(self, cycle: Cycle) -> bool:
        """A corrected expiry date moves a cycle; it does not make another one."""
        return abs(self.ends_on - cycle.ends_on) < SAME_CYCLE


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of learner must study in a cycle that ends on `valid_from` or later."""

    kind: LearnerKind
    valid_from: date
    parts: tuple["RulePart", ...]


@dataclass(frozen=True, slots=True)
class RulePart:
    label: str  # a msgid
    kinds: frozenset[CourseKind]
    needed: int  # hours


@dataclass(frozen=True, slots=True)
class RequirementPart:
    """One part of the requirement, and how much of it is done."""

    label: str
    kinds: frozenset[CourseKind]
    needed: int
    done: int

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.done)


@dataclass(frozen=True, slots=True)
class Hour:
    """One completed courseware."""

    courseware_id: UUID
    course_kind: CourseKind
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class HourCorrection:
    """Hours that staff added or took away; they count in the cycle of their instant (P-12)."""

    course_kind: CourseKind
    hours: int  # signed, never 0
    corrected_at: datetime


def years_later(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def cycle_of(
    facts: LearnerFacts,
    satisfied: Sequence[SatisfiedCycle],
    today: date,
    last_bought_at: datetime | None = None,
) -> Cycle:
    """The cycle that a learner studies for today."""
    if facts.kind is LearnerKind.HOLDER and facts.expires_on is not None:
        anchor = facts.expires_on
    else:
        anchor = years_later(clock.date_of(facts.registered_at), CYCLE_YEARS) - ONE_DAY
    turn = 0
    while _cycle(anchor, turn).starts_on > today and turn > -MAX_CYCLES:
        turn -= 1
    while _over(_cycle(anchor, turn), satisfied, today, last_bought_at) and turn < MAX_CYCLES:
        turn += 1
    return _cycle(anchor, turn)


def _cycle(anchor: date, turn: int) -> Cycle:
    ends_on = years_later(anchor, CYCLE_YEARS * turn)
    return Cycle(years_later(ends_on, -CYCLE_YEARS) + ONE_DAY, ends_on)


def _over(
    cycle: Cycle,
    satisfied: Sequence[SatisfiedCycle],
    today: date,
    last_bought_at: datetime | None,
) -> bool:
    done = next((done for done in satisfied if done.is_same(cycle)), None)
    if done is None or cycle.ends_on >= today:
        return False
    bought_since = last_bought_at is not None and last_bought_at > done.satisfied_at
    return not done.was_late or bought_since


def begins_after(cycle: Cycle, satisfied: Sequence[SatisfiedCycle]) -> datetime:
    """What happened after this instant belongs to the cycle: its first midnight, or the instant
    when the cycle before was satisfied late."""
    midnight = datetime.combine(cycle.starts_on, time.min, clock.CHINA)
    late = [
        done.satisfied_at
        for done in satisfied
        if done.was_late and done.ends_on < cycle.ends_on and not done.is_same(cycle)
    ]
    return max([midnight - timedelta(microseconds=1), *late])


def rule_for(rules: Iterable[Rule], kind: LearnerKind, cycle: Cycle) -> Rule | None:
    """The rule in force when the cycle ends; the oldest one for cycles before all rules."""
    own = sorted((rule for rule in rules if rule.kind is kind), key=lambda rule: rule.valid_from)
    in_force = [rule for rule in own if rule.valid_from <= cycle.ends_on]
    return in_force[-1] if in_force else own[0] if own else None


def hours_of(
    cycle: Cycle, hours: Iterable[Hour], satisfied: Sequence[SatisfiedCycle]
) -> list[Hour]:
    """The hours that belong to a cycle, each courseware once, oldest first."""
    counted: dict[UUID, Hour] = {}
    for hour in sorted(hours, key=lambda hour: hour.completed_at):
        if _belongs(hour.completed_at, cycle, satisfied):
            counted.setdefault(hour.courseware_id, hour)
    return list(counted.values())


def corrections_of(
    cycle: Cycle, corrections: Iterable[HourCorrection], satisfied: Sequence[SatisfiedCycle]
) -> list[HourCorrection]:
    """The corrections that belong to a cycle by their time."""
    return [each for each in corrections if _belongs(each.corrected_at, cycle, satisfied)]


def _belongs(instant: datetime, cycle: Cycle, satisfied: Sequence[SatisfiedCycle]) -> bool:
    until = max((s.satisfied_at for s in satisfied if s.is_same(cycle)), default=None)
    on_time = clock.date_of(instant) <= cycle.ends_on
    late = until is None or instant <= until
    return instant > begins_after(cycle, satisfied) and (on_time or late)


def hours_by_kind(
    hours: Iterable[Hour], corrections: Iterable[HourCorrection] = ()
) -> dict[CourseKind, int]:
    """How many hours of each kind there are after corrections, never under 0."""
    found: Counter[CourseKind] = Counter(hour.course_kind for hour in hours)
    for each in corrections:
        found[each.course_kind] += each.hours
    return {kind: max(0, number) for kind, number in found.items()}


def count(
    rule: Rule, hours: Iterable[Hour], corrections: Iterable[HourCorrection] = ()
) -> list[RequirementPart]:
    """How much of each part is done. An hour counts where its kind belongs and nowhere else:
    required hours don't replace the others, nor the other way round."""
    done = hours_by_kind(hours, corrections)
    return [
        RequirementPart(
            part.label, part.kinds, part.needed, sum(done.get(kind, 0) for kind in part.kinds)
        )
        for part in rule.parts
    ]


def is_satisfied(parts: Sequence[RequirementPart]) -> bool:
    return bool(parts) and all(part.done >= part.needed for part in parts)
