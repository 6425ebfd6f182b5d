"""The requests behind mailed links (I-6, I-7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Tx


@dataclass(frozen=True, slots=True)
class LinkRequest:
    request_id: UUID
    learner_id: UUID
    email: str
    expires_at: datetime
    used_at: datetime | None

    def usable(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


async def insert_request(
    tx: Tx,
    *,
    request_id: UUID,
    purpose: str,
    learner_id: UUID,
    email: str,
    requested_at: datetime,
    expires_at: datetime,
) -> None:
    await tx.execute(
        """
        INSERT INTO link_requests (request_id, purpose, learner_id, email, requested_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        """,
        request_id,
        purpose,
        learner_id,
        email,
        requested_at,
        expires_at,
    )


async def count_requests(tx: Tx, *, purpose: str, learner_id: UUID, since: datetime) -> int:
    count: int = await tx.fetchval(
        """
        SELECT count(*)
          FROM link_requests
         WHERE learner_id = $1 AND purpose = $2 AND requested_at > $3
        """,
        learner_id,
        purpose,
        since,
    )
    return count


async def get_request(tx: Tx, request_id: UUID, *, purpose: str) -> LinkRequest | None:
    row = await tx.fetchrow(
        """
        SELECT request_id, learner_id, email, expires_at, used_at
          FROM link_requests
         WHERE request_id = $1 AND purpose = $2
        """,
        request_id,
        purpose,
    )
    return LinkRequest(**dict(row)) if row else None


async def lock_request(tx: Tx, request_id: UUID, *, purpose: str) -> LinkRequest | None:
    row = await tx.fetchrow(
        """
        SELECT request_id, learner_id, email, expires_at, used_at
          FROM link_requests
         WHERE request_id = $1 AND purpose = $2
           FOR UPDATE
        """,
        request_id,
        purpose,
    )
    return LinkRequest(**dict(row)) if row else None


async def use_requests(tx: Tx, *, purpose: str, learner_id: UUID, at: datetime) -> None:
    """Use up every open request of this purpose: an older link must not work after a newer."""
    await tx.execute(
        """
        UPDATE link_requests
           SET used_at = $3
         WHERE learner_id = $1 AND purpose = $2 AND used_at IS NULL
        """,
        learner_id,
        purpose,
        at,
    )
