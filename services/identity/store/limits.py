"""What keeps machines out: tries that still count, and captchas."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.db import Tx

from ..limits import ACCOUNT_WINDOW, ADDRESS_WINDOW, Tries

KEPT_AFTER_END: Final = timedelta(days=30)  # an address one has signed in from stays known


async def lock_tries(tx: Tx, account_key: bytes) -> None:
    """Until the transaction ends, nobody else counts tries of this account."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 5))", account_key
    )


async def count_tries(tx: Tx, *, account_key: bytes, address_key: bytes, now: datetime) -> Tries:
    rows = await tx.fetch(
        """
        SELECT (SELECT count(*) FROM tries
                 WHERE address_key = $2 AND tried_at > $3 AND failed) AS by_address,
               (SELECT count(*) FROM tries
                 WHERE account_key = $1 AND tried_at > $4) AS by_account,
               (SELECT count(*) FROM tries
                 WHERE account_key = $1 AND address_key = $2 AND tried_at > $4) AS by_both,
               EXISTS (SELECT FROM sessions
                        WHERE account_key = $1 AND address_key = $2) AS known_address
        """,
        account_key,
        address_key,
        now - ADDRESS_WINDOW,
        now - ACCOUNT_WINDOW,
    )
    return Tries(**dict(rows[0]))


async def insert_try(
    tx: Tx,
    try_id: UUID,
    *,
    account_key: bytes,
    address_key: bytes,
    now: datetime,
    failed: bool,
) -> None:
    await tx.execute(
        """
        INSERT INTO tries (try_id, account_key, address_key, tried_at, failed)
             VALUES ($1, $2, $3, $4, $5)
        """,
        try_id,
        account_key,
        address_key,
        now,
        failed,
    )


async def fail_try(tx: Tx, try_id: UUID) -> None:
    await tx.execute("UPDATE tries SET failed = true WHERE try_id = $1", try_id)


async def delete_try(tx: Tx, try_id: UUID) -> None:
    await tx.execute("DELETE FROM tries WHERE try_id = $1", try_id)


async def insert_captcha(
    tx: Tx, captcha_id: UUID, *, purpose: str | None, answer: str, expires_at: datetime
) -> None:
    await tx.execute(
        "INSERT INTO captchas (captcha_id, purpose, answer, expires_at) VALUES ($1, $2, $3, $4)",
        captcha_id,
        purpose,
        answer,
        expires_at,
    )


async def get_captcha_answer(tx: Tx, captcha_id: UUID, *, now: datetime) -> str | None:
    answer: str | None = await tx.fetchval(
        "SELECT answer FROM captchas WHERE captcha_id = $1 AND expires_at > $2", captcha_id, now
    )
    return answer


async def take_captcha(tx: Tx, captcha_id: UUID, *, purpose: str, now: datetime) -> str | None:
    """The answer of a captcha that still counts. Whatever it was, it is gone afterwards (I-5)."""
    row = await tx.fetchrow(
        "DELETE FROM captchas WHERE captcha_id = $1 RETURNING answer, purpose, expires_at",
        captcha_id,
    )
    if row is None or row["expires_at"] <= now or row["purpose"] not in (None, purpose):
        return None
    answer: str = row["answer"]
    return answer


async def prune(tx: Tx, *, now: datetime) -> None:
    """Delete what has lost its meaning: captchas, old tries, sessions that ended long ago."""
    await tx.execute("DELETE FROM captchas WHERE expires_at < $1", now)
    await tx.execute("DELETE FROM tries WHERE tried_at < $1", now - ADDRESS_WINDOW)
    await tx.execute("DELETE FROM sessions WHERE expires_at < $1", now - KEPT_AFTER_END)
