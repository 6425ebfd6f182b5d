"""What staff see of employers' cases, and the bank receipts that may be theirs."""

from uuid import UUID

from chassis.db import Pool

from ..model.employers import EmployerCase
from ..model.receipts import Receipt
from .employers import case_of


async def list_waiting(db: Pool, *, limit: int) -> list[EmployerCase]:
    """Cases that wait for their money, the longest waiting first."""
    rows = await db.fetch(
        """
          SELECT case_id, case_number, contact_id, employer_name, tax_number, contact_name, phone,
                 email, status, hours, amount_fen, created_at, quoted_at, valid_until, reason,
                 receipt_id, issued_at, issued_by, issued_by_name, sheet_id, sheet_taken_at,
                 invoice_id
            FROM employer_cases
           WHERE status = 'quoted'
        ORDER BY quoted_at
           LIMIT $1
        """,
        limit,
    )
    return [case_of(row) for row in rows]


async def count_waiting(db: Pool) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM employer_cases WHERE status = 'quoted'")
    return count


async def search(db: Pool, *, text: str, before: UUID | None, limit: int) -> list[EmployerCase]:
    """Cases by number, employer or contact (any if empty), newest first; no drafts."""
    rows = await db.fetch(
        """
          SELECT case_id, case_number, contact_id, employer_name, tax_number, contact_name, phone,
                 email, status, hours, amount_fen, created_at, quoted_at, valid_until, reason,
                 receipt_id, issued_at, issued_by, issued_by_name, sheet_id, sheet_taken_at,
                 invoice_id
            FROM employer_cases
           WHERE status <> 'draft'
             AND ($1 = '' OR case_number = upper($1) OR strpos(employer_name, $1) > 0
                  OR contact_name = $1)
             AND ($2::uuid IS NULL OR case_id < $2)
        ORDER BY case_id DESC
           LIMIT $3
        """,
        text,
        before,
        limit,
    )
    return [case_of(row) for row in rows]


async def list_candidates(
    db: Pool, *, reference_key: str, amount_fen: int, limit: int
) -> list[Receipt]:
    """Receipts with money left whose remark quotes the reference, or that hold just this sum."""
    rows = await db.fetch(
        """
          SELECT receipt_id, bank_reference, payer_name, remark, amount_fen, received_on,
                 allocated_fen, recorded_by, recorded_by_name, recorded_at
            FROM receipts
           WHERE allocated_fen < amount_fen
             AND (strpos(remark_key, $1) > 0 OR amount_fen = $2)
        ORDER BY strpos(remark_key, $1) > 0 DESC, receipt_id DESC
           LIMIT $3
        """,
        reference_key,
        amount_fen,
        limit,
    )
    return [Receipt(**row) for row in rows]
