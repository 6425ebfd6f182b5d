"""Employers' cases and the people on their lists ($-5)."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis import clock
from chassis.db import Pool, Tx

from ..model.cards import CardState, CardStatus
from ..model.employers import CaseStatus, Employer, EmployerCase, Listed
from ..model.learners import Staff
from ..model.people import Person

EMPLOYER = ("employer_name", "tax_number", "contact_name", "phone", "email")


async def insert_case(tx: Tx, case: EmployerCase) -> bool:
    """False if there is a case under this id."""
    inserted = await tx.fetchval(
        """
        INSERT INTO employer_cases (case_id, case_number, contact_id, status, created_at,
                                    employer_name, tax_number, contact_name, phone, email)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (case_id) DO NOTHING
          RETURNING true
        """,
        case.case_id,
        case.case_number,
        case.contact_id,
        case.status,
        case.created_at,
        *astuple(case.employer),
    )
    return inserted is not None


async def get_case(
    db: Pool | Tx, case_id: UUID, *, contact_id: UUID | None = None
) -> EmployerCase | None:
    """A case; of this contact alone where one is given."""
    row = await db.fetchrow(
        """
        SELECT case_id, case_number, contact_id, employer_name, tax_number, contact_name, phone,
               email, status, hours, amount_fen, created_at, quoted_at, valid_until, reason,
               receipt_id, issued_at, issued_by, issued_by_name, sheet_id, sheet_taken_at,
               invoice_id
          FROM employer_cases
         WHERE case_id = $1
           AND ($2::uuid IS NULL OR contact_id = $2)
        """,
        case_id,
        contact_id,
    )
    return case_of(row) if row else None


async def lock_case(tx: Tx, case_id: UUID) -> EmployerCase | None:
    """Hold a case until the transaction ends; before any receipt."""
    await tx.execute("SELECT 1 FROM employer_cases WHERE case_id = $1 FOR UPDATE", case_id)
    return await get_case(tx, case_id)


async def list_cases(
    db: Pool | Tx, *, contact_id: UUID, before: UUID | None, limit: int
) -> list[EmployerCase]:
    """A contact's cases, newest first."""
    rows = await db.fetch(
        """
          SELECT case_id, case_number, contact_id, employer_name, tax_number, contact_name, phone,
                 email, status, hours, amount_fen, created_at, quoted_at, valid_until, reason,
                 receipt_id, issued_at, issued_by, issued_by_name, sheet_id, sheet_taken_at,
                 invoice_id
            FROM employer_cases
           WHERE contact_id = $1
             AND ($2::uuid IS NULL OR case_id < $2)
        ORDER BY case_id DESC
           LIMIT $3
        """,
        contact_id,
        before,
        limit,
    )
    return [case_of(row) for row in rows]


async def update_employer(tx: Tx, case_id: UUID, employer: Employer) -> None:
    await tx.execute(
        """
        UPDATE employer_cases
           SET employer_name = $2, tax_number = $3, contact_name = $4, phone = $5, email = $6
         WHERE case_id = $1
        """,
        case_id,
        *astuple(employer),
    )


async def replace_people(
    tx: Tx, case_id: UUID, people: Sequence[Person], *, hours: int, amount_fen: int
) -> None:
    """The list of a case, in place of any earlier one."""
    await tx.execute("DELETE FROM employer_people WHERE case_id = $1", case_id)
    await tx.executemany(
        """
        INSERT INTO employer_people (case_id, position, name, id_number_mac, id_number_masked,
                                     check_failed, hours)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(case_id, position, *astuple(person)) for position, person in enumerate(people, start=1)],
    )
    await tx.execute(
        "UPDATE employer_cases SET hours = $2, amount_fen = $3 WHERE case_id = $1",
        case_id,
        hours,
        amount_fen,
    )


async def list_people(db: Pool | Tx, case_id: UUID) -> list[Listed]:
    """The people of a case in the order of its list, with what became of their cards."""
    rows = await db.fetch(
        """
          SELECT position, name, person.id_number_mac, id_number_masked, check_failed, hours,
                 person.card_id, serial, cards.status, expires_on, replaced_by,
                 (SELECT learner_id
                    FROM learners
                   WHERE learners.id_number_mac = person.id_number_mac
                ORDER BY version DESC, learner_id
                   LIMIT 1) AS learner_id
            FROM employer_people AS person
       LEFT JOIN cards ON cards.card_id = person.card_id
           WHERE person.case_id = $1
        ORDER BY position
        """,
        case_id,
    )
    return [_listed(row) for row in rows]


async def mark_quoted(tx: Tx, case_id: UUID, *, now: datetime, valid_until: date) -> None:
    await tx.execute(
        """
        UPDATE employer_cases
           SET status = 'quoted', quoted_at = $2, valid_until = $3
         WHERE case_id = $1
        """,
        case_id,
        now,
        valid_until,
    )


async def mark_cancelled(tx: Tx, case_id: UUID) -> None:
    await tx.execute("UPDATE employer_cases SET status = 'cancelled' WHERE case_id = $1", case_id)


async def mark_returned(tx: Tx, case_id: UUID, *, reason: str) -> None:
    await tx.execute(
        "UPDATE employer_cases SET status = 'returned', reason = $2 WHERE case_id = $1",
        case_id,
        reason,
    )


async def mark_issued(
    tx: Tx,
    case_id: UUID,
    *,
    receipt_id: UUID,
    sheet_id: UUID | None,
    by: Staff,
    now: datetime,
) -> None:
    await tx.execute(
        """
        UPDATE employer_cases
           SET status = 'issued', receipt_id = $2, sheet_id = $3, issued_at = $4, issued_by = $5,
               issued_by_name = $6
         WHERE case_id = $1
        """,
        case_id,
        receipt_id,
        sheet_id,
        now,
        by.staff_id,
        by.name,
    )


async def set_cards(tx: Tx, case_id: UUID, cards: Sequence[tuple[int, UUID]]) -> None:
    """Which card each position of the list has."""
    await tx.executemany(
        "UPDATE employer_people SET card_id = $3 WHERE case_id = $1 AND position = $2",
        [(case_id, position, card_id) for position, card_id in cards],
    )


async def take_sheet(tx: Tx, case_id: UUID, *, now: datetime) -> None:
    """Note that the codes are handed out."""
    await tx.execute(
        """
        UPDATE employer_cases
           SET sheet_id = NULL, sheet_taken_at = $2
         WHERE case_id = $1
        """,
        case_id,
        now,
    )


def case_of(row: asyncpg.Record) -> EmployerCase:
    values = dict(row)
    employer = Employer(**{name: values.pop(name) for name in EMPLOYER})
    return EmployerCase(**{**values, "status": CaseStatus(row["status"])}, employer=employer)


def _listed(row: asyncpg.Record) -> Listed:
    person = Person(
        name=row["name"],
        id_number_mac=row["id_number_mac"],
        id_number_masked=row["id_number_masked"],
        check_failed=row["check_failed"],
        hours=row["hours"],
    )
    return Listed(
        position=row["position"],
        person=person,
        card_id=row["card_id"],
        serial=row["serial"],
        card_state=_card_state(row),
        learner_id=row["learner_id"],
    )


def _card_state(row: asyncpg.Record) -> CardState | None:
    if row["card_id"] is None:
        return None
    if row["replaced_by"] is not None:
        return CardState.REPLACED
    worth = row["status"] in (CardStatus.INERT, CardStatus.ACTIVE)
    expired = worth and row["expires_on"] < clock.today()
    return CardState.EXPIRED if expired else CardState(row["status"])
