"""A learner's hours against what the cycle requires: read from the store, decided by `cycles`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis import clock
from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind

from . import cycles
from .cycles import (
    Cycle,
    Hour,
    HourCorrection,
    LearnerFacts,
    RequirementPart,
    Rule,
    SatisfiedCycle,
)
from .store import corrections, enrolments, learners


@dataclass(frozen=True, slots=True)
class Account:
    """The cycle that a learner studies for, and how far it is."""

    facts: LearnerFacts
    cycle: Cycle
    parts: list[RequirementPart]
    hours: list[Hour]
    corrections: list[HourCorrection]
    satisfied: list[SatisfiedCycle]

    @property
    def satisfied_at(self) -> datetime | None:
        """When this cycle was satisfied, once it has been told."""
        return next((s.satisfied_at for s in self.satisfied if s.is_same(self.cycle)), None)

    @property
    def is_done(self) -> bool:
        return cycles.is_satisfied(self.parts)

    @property
    def by_kind(self) -> dict[CourseKind, int]:
        """The hours of each kind, after corrections."""
        return cycles.hours_by_kind(self.hours, self.corrections)

    @property
    def hours_done(self) -> int:
        return sum(self.by_kind.values())

    @property
    def first_day(self) -> date:
        """Of the first hour of this cycle; there must be one, studied or added."""
        instants = [hour.completed_at for hour in self.hours]
        instants += [each.corrected_at for each in self.corrections]
        return clock.date_of(min(instants))


def assemble(
    facts: LearnerFacts,
    cycle: Cycle,
    satisfied: list[SatisfiedCycle],
    *,
    hours: Sequence[Hour],
    corrected: Sequence[HourCorrection],
    rules: Sequence[Rule],
) -> Account:
    """Everything a learner has, counted for one cycle. Pure."""
    own = cycles.hours_of(cycle, hours, satisfied)
    changed = cycles.corrections_of(cycle, corrected, satisfied)
    rule = cycles.rule_for(rules, facts.kind, cycle)
    parts = cycles.count(rule, own, changed) if rule else []
    return Account(facts, cycle, parts, own, changed, satisfied)


async def get_account(db: Pool | Tx, learner_id: UUID, today: date) -> Account | None:
    """None while the learner's facts have not arrived."""
    known = await _get_cycle(db, learner_id, today)
    if known is None:
        return None
    facts, cycle, satisfied = known
    return assemble(
        facts,
        cycle,
        satisfied,
        hours=await enrolments.list_hours(db, learner_id),
        corrected=await corrections.list_counted(db, learner_id),
        rules=await learners.list_rules(db, facts.kind),
    )


async def cycle_begins_after(db: Pool | Tx, learner_id: UUID, today: date) -> datetime | None:
    """What is bought after this instant is for the learner's cycle; None while that is unknown."""
    known = await _get_cycle(db, learner_id, today)
    return cycles.begins_after(known[1], known[2]) if known else None


async def _get_cycle(
    db: Pool | Tx, learner_id: UUID, today: date
) -> tuple[LearnerFacts, Cycle, list[SatisfiedCycle]] | None:
    facts = await learners.get_facts(db, learner_id)
    if facts is None:
        return None
    satisfied = await learners.list_satisfied(db, learner_id)
    bought_at = await enrolments.last_enrolled_at(db, learner_id) if satisfied else None
    return facts, cycles.cycle_of(facts, satisfied, today, bought_at), satisfied
