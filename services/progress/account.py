"""A learner's hours against what the cycle requires: read from the store, decided by `cycles`."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool, Tx

from . import cycles
from .cycles import Cycle, Hour, LearnerFacts, RequirementPart, SatisfiedCycle
from .store import enrolments, learners


@dataclass(frozen=True, slots=True)
class Account:
    """The cycle that a learner studies for, and how far it is."""

    facts: LearnerFacts
    cycle: Cycle
    parts: list[RequirementPart]
    hours: list[Hour]
    satisfied: list[SatisfiedCycle]

    @property
    def satisfied_at(self) -> datetime | None:
        """When this cycle was satisfied, once it has been told."""
        return next((s.satisfied_at for s in self.satisfied if s.is_same(self.cycle)), None)

    @property
    def is_done(self) -> bool:
        return cycles.is_satisfied(self.parts)


async def get_account(db: Pool | Tx, learner_id: UUID, today: date) -> Account | None:
    """None while the learner's facts have not arrived."""
    known = await _get_cycle(db, learner_id, today)
    if known is None:
        return None
    facts, cycle, satisfied = known
    all_hours = await enrolments.list_hours(db, learner_id)
    hours = cycles.hours_of(cycle, all_hours, satisfied)
    rule = cycles.rule_for(await learners.list_rules(db, facts.kind), facts.kind, cycle)
    parts = cycles.count(rule, hours) if rule else []
    return Account(facts, cycle, parts, hours, satisfied)


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
