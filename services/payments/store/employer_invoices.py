"""Employers' transfers and their invoices: whose cards they became ($-5, $-7)."""

from uuid import UUID

from chassis.db import Pool, Tx

from ..model.employers import EmployerCase
from . import employers


async def find_case(db: Pool | Tx, *, case_number: str, contact_id: UUID) -> EmployerCase | None:
    """A contact's own case by its number."""
    case_id = await db.fetchval(
        """
        SELECT case_id
          FROM employer_cases
         WHERE case_number = $1
           AND contact_id = $2
        """,
        case_number,
        contact_id,
    )
    return await employers.get_case(db, case_id=case_id, contact_id=contact_id) if case_id else None


async def get_redeemers(db: Pool | Tx, case_number: str) -> dict[UUID, int]:
    """Who has redeemed cards of this case, and for how much."""
    rows = await db.fetch(
        """
          SELECT redeemed_by, sum(amount_fen)::bigint AS amount_fen
            FROM cards
           WHERE case_number = $1
             AND redeemed_by IS NOT NULL
        GROUP BY redeemed_by
        """,
        case_number,
    )
    return {row["redeemed_by"]: row["amount_fen"] for row in rows}


async def lock_cards(tx: Tx, case_number: str) -> None:
    """Hold the cards of a case, so that none is redeemed meanwhile."""
    await tx.execute(
        """
          SELECT 1
            FROM cards
           WHERE case_number = $1
        ORDER BY card_id
             FOR UPDATE
        """,
        case_number,
    )


async def has_invoice(tx: Tx, case_number: str) -> bool:
    """Whether the transfer's invoice is asked for or issued."""
    found: bool = await tx.fetchval(
        """
        SELECT EXISTS (SELECT
                         FROM invoices
                        WHERE employer_case_number = $1
                          AND status IN ('requested', 'issued'))
        """,
        case_number,
    )
    return found


async def link(tx: Tx, case_id: UUID, invoice_id: UUID) -> None:
    """The case shows its invoice."""
    await tx.execute(
        "UPDATE employer_cases SET invoice_id = $2 WHERE case_id = $1", case_id, invoice_id
    )


async def unlink(tx: Tx, invoice_id: UUID) -> None:
    """The case has no invoice any more; nothing happens for an invoice of no case."""
    await tx.execute(
        "UPDATE employer_cases SET invoice_id = NULL WHERE invoice_id = $1", invoice_id
    )
