"""What staff look for among the study cards: cards, batches, and why a code was refused."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool

from ..model.cards import Card, CardState
from ..model.tries import Outcome
from .cards import card_of

TRIES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of cards is narrowed down to. `text`: a serial, the last four characters of a
    code, a part of the holder's name, or a case's number."""

    text: str = ""
    state: CardState | None = None
    batch_id: UUID | None = None
    receipt_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SeenTry:
    """A try to redeem a card, with the name of whoever tried."""

    outcome: Outcome
    learner_name: str | None
    tried_at: datetime


async def list_cards(
    db: Pool, wanted: Wanted, *, today: date, before: UUID | None, limit: int
) -> list[Card]:
    """The latest first, from those before the card `before`."""
    rows = await db.fetch(
        """
          SELECT card_id, serial, code_mac, key_version, code_end, amount_fen, status, expires_on,
                 receipt_id, batch_id, holder_name, learner_id, id_number_mac, case_number,
                 issued_by, issued_by_name, issued_at, redeemed_by, redeemed_at,
                 balance_after_fen, replaced_by
            FROM cards
           WHERE ($1 = '' OR serial = upper($1) OR code_end = upper($1)
                  OR case_number = upper($1) OR strpos(holder_name, $1) > 0)
             AND ($2::text IS NULL OR $2 = CASE
                  WHEN replaced_by IS NOT NULL THEN 'replaced'
                  WHEN status IN ('inert', 'active') AND expires_on < $3 THEN 'expired'
                  ELSE status
                  END)
             AND ($4::uuid IS NULL OR batch_id = $4)
             AND ($5::uuid IS NULL OR receipt_id = $5)
             AND ($6::uuid IS NULL OR card_id < $6)
        ORDER BY card_id DESC
           LIMIT $7
        """,
        wanted.text,
        wanted.state,
        today,
        wanted.batch_id,
        wanted.receipt_id,
        before,
        limit,
    )
    return [card_of(row) for row in rows]


async def count_states(db: Pool, batch_id: UUID, *, today: date) -> dict[CardState, int]:
    """How many cards of a batch are in which state."""
    rows = await db.fetch(
        """
          SELECT CASE
                 WHEN replaced_by IS NOT NULL THEN 'replaced'
                 WHEN status IN ('inert', 'active') AND expires_on < $2 THEN 'expired'
                 ELSE status
                 END AS state, count(*) AS cards
            FROM cards
           WHERE batch_id = $1
        GROUP BY 1
        """,
        batch_id,
        today,
    )
    return {CardState(row["state"]): row["cards"] for row in rows}


async def list_undoable(db: Pool, receipt_id: UUID) -> list[UUID]:
    """The cards of a receipt that are not void, in the order of their ids."""
    rows = await db.fetch(
        """
          SELECT card_id
            FROM cards
           WHERE receipt_id = $1
             AND status <> 'void'
        ORDER BY card_id
        """,
        receipt_id,
    )
    return [row["card_id"] for row in rows]


async def list_tries(db: Pool, card_id: UUID) -> list[SeenTry]:
    """How often this card's code was typed, and what became of it; the latest first."""
    rows = await db.fetch(
        """
          SELECT outcome, real_name AS learner_name, tried_at
            FROM card_tries
       LEFT JOIN learners USING (learner_id)
           WHERE card_id = $1
        ORDER BY try_id DESC
           LIMIT $2
        """,
        card_id,
        TRIES_SHOWN,
    )
    return [SeenTry(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]
