"""Study cards: issued against bank money by a second person ($-3)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Tx

from ..model.card_books import card_issued
from ..model.cards import Card, CardTerms, IssuedCard, NewCard, named
from ..model.learners import Staff
from ..model.trails import Deed, entry
from ..store import cards as store
from ..store import ledger as ledger_store
from ..store import trails as trails_store
from . import receipts


async def issue_named(
    tx: Tx,
    *,
    terms: CardTerms,
    receipt_id: UUID,
    cards: Sequence[NewCard],
    by: Staff,
    now: datetime,
) -> list[IssuedCard]:
    """Turn a receipt's money into cards of named persons, active at once. The caller has drawn and
    sealed the codes, and tells `StudyCardIssued`.

    Raises `NoSuchReceipt`, `OwnReceipt`, `ReceiptSpent`.
    """
    await receipts.allocate(
        tx, receipt_id=receipt_id, amount_fen=sum(new.amount_fen for new in cards), by=by
    )

    made = [named(new, receipt_id=receipt_id, terms=terms, by=by, now=now) for new in cards]

    await store.insert_cards(tx, made)
    await trails_store.insert_entries(
        tx, [entry(Deed.ISSUED, by=by, at=now, card_id=card.card_id) for card in made]
    )
    for card in made:
        await ledger_store.book(tx, card_issued(card))
    return [_issued(card, new.code) for card, new in zip(made, cards, strict=True)]


def _issued(card: Card, code: str) -> IssuedCard:
    return IssuedCard(
        card_id=card.card_id,
        serial=card.serial,
        code=code,
        amount_fen=card.amount_fen,
        expires_on=card.expires_on,
        learner_id=card.learner_id,
        holder_name=card.holder_name,
    )
