"""Journals of study cards: bank money, card, balance, and back ($-3, $-4, $-9)."""

from datetime import datetime
from uuid import UUID

from .cards import Card
from .ledger import Account, Journal, move, wallet


def card_issued(card: Card) -> Journal:
    """Bank money became a card."""
    return move(
        "card_issued",
        str(card.card_id),
        card.issued_at,
        card.amount_fen,
        debit=Account.RECEIPTS,
        credit=Account.CARDS,
        label=card.serial,
    )


def card_redeemed(card: Card, learner_id: UUID, now: datetime) -> Journal:
    """A card became a learner's balance ($-4)."""
    return move(
        "card_redeemed",
        str(card.card_id),
        now,
        card.amount_fen,
        debit=Account.CARDS,
        credit=wallet(learner_id),
        label=card.serial,
    )


def card_voided(card: Card, now: datetime) -> Journal:
    """What an unredeemed card held is bank money again."""
    return move(
        "card_voided",
        str(card.card_id),
        now,
        card.amount_fen,
        debit=Account.CARDS,
        credit=Account.RECEIPTS,
        label=card.serial,
    )


def reversal(card: Card, learner_id: UUID, balance_fen: int, now: datetime) -> list[Journal]:
    """A redeemed card whose bank money is missing: what is left of it leaves the account, which
    never goes below zero; what was spent is owed to the association ($-9)."""
    taken = min(balance_fen, card.amount_fen)
    parts = (
        ("card_reversed", taken, wallet(learner_id)),
        ("card_uncovered", card.amount_fen - taken, Account.RECEIVABLE),
    )
    return [
        move(
            kind,
            str(card.card_id),
            now,
            amount_fen,
            debit=account,
            credit=Account.RECEIPTS,
            label=card.serial,
        )
        for kind, amount_fen, account in parts
        if amount_fen > 0
    ]
