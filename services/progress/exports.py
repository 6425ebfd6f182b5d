"""The tables that staff take away: hour accounts, study days, corrections (P-11, P-12)."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from typing import Any, Literal

from chassis import clock
from chassis.db import Pool
from chassis.sheets import Row
from chassis.web.i18n import N_
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from . import account, cycles
from .cycles import Rule
from .model.desk import LearnerRecord
from .store import exports as store
from .store import learners

Table = Literal["accounts", "days", "corrections"]
Say = Callable[[str], str]

HEADS: Mapping[Table, tuple[str, ...]] = {
    "accounts": (
        N_("Real name"),
        N_("Account id"),
        N_("Kind of learner"),
        N_("Cycle begins"),
        N_("Cycle ends"),
        N_("Required hours"),
        N_("Elective hours"),
        N_("Certification hours"),
        N_("Hours missing"),
        N_("Satisfied on"),
    ),
    "days": (N_("Real name"), N_("Account id"), N_("Day"), N_("Credited seconds")),
    "corrections": (
        N_("Written at"),
        N_("Real name"),
        N_("Account id"),
        N_("Kind or courseware"),
        N_("Hours"),
        N_("Minutes"),
        N_("Reason"),
        N_("By"),
    ),
}
KINDS = {
    "holder": N_("Certificate holder"),
    "newcomer": N_("Newcomer or other"),
    "titled": N_("With a professional title"),
    "required": N_("Required course"),
    "elective": N_("Elective course"),
    "certification": N_("Certification course"),
}
WRITTEN = "%Y-%m-%d %H:%M:%S"


async def account_rows(db: Pool, *, today: date, say: Say) -> AsyncIterator[list[Row]]:
    """One row a learner: the cycle that they study for, and how far it is."""
    rules = [rule for kind in LearnerKind for rule in await learners.list_rules(db, kind)]
    async for records in store.learner_pages(db):
        yield [_account_row(record, rules, today, say) for record in records]


def _account_row(record: LearnerRecord, rules: list[Rule], today: date, say: Say) -> Row:
    facts = record.facts
    cycle = cycles.cycle_of(facts, record.satisfied, today, record.bought_at)
    counted = account.assemble(
        facts,
        cycle,
        record.satisfied,
        hours=record.hours,
        corrected=record.corrections,
        rules=rules,
    )
    by_kind, satisfied_at = counted.by_kind, counted.satisfied_at
    return (
        record.real_name,
        str(facts.learner_id),
        say(KINDS[facts.kind]),
        cycle.starts_on,
        cycle.ends_on,
        *(by_kind.get(kind, 0) for kind in CourseKind),
        sum(part.missing for part in counted.parts),
        clock.date_of(satisfied_at) if satisfied_at else None,
    )


async def day_rows(db: Pool, *, since: date, until: date) -> AsyncIterator[list[Row]]:
    """One row for each learner and day with credited time."""
    async for days in store.study_day_pages(db, since, until):
        yield [
            (d["real_name"], str(d["learner_id"]), d["day"], d["credited_ms"] // 1000) for d in days
        ]


async def correction_rows(db: Pool, *, say: Say) -> AsyncIterator[list[Row]]:
    """One row an entry, of hours or of study time."""
    async for entries in store.correction_pages(db):
        yield [_correction_row(entry, say) for entry in entries]


def _correction_row(entry: Mapping[str, Any], say: Say) -> Row:
    kind, credited_ms = entry["course_kind"], entry["credited_ms"]
    return (
        entry["made_at"].astimezone(clock.CHINA).strftime(WRITTEN),
        entry["real_name"],
        str(entry["learner_id"]),
        say(KINDS[kind]) if kind else entry["courseware_title"],
        entry["hours"],
        round(credited_ms / 60_000) if credited_ms is not None else None,
        entry["reason"],
        entry["by_name"],
    )
