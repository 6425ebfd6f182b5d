"""Looks for suspicious patterns every few minutes and raises flags for staff (P-12)."""

from datetime import datetime, timedelta

import structlog

from chassis import clock
from chassis.db import Pool

from . import patterns
from .model.desk import Finding
from .settings import ProgressSettings
from .store import flags
from .store import patterns as store

log = structlog.get_logger()

SCAN_EVERY_SECONDS = 600
LOOK_BACK = timedelta(seconds=2 * SCAN_EVERY_SECONDS)  # so that no scan misses what one before saw


async def scan(pool: Pool, settings: ProgressSettings) -> int:
    """Raise what is new; return how much. Looking twice raises nothing twice."""
    now = clock.now()
    raised = 0
    async for sessions in store.arrival_pages(
        pool, heard_since=now - LOOK_BACK, session_life=settings.session_life
    ):
        raised += await _raise(pool, patterns.even_beats(sessions), now)
    for day in sorted({clock.date_of(now - LOOK_BACK), clock.date_of(now)}):
        found = patterns.fast_answers(await store.list_fast_answers(pool, day))
        found += patterns.long_days(await store.list_long_days(pool, day))
        found += patterns.shared_addresses(await store.list_shared_addresses(pool, day))
        raised += await _raise(pool, found, now)
    return raised


async def _raise(pool: Pool, findings: list[Finding], now: datetime) -> int:
    if not findings:
        return 0
    raised = await flags.raise_flags(pool, _strongest(findings), now=now)
    if raised:
        log.info("patterns_raised", count=raised)
    return raised


def _strongest(findings: list[Finding]) -> list[Finding]:
    """One finding for each learner, day and pattern: a flag is raised once."""
    best: dict[tuple[object, ...], Finding] = {}
    for each in sorted(findings, key=lambda each: each.strength):
        best[each.learner_id, each.day, each.pattern] = each
    return list(best.values())
