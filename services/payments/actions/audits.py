"""The audit as an action: computed in one snapshot, kept, and alarming when something differs."""

from datetime import date
from uuid import UUID

import structlog

from chassis import clock, ids
from chassis.db import Tx

from ..model.audit import Audit, AuditRunning, Report
from ..store import audits as store
from ..store import books

log = structlog.get_logger()


async def run(tx: Tx, *, day: date | None = None, by: UUID | None = None) -> Audit:
    """Compute everything again and keep what came out; nightly of a `day`, or asked for `by`
    somebody. The transaction is a snapshot (repeatable read). Raises `AuditRunning`.
    """
    if not await store.is_only_one(tx) or (day and await store.has_nightly(tx, day)):
        raise AuditRunning
    started_at = clock.now()
    report = await compute(tx)

    audit = Audit(ids.new_id(), day, started_at, clock.now(), by, report)
    await store.insert_audit(tx, audit)
    if report.differing:
        differing = sorted({one.check.value for one in report.differences})
        log.error("audit_differs", checks=differing, differing=report.differing)
    return audit


async def compute(tx: Tx) -> Report:
    """Every stored sum beside its computed one; nothing is kept."""
    report = Report()
    async for figure in books.figures(tx):
        report.add(figure)
    return report
