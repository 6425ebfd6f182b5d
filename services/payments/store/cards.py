"""Study cards: every query about what was issued, and to whom ($-3, $-4)."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis import clock
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


async def find_card(tx: Tx, *, code_mac: str) -> Card | None:
    row = await tx.fetchrow(
        """
        SELECT card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
               receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
               issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
               balance_after_fen, replaced_by
          FROM cards
         WHERE code_mac = $1
        """,
        code_mac,
    )
    return card_of(row) if row else None


async def take_card(
    tx: Tx,
    *,
    learner_id: UUID,
    code_mac: str | None,
    card_id: UUID | None,
    balance_fen: int,
    now: datetime,
) -> Card | None:
    """Redeem the card of this code, or the named card of this id, if this learner may: one
    statement, so that of many at once one succeeds. The caller holds the learner."""
    row = await tx.fetchrow(
        """
           UPDATE cards
              SET status = 'redeemed', redeemed_by = $1, redeemed_at = $6,
                  balance_after_fen = $4 + amount_fen
            WHERE (code_mac = $2 OR (card_id = $3 AND holder_name IS NOT NULL))
              AND status = 'active'
              AND expires_on >= $5
              AND (holder_name IS NULL
                   OR learner_id = $1
                   OR id_number_mac = (
                      SELECT id_number_mac FROM learners WHERE learner_id = $1))
        RETURNING card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
                  receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
                  issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
                  balance_after_fen, replaced_by
        """,
        learner_id,
        code_mac,
        card_id,
        balance_fen,
        clock.date_of(now),
        now,
    )
    return card_of(row) if row else None


async def list_of_learner(db: Pool | Tx, learner_id: UUID) -> list[Card]:
    """The cards in a learner's name and those that they redeemed, the latest first. What became
    of a voided one stands in its replacement."""
    rows = await db.fetch(
        """
          SELECT card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
                 receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
                 issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
                 balance_after_fen, replaced_by
            FROM cards
           WHERE redeemed_by = $1
              OR learner_id = $1
              OR id_number_mac = (SELECT id_number_mac FROM learners WHERE learner_id = $1)
        ORDER BY card_id DESC
           LIMIT 100
        """,
        learner_id,
    )
    return [card_of(row) for row in rows]


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
