"""The audits that were run, and what they found."""

from collections import Counter
from datetime import date
from typing import Any

from chassis.db import Pool, Tx

from ..model.audit import Audit, Check, Figure, Report

ONE_AT_A_TIME = 0x71CED1  # any number, the same for all processes


async def is_only_one(tx: Tx) -> bool:
    """Whether no other audit runs; true until the transaction ends."""
    alone: bool = await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", ONE_AT_A_TIME)
    return alone


async def has_nightly(db: Pool | Tx, day: date) -> bool:
    known: bool = await db.fetchval("SELECT EXISTS (SELECT FROM audits WHERE day = $1)", day)
    return known


async def insert_audit(tx: Tx, audit: Audit) -> None:
    await tx.execute(
        """
        INSERT INTO audits (audit_id, day, started_at, finished_at, asked_by, figures,
                            differences, differing)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (day) DO NOTHING
        """,
        audit.audit_id,
        audit.day,
        audit.started_at,
        audit.finished_at,
        audit.asked_by,
        dict(audit.report.figures),
        [
            [one.check, one.subject, one.stored_fen, one.computed_fen]
            for one in audit.report.differences
        ],
        audit.report.differing,
    )


async def list_audits(db: Pool, *, limit: int) -> list[Audit]:
    """The latest first."""
    rows = await db.fetch(
        """
          SELECT audit_id, day, started_at, finished_at, asked_by, figures, differences, differing
            FROM audits
        ORDER BY finished_at DESC, audit_id DESC
           LIMIT $1
        """,
        limit,
    )
    return [_audit(row) for row in rows]


def _audit(row: Any) -> Audit:
    differences = [
        Figure(Check(check), subject, stored_fen, computed_fen)
        for check, subject, stored_fen, computed_fen in row["differences"]
    ]
    figures = Counter({Check(name): count for name, count in row["figures"].items()})
    return Audit(
        audit_id=row["audit_id"],
        day=row["day"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        asked_by=row["asked_by"],
        report=Report(figures, differences, row["differing"]),
    )
