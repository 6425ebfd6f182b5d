"""Bank receipts: every query about money that reached the association's account."""

from dataclasses import astuple
from uuid import UUID

import asyncpg

from chassis.db import Tx

from ..model.receipts import Receipt


async def insert_receipt(tx: Tx, receipt: Receipt) -> bool:
    """False if the bank's number is known already."""
    inserted = await tx.fetchval(
        """
        INSERT INTO receipts (receipt_id, bank_reference, payer_name, remark, amount_fen,
                              received_on, allocated_fen, recorded_by, recorded_by_name,
                              recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (bank_reference) DO NOTHING
          RETURNING true
        """,
        *astuple(receipt),
    )
    return inserted is not None


async def lock_receipt(tx: Tx, receipt_id: UUID) -> Receipt | None:
    row = await tx.fetchrow(
        """
        SELECT receipt_id, bank_reference, payer_name, remark, amount_fen, received_on,
               allocated_fen, recorded_by, recorded_by_name, recorded_at
          FROM receipts
         WHERE receipt_id = $1
           FOR UPDATE
        """,
        receipt_id,
    )
    return _receipt(row) if row else None


async def change_allocated(tx: Tx, receipt_id: UUID, *, by_fen: int) -> None:
    """The caller holds the receipt and has checked the sum."""
    await tx.execute(
        "UPDATE receipts SET allocated_fen = allocated_fen + $2 WHERE receipt_id = $1",
        receipt_id,
        by_fen,
    )


def _receipt(row: asyncpg.Record) -> Receipt:
    return Receipt(**dict(row))
