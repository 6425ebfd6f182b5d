"""What staff do to one card after it was issued: void, reverse, extend, replace ($-3).

Lock order: the learner who redeemed it, its receipt, the card.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis import ids, outbox
from chassis.db import Tx
from contracts.payments import StudyCardIssued

from ..model.card_books import card_voided, reversal
from ..model.cards import (
    Card,
    CardChanged,
    CardTerms,
    NoSuchCard,
    replacement,
)
from ..model.learners import Staff
from ..model.ledger import Journal
from ..model.trails import Deed, Entry, entry
from ..store import cards as store
from ..store import goods as goods_store
from ..store import learners as learners_store
from ..store import ledger as ledger_store
from ..store import receipts as receipts_store
from ..store import trails


@dataclass(frozen=True, slots=True)
class Deciding:
    """Who decides about a card, and why."""

    by: Staff
    reason: str
    now: datetime


async def void(tx: Tx, *, card_id: UUID, deciding: Deciding) -> Card:
    """What an unredeemed card held is bank money again. Raises `NoSuchCard`, `CardChanged`."""
    card = await _lock(tx, card_id)
    card.check_worth()

    await _give_back(tx, card, [card_voided(card, deciding.now)], Deed.VOIDED, deciding)
    return card


async def reverse(tx: Tx, *, card_id: UUID, deciding: Deciding) -> Card:
    """The bank money of a redeemed card proved to be missing: what is left of it leaves the
    learner's account, what was spent is owed. Raises `NoSuchCard`, `CardChanged`."""
    card = await _lock(tx, card_id)
    if not card.is_redeemed or card.redeemed_by is None:
        raise CardChanged
    balance_fen = await ledger_store.get_balance(tx, card.redeemed_by)

    journals = reversal(card, card.redeemed_by, balance_fen, deciding.now)

    await _give_back(tx, card, journals, Deed.REVERSED, deciding)
    return card


async def undo(tx: Tx, *, card_id: UUID, deciding: Deciding) -> bool:
    """Void or reverse a card, whichever fits. False: it is void already."""
    card = await _lock(tx, card_id)
    if card.is_worth_something:
        await void(tx, card_id=card_id, deciding=deciding)
    elif card.is_redeemed:
        await reverse(tx, card_id=card_id, deciding=deciding)
    else:
        return False
    return True


async def extend(tx: Tx, *, card_id: UUID, terms: CardTerms, deciding: Deciding) -> Card:
    """An unredeemed card is good for the full time again, counted from now; so is one whose time
    was over. Raises `NoSuchCard`, `CardChanged`."""
    card = await _lock(tx, card_id)
    card.check_worth()

    await store.change_expiry(tx, card_id, terms.expires_on(deciding.now))
    await trails.insert_entries(tx, [_entry(Deed.EXTENDED, card_id, deciding)])
    return card


async def replace(
    tx: Tx, *, card_id: UUID, code: str, parcel_id: UUID, terms: CardTerms, deciding: Deciding
) -> Card:
    """A lost card: its code is void, and the same value waits for the same person under the code
    that the parcel holds. Raises `NoSuchCard`, `CardChanged`, `CardNotNamed`."""
    card = await _lock(tx, card_id)

    new = replacement(
        card, card_id=ids.new_id(), code=code, terms=terms, by=deciding.by, now=deciding.now
    )

    await store.insert_cards(tx, [new])
    await store.mark_replaced(tx, card_id, by=new.card_id)
    await trails.insert_entries(
        tx,
        [
            _entry(Deed.REPLACED, card_id, deciding),
            _entry(Deed.ISSUED, new.card_id, deciding),
        ],
    )
    learner_id = await holder_of(tx, new)
    if learner_id is not None:
        await outbox.add(tx, _issued(new, learner_id, parcel_id))
    return new


async def holder_of(tx: Tx, card: Card) -> UUID | None:
    """The learner whom a named card waits for, once they have an account."""
    if card.learner_id is not None or card.id_number_mac is None:
        return card.learner_id
    learner = await learners_store.find_learner(tx, id_number_mac=card.id_number_mac)
    return learner.learner_id if learner else None


async def _lock(tx: Tx, card_id: UUID) -> Card:
    """Hold a card after the learner who redeemed it and its receipt; those two are looked up
    first, and whoever redeemed it in between makes it another card."""
    seen = await store.get_card(tx, card_id)
    if seen is None:
        raise NoSuchCard
    if seen.redeemed_by is not None:
        await goods_store.lock_buyer(tx, seen.redeemed_by)
    await receipts_store.lock_receipt(tx, seen.receipt_id)
    card = await store.lock_card(tx, card_id)
    if card is None or card.redeemed_by != seen.redeemed_by:
        raise CardChanged
    return card


async def _give_back(
    tx: Tx, card: Card, journals: Sequence[Journal], deed: Deed, deciding: Deciding
) -> None:
    """The card is void, and its receipt has that much more to be made into cards."""
    await store.mark_void(tx, card.card_id)
    await receipts_store.change_allocated(tx, card.receipt_id, by_fen=-card.amount_fen)
    for journal in journals:
        await ledger_store.book(tx, journal)
    await trails.insert_entries(tx, [_entry(deed, card.card_id, deciding)])


def _entry(deed: Deed, card_id: UUID, deciding: Deciding) -> Entry:
    return entry(deed, by=deciding.by, at=deciding.now, card_id=card_id, reason=deciding.reason)


def _issued(card: Card, learner_id: UUID, parcel_id: UUID) -> StudyCardIssued:
    return StudyCardIssued(
        card_id=card.card_id,
        serial=card.serial,
        learner_id=learner_id,
        amount_fen=card.amount_fen,
        expires_on=card.expires_on,
        parcel_id=parcel_id,
        case_number=card.case_number,
    )
