"""Study cards: every query about what was issued, and to whom ($-3, $-4)."""

from collections.abc import Sequence
from dataclasses import astuple
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.cards import Card, CardStatus


async def insert_cards(tx: Tx, cards: Sequence[Card]) -> None:
    await tx.executemany(
        """
        INSERT INTO cards (card_id, serial, code_mac, key_version, code_end, amount_fen, status,
                           expires_on, receipt_id, batch_id, holder_name, learner_id,
                           id_number_mac, case_number, issued_by, issued_by_name, issued_at,
                           redeemed_by, redeemed_at, balance_after_fen, replaced_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                     $18, $19, $20, $21)
        """,
        [astuple(card) for card in cards],
    )


async def get_card(db: Pool | Tx, card_id: UUID) -> Card | None:
    row = await db.fetchrow(
        """
        SELECT card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
               receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
               issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
               balance_after_fen, replaced_by
          FROM cards
         WHERE card_id = $1
        """,
        card_id,
    )
    return card_of(row) if row else None


async def get_outstanding(db: Pool | Tx) -> tuple[int, int]:
    """How many cards are worth something, and their sum in fen: what `liability:cards` must owe.
    An expired card is among them ($-9)."""
    row = await db.fetchrow(
        """
        SELECT count(*) AS cards, coalesce(sum(amount_fen), 0)::bigint AS fen
          FROM cards
         WHERE status IN ('inert', 'active')
        """
    )
    assert row is not None, "an aggregate has a row"
    return row["cards"], row["fen"]


def card_of(row: asyncpg.Record) -> Card:
    return Card(**{**row, "status": CardStatus(row["status"])})
