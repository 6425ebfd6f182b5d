"""Batches of anonymous cards, and the bank money that can be made into cards ($-3)."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.batches import Batch, BatchStatus
from ..model.learners import Staff


@dataclass(frozen=True, slots=True)
class BankMoney:
    """A receipt as the desk of cards names it, and what of it is not spoken for."""

    receipt_id: UUID
    bank_reference: str
    payer_name: str
    received_on: date
    rest_fen: int


async def insert_batch(tx: Tx, batch: Batch) -> bool:
    """False if a batch of this id is there."""
    inserted = await tx.fetchval(
        """
        INSERT INTO card_batches (batch_id, receipt_id, cards, face_fen, note, status, drafted_by,
                                  drafted_by_name, drafted_at, approved_by, approved_by_name,
                                  approved_at, sheet_id, sheet_expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (batch_id) DO NOTHING
          RETURNING true
        """,
        *astuple(batch),
    )
    return inserted is not None


async def get_batch(db: Pool | Tx, batch_id: UUID) -> Batch | None:
    row = await db.fetchrow(
        """
        SELECT batch_id, receipt_id, cards, face_fen, note, status, drafted_by, drafted_by_name,
               drafted_at, approved_by, approved_by_name, approved_at, sheet_id, sheet_expires_at
          FROM card_batches
         WHERE batch_id = $1
        """,
        batch_id,
    )
    return _batch(row) if row else None


async def lock_batch(tx: Tx, batch_id: UUID) -> Batch | None:
    """Hold a batch until the transaction ends, before its receipt and its cards."""
    row = await tx.fetchrow(
        """
        SELECT batch_id, receipt_id, cards, face_fen, note, status, drafted_by, drafted_by_name,
               drafted_at, approved_by, approved_by_name, approved_at, sheet_id, sheet_expires_at
          FROM card_batches
         WHERE batch_id = $1
           FOR UPDATE
        """,
        batch_id,
    )
    return _batch(row) if row else None


async def mark_approved(tx: Tx, batch_id: UUID, *, by: Staff, at: datetime) -> None:
    await tx.execute(
        """
        UPDATE card_batches
           SET status = 'approved', approved_by = $2, approved_by_name = $3, approved_at = $4
         WHERE batch_id = $1
        """,
        batch_id,
        by.staff_id,
        by.name,
        at,
    )


async def lay_out_sheet(tx: Tx, batch_id: UUID, *, sheet_id: UUID, expires_at: datetime) -> None:
    """The batch is (again) approved and has a sheet that can be taken."""
    await tx.execute(
        """
        UPDATE card_batches
           SET status = 'approved', sheet_id = $2, sheet_expires_at = $3
         WHERE batch_id = $1
        """,
        batch_id,
        sheet_id,
        expires_at,
    )


async def mark_status(tx: Tx, batch_id: UUID, status: BatchStatus) -> None:
    """Printed, active or void: there is no sheet any more."""
    await tx.execute(
        "UPDATE card_batches SET status = $2, sheet_id = NULL WHERE batch_id = $1", batch_id, status
    )


async def activate_cards(tx: Tx, batch_id: UUID) -> None:
    await tx.execute(
        "UPDATE cards SET status = 'active' WHERE batch_id = $1 AND status = 'inert'", batch_id
    )


async def void_cards(tx: Tx, card_ids: Sequence[UUID]) -> int:
    """Void cards that the caller holds; what they held, in fen."""
    voided: int = await tx.fetchval(
        """
        WITH voided AS (
               UPDATE cards
                  SET status = 'void'
                WHERE card_id = ANY($1)
            RETURNING amount_fen
        )
        SELECT coalesce(sum(amount_fen), 0)::bigint FROM voided
        """,
        list(card_ids),
    )
    return voided


async def replace_cards(tx: Tx, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Void each old card in favour of its new one."""
    await tx.executemany(
        "UPDATE cards SET status = 'void', replaced_by = $2 WHERE card_id = $1", pairs
    )


async def list_worth(tx: Tx, batch_id: UUID) -> list[UUID]:
    """The cards of a batch that are not redeemed and not void, held in the order of their ids."""
    rows = await tx.fetch(
        """
          SELECT card_id
            FROM cards
           WHERE batch_id = $1
             AND status IN ('inert', 'active')
        ORDER BY card_id
             FOR UPDATE
        """,
        batch_id,
    )
    return [row["card_id"] for row in rows]


async def list_in_work(db: Pool) -> list[Batch]:
    """Batches that wait for somebody: to be approved, printed or delivered; the oldest first."""
    rows = await db.fetch(
        """
          SELECT batch_id, receipt_id, cards, face_fen, note, status, drafted_by, drafted_by_name,
                 drafted_at, approved_by, approved_by_name, approved_at, sheet_id, sheet_expires_at
            FROM card_batches
           WHERE status IN ('draft', 'approved', 'printed')
        ORDER BY batch_id
        """
    )
    return [_batch(row) for row in rows]


async def list_stale_sheets(db: Pool, now: datetime) -> list[UUID]:
    """The sheets that were not taken in time."""
    rows = await db.fetch(
        """
        SELECT sheet_id
          FROM card_batches
         WHERE sheet_id IS NOT NULL
           AND sheet_expires_at <= $1
        """,
        now,
    )
    return [row["sheet_id"] for row in rows]


async def forget_sheet(db: Pool, sheet_id: UUID) -> None:
    await db.execute("UPDATE card_batches SET sheet_id = NULL WHERE sheet_id = $1", sheet_id)


async def list_bank_money(db: Pool) -> list[BankMoney]:
    """What can be made into cards, the latest first."""
    rows = await db.fetch(
        """
          SELECT receipt_id, bank_reference, payer_name, received_on,
                 amount_fen - allocated_fen AS rest_fen
            FROM receipts
           WHERE allocated_fen < amount_fen
        ORDER BY received_on DESC, receipt_id DESC
           LIMIT 200
        """
    )
    return [BankMoney(**dict(row)) for row in rows]


async def get_bank_money(db: Pool, receipt_id: UUID) -> BankMoney | None:
    row = await db.fetchrow(
        """
        SELECT receipt_id, bank_reference, payer_name, received_on,
               amount_fen - allocated_fen AS rest_fen
          FROM receipts
         WHERE receipt_id = $1
        """,
        receipt_id,
    )
    return BankMoney(**dict(row)) if row else None


def _batch(row: asyncpg.Record) -> Batch:
    return Batch(**{**row, "status": BatchStatus(row["status"])})
