"""Learners: finding, locking, saving."""

from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.db import Tx
from contracts.identity import LearnerKind, Qualification

from ..model import EmailTaken, IdNumberTaken, Learner, MobileTaken, Verification

COLUMNS: Final = """
    learner_id, version, account_name, account_ordinal, real_name, kind, mobile, email,
    email_confirmed_at, phone, id_number_sealed, id_number_mac, id_number_masked, check_passed,
    verification, verification_reason, verification_at, qualification_number,
    qualification_category, qualification_expires_on, registered_at
"""
TAKEN: Final = {
    "learners_id_number_once": IdNumberTaken,
    "learners_mobile_once": MobileTaken,
    "learners_email_once": EmailTaken,
}


async def lock_account_base(tx: Tx, account_base: str) -> None:
    """Until the transaction ends, nobody else composes the same account name (I-2)."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", account_base)


async def count_account_base(tx: Tx, account_base: str) -> int:
    """The highest number given to this name and these digits; 0 for none."""
    highest: int = await tx.fetchval(
        "SELECT coalesce(max(account_ordinal), 0) FROM learners WHERE account_base = $1",
        account_base,
    )
    return highest


async def insert_learner(
    tx: Tx, learner: Learner, *, account_base: str, password_hash: str
) -> None:
    """File a new learner. Raises the refusal named for what is taken already (I-3)."""
    given = learner.qualification
    try:
        await tx.execute(
            """
            INSERT INTO learners (
                        learner_id, version, account_name, account_base, account_ordinal,
                        real_name, kind, mobile, email, phone, id_number_sealed, id_number_mac,
                        id_number_masked, check_passed, verification, qualification_number,
                        qualification_category, qualification_expires_on, password_hash,
                        password_changed_at, registered_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                         $17, $18, $19, $20, $20)
            """,
            learner.learner_id,
            learner.version,
            learner.account_name,
            account_base,
            learner.account_ordinal,
            learner.real_name,
            learner.kind,
            learner.mobile,
            learner.email,
            learner.phone,
            learner.id_number_sealed,
            learner.id_number_mac,
            learner.id_number_masked,
            learner.check_passed,
            learner.verification,
            given.number if given else None,
            given.category if given else None,
            given.expires_on if given else None,
            password_hash,
            learner.registered_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from None


def _taken(error: asyncpg.UniqueViolationError) -> Exception:
    refusal = TAKEN.get(error.constraint_name or "")
    return refusal() if refusal else error


async def update_contact(tx: Tx, learner: Learner) -> None:
    """Save how a learner is reached and what is to be renewed. Raises what is taken already."""
    given = learner.qualification
    try:
        await tx.execute(
            """
            UPDATE learners
               SET version = $2, mobile = $3, phone = $4, email = $5, email_confirmed_at = $6,
                   qualification_number = $7, qualification_category = $8,
                   qualification_expires_on = $9
             WHERE learner_id = $1
            """,
            learner.learner_id,
            learner.version,
            learner.mobile,
            learner.phone,
            learner.email,
            learner.email_confirmed_at,
            given.number if given else None,
            given.category if given else None,
            given.expires_on if given else None,
        )
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from None


async def update_verification(tx: Tx, learner: Learner) -> None:
    await tx.execute(
        """
        UPDATE learners
           SET version = $2, verification = $3, verification_reason = $4, verification_at = $5
         WHERE learner_id = $1
        """,
        learner.learner_id,
        learner.version,
        learner.verification,
        learner.verification_reason,
        learner.verification_at,
    )


async def update_identity(tx: Tx, learner: Learner, *, account_base: str) -> None:
    """Save who a learner is. Raises IdNumberTaken when the number has another account."""
    try:
        await tx.execute(
            """
            UPDATE learners
               SET version = $2, account_name = $3, account_base = $4, account_ordinal = $5,
                   real_name = $6, id_number_sealed = $7, id_number_mac = $8,
                   id_number_masked = $9, check_passed = $10, verification = $11,
                   verification_reason = $12, verification_at = $13
             WHERE learner_id = $1
            """,
            learner.learner_id,
            learner.version,
            learner.account_name,
            account_base,
            learner.account_ordinal,
            learner.real_name,
            learner.id_number_sealed,
            learner.id_number_mac,
            learner.id_number_masked,
            learner.check_passed,
            learner.verification,
            learner.verification_reason,
            learner.verification_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise _taken(error) from None


async def refuse_taken_email(tx: Tx, email: str) -> None:
    """Raises EmailTaken. Only a courtesy: the constraint decides when the address is confirmed."""
    if await tx.fetchval("SELECT true FROM learners WHERE lower(email) = lower($1)", email):
        raise EmailTaken


async def get_learner(tx: Tx, learner_id: UUID) -> Learner | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM learners WHERE learner_id = $1", learner_id)  # noqa: S608
    return _learner(row) if row else None


async def lock_learner(tx: Tx, learner_id: UUID) -> Learner | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM learners WHERE learner_id = $1 FOR UPDATE",  # noqa: S608
        learner_id,
    )
    return _learner(row) if row else None


async def get_learner_by_email(tx: Tx, email: str) -> Learner | None:
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM learners WHERE lower(email) = lower($1)",  # noqa: S608
        email,
    )
    return _learner(row) if row else None


async def list_waiting(tx: Tx, *, after: UUID | None, limit: int) -> list[Learner]:
    """Who waits for the desk, oldest first (I-8)."""
    rows = await tx.fetch(
        f"""
          SELECT {COLUMNS}
            FROM learners
           WHERE verification = 'unverified'
             AND ($1::uuid IS NULL OR learner_id > $1)
        ORDER BY learner_id
           LIMIT $2
        """,  # noqa: S608
        after,
        limit,
    )
    return [_learner(row) for row in rows]


async def count_waiting(tx: Tx) -> int:
    count: int = await tx.fetchval(
        "SELECT count(*) FROM learners WHERE verification = 'unverified'"
    )
    return count


async def list_by_account_name(
    tx: Tx, beginning: str, *, after: UUID | None, limit: int
) -> list[Learner]:
    """Learners whose account name begins so; it begins with the real name."""
    rows = await tx.fetch(
        f"""
          SELECT {COLUMNS}
            FROM learners
           WHERE account_name LIKE $1
             AND ($2::uuid IS NULL OR learner_id > $2)
        ORDER BY learner_id
           LIMIT $3
        """,  # noqa: S608
        _like(beginning),
        after,
        limit,
    )
    return [_learner(row) for row in rows]


def _like(beginning: str) -> str:
    escaped = beginning.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"{escaped}%"


def _learner(row: asyncpg.Record) -> Learner:
    values: dict[str, Any] = dict(row)
    given = [values.pop(f"qualification_{part}") for part in ("number", "category", "expires_on")]
    number, category, expires_on = given
    values["qualification"] = (
        Qualification(number=number, category=category, expires_on=expires_on) if number else None
    )
    values["kind"] = LearnerKind(values["kind"])
    values["verification"] = Verification(values["verification"])
    return Learner(**values)
