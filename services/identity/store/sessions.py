"""Sessions and the refresh tokens that carry them on; only hashes of tokens are stored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Tx


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A stored refresh token with its session, both locked."""

    session_id: UUID
    subject_id: UUID
    kind: str
    session_expires_at: datetime
    session_ended_at: datetime | None
    expires_at: datetime
    rotated_at: datetime | None


async def insert_session(
    tx: Tx,
    *,
    session_id: UUID,
    subject_id: UUID,
    kind: str,
    account_key: bytes,
    address_key: bytes,
    started_at: datetime,
    expires_at: datetime,
) -> None:
    await tx.execute(
        """
        INSERT INTO sessions (session_id, subject_id, kind, account_key, address_key,
                              started_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        session_id,
        subject_id,
        kind,
        account_key,
        address_key,
        started_at,
        expires_at,
    )


async def insert_refresh_token(
    tx: Tx, token_hash: bytes, *, session_id: UUID, issued_at: datetime, expires_at: datetime
) -> None:
    await tx.execute(
        """
        INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at)
             VALUES ($1, $2, $3, $4)
        """,
        token_hash,
        session_id,
        issued_at,
        expires_at,
    )


async def lock_refresh_token(tx: Tx, token_hash: bytes) -> RefreshToken | None:
    row = await tx.fetchrow(
        """
        SELECT s.session_id, s.subject_id, s.kind, s.expires_at AS session_expires_at,
               s.ended_at AS session_ended_at, t.expires_at, t.rotated_at
          FROM refresh_tokens t
          JOIN sessions s USING (session_id)
         WHERE t.token_hash = $1
           FOR UPDATE
        """,
        token_hash,
    )
    return RefreshToken(**dict(row)) if row else None


async def mark_rotated(tx: Tx, token_hash: bytes, *, at: datetime) -> None:
    await tx.execute(
        "UPDATE refresh_tokens SET rotated_at = $2 WHERE token_hash = $1 AND rotated_at IS NULL",
        token_hash,
        at,
    )


async def end_session(tx: Tx, session_id: UUID, *, at: datetime, reason: str) -> None:
    await tx.execute(
        """
        UPDATE sessions
           SET ended_at = $2, end_reason = $3
         WHERE session_id = $1 AND ended_at IS NULL
        """,
        session_id,
        at,
        reason,
    )


async def end_sessions_of(tx: Tx, subject_id: UUID, *, at: datetime, reason: str) -> None:
    await tx.execute(
        """
        UPDATE sessions
           SET ended_at = $2, end_reason = $3
         WHERE subject_id = $1 AND ended_at IS NULL
        """,
        subject_id,
        at,
        reason,
    )
