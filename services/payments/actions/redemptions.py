"""Redemption: a study card tops up a learner's CNY account, once ($-4)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from contracts.payments import StudyCardRedeemed

from ..model.card_books import card_redeemed
from ..model.cards import Card
from ..model.tries import (
    PER_ACCOUNT,
    PER_ADDRESS,
    Outcome,
    TooManyCodes,
    Try,
    judge,
    wait,
)
from ..store import cards as store
from ..store import goods as goods_store
from ..store import ledger as ledger_store
from ..store import tries as tries_store


@dataclass(frozen=True, slots=True)
class Redemption:
    """A card that stands in the learner's account; `is_new`: since this very try."""

    serial: str
    amount_fen: int
    balance_fen: int
    is_new: bool


async def redeem_code(
    tx: Tx, *, learner_id: UUID, code_mac: str, address: str, now: datetime
) -> Redemption | None:
    """Redeem the card of a code. None: it was refused, which must be committed, because it counts.

    Every failure does the same work. Raises `TooManyCodes`, for a good code too.
    """
    await goods_store.lock_buyer(tx, learner_id)
    await tries_store.hold_address(tx, address)
    await _check_limits(tx, learner_id, address, now)

    card = await _take(tx, learner_id, now, code_mac=code_mac)
    found = card or await store.find_card(tx, code_mac=code_mac)
    outcome = Outcome.REDEEMED if card else judge(found, learner_id, clock.date_of(now))

    card_id = found.card_id if found else None
    await tries_store.insert_try(tx, Try(ids.new_id(), learner_id, address, outcome, card_id, now))
    if found is None or outcome not in (Outcome.REDEEMED, Outcome.REPEATED):
        return None
    return _redemption(found, is_new=outcome is Outcome.REDEEMED)


async def redeem_own(
    tx: Tx, *, learner_id: UUID, card_id: UUID, now: datetime
) -> Redemption | None:
    """Redeem a card that is in this learner's name, without its code. None: it can't be."""
    await goods_store.lock_buyer(tx, learner_id)

    card = await _take(tx, learner_id, now, card_id=card_id)
    found = card or await store.get_card(tx, card_id)
    if found is None or found.redeemed_by != learner_id or not found.is_redeemed:
        return None
    return _redemption(found, is_new=card is not None)


async def _check_limits(tx: Tx, learner_id: UUID, address: str, now: datetime) -> None:
    filling = await tries_store.list_filling(
        tx,
        learner_id=learner_id,
        address=address,
        per_account=PER_ACCOUNT,
        per_address=PER_ADDRESS,
    )
    left = wait((*PER_ACCOUNT, *PER_ADDRESS), filling, now=now)
    if left is not None:
        raise TooManyCodes(retry_after_seconds=int(left.total_seconds()) + 1)


async def _take(
    tx: Tx,
    learner_id: UUID,
    now: datetime,
    *,
    code_mac: str | None = None,
    card_id: UUID | None = None,
) -> Card | None:
    """The whole of a redemption, or nothing: one statement decides, whoever else tries."""
    card = await store.take_card(
        tx,
        learner_id=learner_id,
        code_mac=code_mac,
        card_id=card_id,
        balance_fen=await ledger_store.get_balance(tx, learner_id),
        now=now,
    )
    if card is not None:
        await ledger_store.book(tx, card_redeemed(card, learner_id, now))
        await outbox.add(tx, _event(card, learner_id, now))
    return card


def _redemption(card: Card, *, is_new: bool) -> Redemption:
    assert card.balance_after_fen is not None, "a redeemed card says what it led to"
    return Redemption(card.serial, card.amount_fen, card.balance_after_fen, is_new)


def _event(card: Card, learner_id: UUID, now: datetime) -> StudyCardRedeemed:
    assert card.balance_after_fen is not None
    return StudyCardRedeemed(
        card_id=card.card_id,
        serial=card.serial,
        learner_id=learner_id,
        amount_fen=card.amount_fen,
        balance_fen=card.balance_after_fen,
        redeemed_at=now,
    )
