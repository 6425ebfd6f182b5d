"""Invoices: what was asked for, and what became of it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.payments import InvoiceForm

from ..model.invoice_room import Basis, Standing
from ..model.invoices import Delivery, Invoice, InvoiceStatus, Title, TitleKind

COLUMNS: Final = """
    invoice_id, case_number, learner_id, basis, form, status, amount_fen, title_kind, title,
    tax_number, company_address, company_phone, bank_name, bank_account, email,
    delivery_parcel_id, recipient_masked, mobile_masked, requested_at, number, issued_on,
    document_name, document_sha256, red_number, reversed_on, reason, decided_at, decided_by,
    decided_by_name, delivered_at"""


async def get_standing(db: Pool | Tx, learner_id: UUID) -> Standing:
    """A learner's money as invoices see it; who decides by it holds the buyer."""
    row = await db.fetchrow(
        """
        SELECT paid.direct_fen, paid.wallet_fen,
               coalesce((SELECT balance_fen FROM wallets WHERE learner_id = $1), 0) AS balance_fen,
               asked.for_spending_fen, asked.for_direct_fen, asked.for_sale_fen
          FROM (SELECT coalesce(sum(amount_fen - refunded_fen)
                           FILTER (WHERE method = 'wechat'), 0)::bigint AS direct_fen,
                       coalesce(sum(amount_fen - refunded_fen)
                           FILTER (WHERE method = 'wallet'), 0)::bigint AS wallet_fen
                  FROM orders
                 WHERE learner_id = $1
                   AND status = 'paid') AS paid,
               (SELECT coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'spending'), 0)::bigint AS for_spending_fen,
                       coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'direct'), 0)::bigint AS for_direct_fen,
                       coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'sale'), 0)::bigint AS for_sale_fen
                  FROM invoices
                 WHERE learner_id = $1
                   AND status IN ('requested', 'issued')) AS asked
        """,
        learner_id,
    )
    assert row is not None, "sums are always one row"
    return Standing(**row)


async def get_spending(db: Pool | Tx, learner_id: UUID) -> tuple[int, int]:
    """What a learner paid for orders, and what of it went back or is promised back."""
    row = await db.fetchrow(
        """
        SELECT coalesce(sum(amount_fen), 0)::bigint AS paid_fen,
               coalesce(sum(refunded_fen), 0)::bigint AS refunded_fen
          FROM orders
         WHERE learner_id = $1
           AND status = 'paid'
        """,
        learner_id,
    )
    assert row is not None, "sums are always one row"
    return row["paid_fen"], row["refunded_fen"]


async def insert_invoice(tx: Tx, invoice: Invoice) -> None:
    title, delivery = invoice.title, invoice.delivery
    await tx.execute(
        """
        INSERT INTO invoices (invoice_id, case_number, learner_id, basis, form, status, amount_fen,
                              title_kind, title, tax_number, company_address, company_phone,
                              bank_name, bank_account, email, delivery_parcel_id,
                              recipient_masked, mobile_masked, requested_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                     $18, $19)
        """,
        invoice.invoice_id,
        invoice.case_number,
        invoice.learner_id,
        invoice.basis,
        invoice.form,
        invoice.status,
        invoice.amount_fen,
        title.kind,
        title.name,
        title.tax_number,
        title.company_address,
        title.company_phone,
        title.bank_name,
        title.bank_account,
        invoice.email,
        delivery and delivery.parcel_id,
        delivery.recipient_masked if delivery else "",
        delivery.mobile_masked if delivery else "",
        invoice.requested_at,
    )


