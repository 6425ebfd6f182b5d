"""Bank receipts: every query about money that reached the association's account."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.cards import Card
from ..model.receipts import Receipt
from .cards import card_of


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


async def insert_receipts(tx: Tx, receipts: Sequence[Receipt]) -> list[UUID]:
    """The ids of those whose number was not known."""
    columns = list(zip(*map(astuple, receipts), strict=True)) if receipts else [()] * 10
    rows = await tx.fetch(
        """
        INSERT INTO receipts (receipt_id, bank_reference, payer_name, remark, amount_fen,
                              received_on, allocated_fen, recorded_by, recorded_by_name,
                              recorded_at)
             SELECT *
               FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                           $6::date[], $7::bigint[], $8::uuid[], $9::text[], $10::timestamptz[])
        ON CONFLICT (bank_reference) DO NOTHING
          RETURNING receipt_id
        """,
        *columns,
    )
    return [row["receipt_id"] for row in rows]


async def list_facts(tx: Tx, bank_references: Sequence[str]) -> dict[str, tuple[int, date]]:
    """Sum and day of what is recorded under these numbers."""
    rows = await tx.fetch(
        """
        SELECT bank_reference, amount_fen, received_on
          FROM receipts
         WHERE bank_reference = ANY($1)
        """,
        bank_references,
    )
    return {row["bank_reference"]: (row["amount_fen"], row["received_on"]) for row in rows}


async def get_receipt(db: Pool | Tx, receipt_id: UUID) -> Receipt | None:
    row = await db.fetchrow(
        """
        SELECT receipt_id, bank_reference, payer_name, remark, amount_fen, received_on,
               allocated_fen, recorded_by, recorded_by_name, recorded_at
          FROM receipts
         WHERE receipt_id = $1
        """,
        receipt_id,
    )
    return _receipt(row) if row else None


async def list_receipts(
    db: Pool, *, with_rest: bool, text: str, before: UUID | None, limit: int
) -> list[Receipt]:
    """The newest first; all, or those with money left; whose number, payer or remark says this."""
    rows = await db.fetch(
        """
          SELECT receipt_id, bank_reference, payer_name, remark, amount_fen, received_on,
                 allocated_fen, recorded_by, recorded_by_name, recorded_at
            FROM receipts
           WHERE (NOT $1 OR allocated_fen < amount_fen)
             AND ($2 = '' OR bank_reference = $2 OR strpos(payer_name, $2) > 0
                  OR strpos(upper(remark), upper($2)) > 0)
             AND ($3::uuid IS NULL OR receipt_id < $3)
        ORDER BY receipt_id DESC
           LIMIT $4
        """,
        with_rest,
        text,
        before,
        limit,
    )
    return [_receipt(row) for row in rows]


async def get_rests(db: Pool) -> tuple[int, int]:
    """How many receipts have money left, and how much in all."""
    row = await db.fetchrow(
        """
        SELECT count(*) AS receipts, coalesce(sum(amount_fen - allocated_fen), 0)::bigint AS fen
          FROM receipts
         WHERE allocated_fen < amount_fen
        """
    )
    assert row is not None, "an aggregate has a row"
    return row["receipts"], row["fen"]


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


async def list_cards(db: Pool, receipt_id: UUID, *, limit: int) -> list[Card]:
    """What was issued for a receipt, the latest first."""
    rows = await db.fetch(
        """
          SELECT card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
                 receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
                 issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
                 balance_after_fen, replaced_by
            FROM cards
           WHERE receipt_id = $1
        ORDER BY card_id DESC
           LIMIT $2
        """,
        receipt_id,
        limit,
    )
    return [card_of(row) for row in rows]


def _receipt(row: asyncpg.Record) -> Receipt:
    return Receipt(**dict(row))
