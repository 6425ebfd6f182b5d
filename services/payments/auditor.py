"""The nightly audit: once a day in China, by one process; or whenever staff ask for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import structlog

from chassis import clock
from chassis.db import ACQUIRE_SECONDS, Pool, Tx

from .actions import audits
from .model.audit import NOT_BEFORE, Audit, AuditRunning, Report
from .store import audits as store

log = structlog.get_logger()

LOOK_SECONDS = 600.0


async def audit_nightly(db: Pool, *, now: datetime | None = None) -> Audit | None:
    """The audit of today, if it is time and nobody has done it. A day has one."""
    now = (now or clock.now()).astimezone(clock.CHINA)
    if now.time() < NOT_BEFORE or await store.has_nightly(db, now.date()):
        return None
    try:
        async with _snapshot(db) as tx:
            audit = await audits.run(tx, day=now.date())
    except AuditRunning:
        return None
    log.info("audited", figures=audit.report.figures.total(), differing=audit.report.differing)
    return audit


async def audit_now(db: Pool, *, by: UUID) -> Audit:
    """An audit that somebody asked for. Raises `AuditRunning`."""
    async with _snapshot(db) as tx:
        return await audits.run(tx, by=by)


async def look(db: Pool) -> Report:
    """What an audit would find now; nothing is kept."""
    async with _snapshot(db) as tx:
        return await audits.compute(tx)


@asynccontextmanager
async def _snapshot(db: Pool) -> AsyncIterator[Tx]:
    async with (
        db.acquire(timeout=ACQUIRE_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        yield connection
