"""`make audit`: every learner's record is played again from its first beat, and the figures that
come out are compared with the stored ones, to the millisecond (P-2, P-9, P-12)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.db import Pool

from .credit import Beat, Rules
from .instants import from_ms
from .record import Kept, StudyRecord
from .store import records
from .store.beats import REPLAY_MAX
from .store.records import Figures, Turn

NO_RULES = Rules(interval_ms=0, idle_limit_ms=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored figure that the record does not give; None where one side knows nothing of it."""

    learner_id: UUID
    figure: str
    stored: object
    computed: object


@dataclass(slots=True)
class Report:
    learners: int = 0
    beats: int = 0
    differences: list[Difference] = field(default_factory=list)


async def audit(pool: Pool) -> Report:
    """Replay everybody; each learner is one snapshot, so that study may go on meanwhile."""
    report = Report()
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        learner_ids = [learner_id async for learner_id in records.list_learners(db)]
    for learner_id in learner_ids:
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            turns = await records.list_turns(db, learner_id)
            entries = await records.sum_entries(db, learner_id)
            stored = await records.stored_figures(db, learner_id)
        computed = replay(turns, entries)
        report.learners += 1
        report.beats += sum(len(beats) for turn in turns for beats in (turn.beats or {}).values())
        report.differences += _compare(learner_id, stored, computed)
    return report


def replay(turns: list[Turn], entries: Mapping[tuple[UUID, UUID], int]) -> Figures:
    """The figures that a record gives; the first of its turns are rules. Pure."""
    record = StudyRecord(NO_RULES)
    beats: dict[UUID, list[Beat]] = defaultdict(list)
    days: dict[date, int] = defaultdict(int)
    for turn in turns:
        if turn.rules:
            record.rules = turn.rules
        elif turn.opened:
            record.open(turn.opened)
        elif turn.ended:
            record.end(*turn.ended)
        elif turn.restarted:
            record.restart(*turn.restarted)
        elif turn.beats:
            _take(record, turn, beats, days)
    coursewares = dict(entries)
    for session in record.sessions.values():
        key = (session.enrolment_id, session.courseware_id)
        coursewares[key] = coursewares.get(key, 0) + session.credited_ms
    sessions = {
        session.session_id: (session.credited_ms, session.standing.accounted_ms)
        for session in record.sessions.values()
    }
    return Figures(sessions, coursewares, dict(days))


def _take(
    record: StudyRecord, turn: Turn, beats: dict[UUID, list[Beat]], days: dict[date, int]
) -> None:
    arrived = turn.beats or {}
    kept = {
        session_id: Kept(beats[session_id], record.sessions[session_id].uncredited)
        for session_id in record.behind(arrived)
        if len(beats[session_id]) <= REPLAY_MAX
    }
    record.take(arrived, kept)
    for judged in record.judged:
        beats[judged.session.session_id].append(judged.beat)
        if judged.credited_ms:
            days[clock.date_of(from_ms(judged.accounted_ms))] += judged.credited_ms


def _compare(learner_id: UUID, stored: Figures, computed: Figures) -> list[Difference]:
    parts: list[tuple[str, Mapping[Any, Any], Mapping[Any, Any]]] = [
        ("session", stored.sessions, computed.sessions),
        ("courseware", stored.coursewares, computed.coursewares),
        ("day", stored.days, computed.days),
    ]
    return [
        Difference(learner_id, f"{name} {key}", known.get(key), found.get(key))
        for name, known, found in parts
        for key in sorted(known.keys() | found.keys(), key=str)
        if known.get(key) != found.get(key) and (known.get(key) or found.get(key))
    ]
