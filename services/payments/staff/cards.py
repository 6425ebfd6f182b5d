"""The finance desk: study cards, what became of each, and what staff do about it ($-3, $-4)."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from ..actions import card_changes as actions
from ..actions.card_changes import Deciding
from ..deps import OwnSettings, ParcelShelf, Terms, staff_of
from ..model.cards import Card, CardState, CardTerms, NoSuchCard, draw_code
from ..model.receipts import NoSuchReceipt
from ..model.tries import ALARM_WINDOW
from ..store import batches, card_desk, learners, trails, tries
from ..store import cards as store
from .card_forms import CardDecision, Reason

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/cards", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Issuer = Annotated[Session, StaffWith(Permission.PAYMENTS_CARDS)]
PAGE_SIZE = 50
CARDS_SHOWN = 500
DONE = {
    "void": N_("The card is void. What it held is bank money again."),
    "reverse": N_("The card is reversed. What was left of it has left the learner's account."),
    "extend": N_("The card is good for the full time again."),
    "replace": N_("The old code is void; the new one was sent to its holder."),
}


@router.get("")
async def show_desk(
    request: Request,
    db: Db,
    who: Reader,
    settings: OwnSettings,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What waits for somebody comes first, then every card."""
    now, chosen = clock.now(), CardState(state) if state in set(CardState) else None
    found = await card_desk.list_cards(
        db,
        card_desk.Wanted(text=q.strip(), state=chosen),
        today=clock.today(),
        before=cursor,
        limit=PAGE_SIZE + 1,
    )
    cards = found[:PAGE_SIZE]
    here = f"/staff/payments/cards?{urlencode({'state': chosen or '', 'q': q.strip()})}"
    return page(
        request,
        "staff/cards.html",
        batches=await batches.list_in_work(db),
        outstanding=await store.get_outstanding(db),
        failures=await tries.count_failures(db, since=now - ALARM_WINDOW),
        alarm=settings.card_failures_alarm,
        can_change=who.may(Permission.PAYMENTS_CARDS),
        cards=cards,
        today=clock.today(),
        state=chosen,
        q=q.strip(),
        first_url=f"{here}#cards" if cursor else None,
        next_url=f"{here}&cursor={cards[-1].card_id}#cards" if len(found) > PAGE_SIZE else None,
    )


@router.get("/{card_id}")
async def show_card(request: Request, card_id: UUID, db: Db, who: Reader) -> Response:
    return await _card_page(request, db, who, card_id)


@router.post("/{card_id}/decisions")
async def decide(
    request: Request, card_id: UUID, db: Db, who: Issuer, parcels: ParcelShelf, terms: Terms
) -> Response:
    form = await read_form(request)
    try:
        typed = parse(CardDecision, form)
        deciding = Deciding(staff_of(who), typed.reason, clock.now())
        changed = await _carry_out(db, parcels, terms, card_id, typed.deed, deciding)
    except NoSuchCard:
        raise
    except Refusal as refusal:
        return await _card_page(request, db, who, card_id, refusal, form)
    log.info("card_changed", deed=typed.deed, serial=changed.serial)
    path = f"/staff/payments/cards/{changed.card_id}"
    return see_other(path, request=request, flash=DONE[typed.deed])


async def _carry_out(
    db: Pool, parcels: Parcels, terms: CardTerms, card_id: UUID, deed: str, deciding: Deciding
) -> Card:
    if deed == "replace":
        return await _replace(db, parcels, terms, card_id, deciding)
    async with transaction(db) as tx:
        match deed:
            case "void":
                return await actions.void(tx, card_id=card_id, deciding=deciding)
            case "reverse":
                return await actions.reverse(tx, card_id=card_id, deciding=deciding)
            case _:
                return await actions.extend(tx, card_id=card_id, terms=terms, deciding=deciding)


async def _replace(
    db: Pool, parcels: Parcels, terms: CardTerms, card_id: UUID, deciding: Deciding
) -> Card:
    """The code is sealed before its card exists; a parcel without a card does no harm."""
    code, parcel_id = draw_code(), ids.new_id()
    await parcels.seal(parcel_id, Parcel({"code": code}))
    try:
        async with transaction(db) as tx:
            return await actions.replace(
                tx,
                card_id=card_id,
                code=code,
                parcel_id=parcel_id,
                terms=terms,
                deciding=deciding,
            )
    except Refusal:
        await parcels.delete(parcel_id)
        raise


@router.get("/receipts/{receipt_id}")
async def show_cards_of_receipt(
    request: Request, receipt_id: UUID, db: Db, who: Reader
) -> Response:
    return await _receipt_page(request, db, who, receipt_id)


@router.post("/receipts/{receipt_id}/reversal")
async def undo_receipt(request: Request, receipt_id: UUID, db: Db, who: Issuer) -> Response:
    """The bank money is missing: every card that was made of it is void or reversed, each in a
    transaction of its own; pressed again, it goes on where it stopped."""
    form = await read_form(request)
    try:
        reason = parse(Reason, form).reason
    except Refusal as refusal:
        return await _receipt_page(request, db, who, receipt_id, refusal, form)
    if await batches.get_bank_money(db, receipt_id) is None:
        raise NoSuchReceipt
    deciding = Deciding(staff_of(who), reason, clock.now())
    undone = 0
    for card_id in await card_desk.list_undoable(db, receipt_id):
        async with transaction(db) as tx:
            undone += await actions.undo(tx, card_id=card_id, deciding=deciding)
    log.info("receipt_cards_undone", receipt_id=str(receipt_id), cards=undone)
    path = f"/staff/payments/cards/receipts/{receipt_id}"
    return see_other(path, request=request, flash=N_("{n} cards were taken back."), n=undone)


async def _receipt_page(
    request: Request,
    db: Pool,
    who: Session,
    receipt_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    receipt = await batches.get_bank_money(db, receipt_id)
    if receipt is None:
        raise NoSuchReceipt
    today = clock.today()
    return page(
        request,
        "staff/receipt_cards.html",
        receipt=receipt,
        cards=await card_desk.list_cards(
            db, card_desk.Wanted(receipt_id=receipt_id), today=today, before=None, limit=CARDS_SHOWN
        ),
        can_change=who.may(Permission.PAYMENTS_CARDS),
        today=today,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )


async def _card_page(
    request: Request,
    db: Pool,
    who: Session,
    card_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    card = await store.get_card(db, card_id)
    if card is None:
        raise NoSuchCard
    redeemer = await learners.get_learner(db, card.redeemed_by) if card.redeemed_by else None
    return page(
        request,
        "staff/card.html",
        card=card,
        redeemer=redeemer,
        receipt=await batches.get_bank_money(db, card.receipt_id),
        trail=await trails.list_entries(db, card_id=card_id),
        tries=await card_desk.list_tries(db, card_id),
        can_change=who.may(Permission.PAYMENTS_CARDS),
        today=clock.today(),
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
