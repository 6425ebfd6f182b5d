"""What the desk of invoices shows: the queue, what was found, who let an old tax number pass."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.invoices import Invoice, InvoiceStatus
from ..model.learners import Staff
from .invoices import COLUMNS, to_invoices


async def list_queue(db: Pool | Tx, *, after: UUID | None, limit: int) -> list[Invoice]:
    """What waits for a decision, the oldest first."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM invoices
           WHERE status = 'requested'
             AND ($1::uuid IS NULL OR invoice_id > $1)
        ORDER BY invoice_id
           LIMIT $2
        """,  # noqa: S608
        after,
        limit,
    )
    return to_invoices(rows)


async def list_undelivered(db: Pool, *, limit: int) -> list[Invoice]:
    """Issued, but the learner does not have it: a PDF is missing, or paper waits for SF."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM invoices
           WHERE status = 'issued'
             AND delivered_at IS NULL
        ORDER BY invoice_id
           LIMIT $1
        """,  # noqa: S608
        limit,
    )
    return to_invoices(rows)


async def search(
    db: Pool, *, text: str, status: InvoiceStatus | None, before: UUID | None, limit: int
) -> list[Invoice]:
    """Invoices of everybody, newest first, by case number, invoice number or title."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM invoices
           WHERE ($1 = '' OR case_number = upper($1) OR number = $1 OR strpos(title, $1) > 0)
             AND ($2::text IS NULL OR status = $2)
             AND ($3::uuid IS NULL OR invoice_id < $3)
        ORDER BY invoice_id DESC
           LIMIT $4
        """,  # noqa: S608
        text,
        status,
        before,
        limit,
    )
    return to_invoices(rows)


async def count(db: Pool) -> Mapping[InvoiceStatus, int]:
    rows = await db.fetch("SELECT status, count(*) AS invoices FROM invoices GROUP BY status")
    known = {row["status"]: row["invoices"] for row in rows}
    return {status: known.get(status, 0) for status in InvoiceStatus}


async def find_by_case(db: Pool | Tx, case_numbers: Sequence[str]) -> list[Invoice]:
    """The invoices of these cases, in order of their ids."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM invoices
           WHERE case_number = ANY($1)
        ORDER BY invoice_id
        """,  # noqa: S608
        list(case_numbers),
    )
    return to_invoices(rows)


async def find_numbers(db: Pool | Tx, numbers: Sequence[str]) -> set[str]:
    """Those among these invoice numbers, blue or red, that are known."""
    rows = await db.fetch(
        """
        SELECT asked.number
          FROM unnest($1::text[]) AS asked (number)
         WHERE EXISTS (SELECT
                         FROM invoices
                        WHERE invoices.number = asked.number
                           OR invoices.red_number = asked.number)
        """,
        list(numbers),
    )
    return {row["number"] for row in rows}


async def allow_old_tax_number(tx: Tx, tax_number: str, *, by: Staff, at: datetime) -> None:
    """Let it through; a second time changes nothing."""
    await tx.execute(
        """
        INSERT INTO old_tax_numbers (tax_number, allowed_by, allowed_by_name, allowed_at)
             VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        tax_number,
        by.staff_id,
        by.name,
        at,
    )
