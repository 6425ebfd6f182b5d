"""The audit trail of what was done to learners. Lines are added, never changed (I-9)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Tx


@dataclass(frozen=True, slots=True)
class AuditLine:
    at: datetime
    actor_kind: str
    actor_name: str
    action: str
    note: str | None


async def insert_audit_line(
    tx: Tx,
    *,
    line_id: UUID,
    at: datetime,
    actor_kind: str,
    actor_id: UUID,
    actor_name: str,
    action: str,
    learner_id: UUID,
    note: str | None = None,
) -> None:
    await tx.execute(
        """
        INSERT INTO audit (line_id, at, actor_kind, actor_id, actor_name, action, learner_id, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        line_id,
        at,
        actor_kind,
        actor_id,
        actor_name,
        action,
        learner_id,
        note,
    )


async def list_audit_lines(tx: Tx, learner_id: UUID, *, limit: int = 100) -> list[AuditLine]:
    """The latest first."""
    rows = await tx.fetch(
        """
          SELECT at, actor_kind, actor_name, action, note
            FROM audit
           WHERE learner_id = $1
        ORDER BY line_id DESC
           LIMIT $2
        """,
        learner_id,
        limit,
    )
    return [AuditLine(**dict(row)) for row in rows]