async def update_invoice(tx: Tx, invoice: Invoice) -> None:
    """Write down what became of it; what was asked for never changes."""
    await tx.execute(
        """
        UPDATE invoices
           SET status = $2, number = $3, issued_on = $4, document_name = $5, document_sha256 = $6,
               red_number = $7, reversed_on = $8, reason = $9, decided_at = $10, decided_by = $11,
               decided_by_name = $12, delivered_at = $13
         WHERE invoice_id = $1
        """,
        invoice.invoice_id,
        invoice.status,
        invoice.number,
        invoice.issued_on,
        invoice.document_name,
        invoice.document_sha256,
        invoice.red_number,
        invoice.reversed_on,
        invoice.reason,
        invoice.decided_at,
        invoice.decided_by,
        invoice.decided_by_name,
        invoice.delivered_at,
    )


async def find_learner(db: Pool | Tx, invoice_id: UUID) -> UUID | None:
    """Whose invoice it is; that never changes, so it may be read before the lock."""
    learner_id: UUID | None = await db.fetchval(
        "SELECT learner_id FROM invoices WHERE invoice_id = $1", invoice_id
    )
    return learner_id


async def lock_invoice(tx: Tx, invoice_id: UUID) -> Invoice | None:
    """Hold an invoice, after its buyer, until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM invoices WHERE invoice_id = $1 FOR UPDATE",  # noqa: S608
        invoice_id,
    )
    return to_invoice(row) if row else None


async def get_invoice(db: Pool | Tx, invoice_id: UUID) -> Invoice | None:
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM invoices WHERE invoice_id = $1",  # noqa: S608
        invoice_id,
    )
    return to_invoice(row) if row else None


async def find_open(db: Pool | Tx, learner_id: UUID) -> Invoice | None:
    """The learner's application that is not decided yet."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM invoices WHERE learner_id = $1 AND status = 'requested'",  # noqa: S608
        learner_id,
    )
    return to_invoice(row) if row else None


async def list_invoices(
    db: Pool | Tx, *, learner_id: UUID, before: UUID | None, limit: int
) -> list[Invoice]:
    """A learner's invoices, newest first, from those before `before`."""
    rows = await db.fetch(
        f"""
          SELECT {COLUMNS}
            FROM invoices
           WHERE learner_id = $1
             AND ($2::uuid IS NULL OR invoice_id < $2)
        ORDER BY invoice_id DESC
           LIMIT $3
        """,  # noqa: S608
        learner_id,
        before,
        limit,
    )
    return to_invoices(rows)


async def allows_old_tax_number(db: Pool | Tx, tax_number: str) -> bool:
    """Whether staff have let this old tax number through."""
    allowed: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM old_tax_numbers WHERE tax_number = $1)", tax_number
    )
    return allowed


def to_invoices(rows: Sequence[asyncpg.Record]) -> list[Invoice]:
    return [to_invoice(row) for row in rows]


def to_invoice(row: asyncpg.Record) -> Invoice:
    parcel_id = row["delivery_parcel_id"]
    return Invoice(
        invoice_id=row["invoice_id"],
        case_number=row["case_number"],
        learner_id=row["learner_id"],
        basis=Basis(row["basis"]),
        form=InvoiceForm(row["form"]),
        status=InvoiceStatus(row["status"]),
        amount_fen=row["amount_fen"],
        title=_title(row),
        email=row["email"],
        delivery=parcel_id and Delivery(parcel_id, row["recipient_masked"], row["mobile_masked"]),
        requested_at=row["requested_at"],
        number=row["number"],
        issued_on=row["issued_on"],
        document_name=row["document_name"],
        document_sha256=row["document_sha256"],
        red_number=row["red_number"],
        reversed_on=row["reversed_on"],
        reason=row["reason"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decided_by_name=row["decided_by_name"],
        delivered_at=row["delivered_at"],
    )


def _title(row: asyncpg.Record) -> Title:
    return Title(
        kind=TitleKind(row["title_kind"]),
        name=row["title"],
        tax_number=row["tax_number"],
        company_address=row["company_address"],
        company_phone=row["company_phone"],
        bank_name=row["bank_name"],
        bank_account=row["bank_account"],
    )
