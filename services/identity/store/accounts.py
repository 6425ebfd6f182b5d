"""Whoever may sign in: learners' and staff's logins with their password hashes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Tx

from ..model import Staff


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever may sign in under some login."""

    subject_id: UUID
    password_hash: str


async def get_learner_account(
    tx: Tx, *, account_name: str, mobile: str | None, email: str | None
) -> Account | None:
    """The learner with this account name, mobile number or e-mail address (I-5)."""
    row = await tx.fetchrow(
        """
        SELECT learner_id AS subject_id, password_hash
          FROM learners
         WHERE account_name = $1 OR mobile = $2 OR lower(email) = lower($3)
        """,
        account_name,
        mobile,
        email,
    )
    return Account(**dict(row)) if row else None


async def get_staff_account(tx: Tx, login: str) -> Account | None:
    row = await tx.fetchrow(
        """
        SELECT staff_id AS subject_id, password_hash
          FROM staff
         WHERE login = $1 AND disabled_at IS NULL
        """,
        login,
    )
    return Account(**dict(row)) if row else None


async def get_staff(tx: Tx, staff_id: UUID) -> Staff | None:
    row = await tx.fetchrow(
        """
        SELECT staff_id, login, name, roles, disabled_at IS NOT NULL AS disabled
          FROM staff
         WHERE staff_id = $1
        """,
        staff_id,
    )
    return Staff(**(dict(row) | {"roles": tuple(row["roles"])})) if row else None


async def upsert_staff(
    tx: Tx, *, staff_id: UUID, login: str, name: str, roles: list[str], password_hash: str
) -> None:
    """Add a member of staff, or give the one with this login these roles and this password."""
    await tx.execute(
        """
        INSERT INTO staff (staff_id, login, name, roles, password_hash)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (login) DO UPDATE
                SET name = excluded.name, roles = excluded.roles,
                    password_hash = excluded.password_hash
        """,
        staff_id,
        login,
        name,
        roles,
        password_hash,
    )


async def get_password_hash(tx: Tx, learner_id: UUID) -> str | None:
    found: str | None = await tx.fetchval(
        "SELECT password_hash FROM learners WHERE learner_id = $1", learner_id
    )
    return found


async def update_learner_password(
    tx: Tx, learner_id: UUID, *, password_hash: str, at: datetime
) -> None:
    await tx.execute(
        """
        UPDATE learners
           SET password_hash = $2, password_changed_at = $3
         WHERE learner_id = $1
        """,
        learner_id,
        password_hash,
        at,
    )


async def replace_outdated_hash(tx: Tx, account: Account, *, password_hash: str) -> None:
    """The same password hashed with today's costs, unless it was changed meanwhile."""
    await tx.execute(
        "UPDATE learners SET password_hash = $3 WHERE learner_id = $1 AND password_hash = $2",
        account.subject_id,
        account.password_hash,
        password_hash,
    )
