"""The finance desk: batches of anonymous study cards ($-3)."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from .. import card_printing, card_sheets
from ..actions import batches as actions
from ..card_printing import MEDIA_TYPES
from ..deps import OwnSettings, ParcelShelf, Terms, staff_of
from ..model.batches import CARDS_MAX, Batch, BatchStatus, NoSuchBatch
from ..store import batches as store
from ..store import card_desk, trails
from .card_forms import BatchForm, Reason, SheetWish

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/cards/batches", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Issuer = Annotated[Session, StaffWith(Permission.PAYMENTS_CARDS)]
CARDS_SHOWN = 100


@router.get("/new")
async def show_form(request: Request, db: Db, _who: Issuer) -> Response:
    return await _form_page(request, db)


@router.post("")
async def draft(request: Request, db: Db, who: Issuer) -> Response:
    """The form carries the id of the batch, so that sending it twice drafts it once."""
    form = await read_form(request)
    try:
        batch = _batch(parse(BatchForm, form), who)
        async with transaction(db) as tx:
            await actions.draft(tx, batch, by=staff_of(who))
    except Refusal as refusal:
        return await _form_page(request, db, form, refusal)
    log.info("card_batch_drafted", batch_id=str(batch.batch_id), cards=batch.cards)
    flash = N_("The batch is drafted. A second person must approve it.")
    return see_other(_path(batch.batch_id), request=request, flash=flash)


def _batch(typed: BatchForm, who: Session) -> Batch:
    by = staff_of(who)
    return Batch(
        batch_id=typed.batch_id,
        receipt_id=typed.receipt_id,
        cards=typed.cards,
        face_fen=typed.face,
        note=typed.note,
        status=BatchStatus.DRAFT,
        drafted_by=by.staff_id,
        drafted_by_name=by.name,
        drafted_at=clock.now(),
    )


@router.get("/{batch_id}")
async def show_batch(request: Request, batch_id: UUID, db: Db, who: Reader) -> Response:
    return await _batch_page(request, db, who, batch_id)


@router.post("/{batch_id}/approval")
async def approve(
    request: Request,
    batch_id: UUID,
    db: Db,
    who: Issuer,
    parcels: ParcelShelf,
    terms: Terms,
    settings: OwnSettings,
) -> Response:
    await read_form(request)
    try:
        await card_sheets.approve(
            db,
            parcels,
            batch_id=batch_id,
            terms=terms,
            keep=timedelta(hours=settings.sheet_hours),
            by=staff_of(who),
            now=clock.now(),
        )
    except NoSuchBatch:
        raise
    except Refusal as refusal:
        return await _batch_page(request, db, who, batch_id, refusal)
    log.info("card_batch_approved", batch_id=str(batch_id))
    flash = N_("The cards are made. Take their sheet now; it can be taken once.")
    return see_other(_path(batch_id), request=request, flash=flash)


@router.post("/{batch_id}/sheet")
async def take_sheet(
    request: Request, batch_id: UUID, db: Db, who: Issuer, parcels: ParcelShelf
) -> Response:
    """The codes in clear, this once; 410 ever after."""
    wish = parse(SheetWish, await read_form(request))
    now = clock.now()
    batch, sheet = await card_sheets.take(db, parcels, batch_id=batch_id, by=staff_of(who), now=now)
    draw = partial(
        card_printing.draw,
        wish.form,
        sheet.cards,
        face_fen=batch.face_fen,
        expires_on=sheet.valid_until,
        made_at=now,
    )
    name = f"cards-{clock.date_of(batch.drafted_at):%Y%m%d}-{batch_id.hex[-6:]}.{wish.form}"
    return Response(
        await asyncio.to_thread(draw),
        media_type=MEDIA_TYPES[wish.form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/{batch_id}/activation")
async def activate(request: Request, batch_id: UUID, db: Db, who: Issuer) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            await actions.activate(tx, batch_id=batch_id, by=staff_of(who), now=clock.now())
    except NoSuchBatch:
        raise
    except Refusal as refusal:
        return await _batch_page(request, db, who, batch_id, refusal)
    log.info("card_batch_activated", batch_id=str(batch_id))
    flash = N_("The cards are active. They can be redeemed from now on.")
    return see_other(_path(batch_id), request=request, flash=flash)


@router.post("/{batch_id}/reprint")
async def reprint(
    request: Request,
    batch_id: UUID,
    db: Db,
    who: Issuer,
    parcels: ParcelShelf,
    terms: Terms,
    settings: OwnSettings,
) -> Response:
    form = await read_form(request)
    try:
        await card_sheets.reprint(
            db,
            parcels,
            batch_id=batch_id,
            terms=terms,
            keep=timedelta(hours=settings.sheet_hours),
            by=staff_of(who),
            reason=parse(Reason, form).reason,
            now=clock.now(),
        )
    except NoSuchBatch:
        raise
    except Refusal as refusal:
        return await _batch_page(request, db, who, batch_id, refusal, form)
    log.info("card_batch_reprinted", batch_id=str(batch_id))
    flash = N_("All codes are new, and the old ones void. Take the new sheet now.")
    return see_other(_path(batch_id), request=request, flash=flash)


@router.post("/{batch_id}/voiding")
async def void(
    request: Request, batch_id: UUID, db: Db, who: Issuer, parcels: ParcelShelf
) -> Response:
    form = await read_form(request)
    try:
        reason = parse(Reason, form).reason
        async with transaction(db) as tx:
            useless = await actions.void(
                tx, batch_id=batch_id, by=staff_of(who), reason=reason, now=clock.now()
            )
    except NoSuchBatch:
        raise
    except Refusal as refusal:
        return await _batch_page(request, db, who, batch_id, refusal, form)
    await card_sheets.forget(parcels, useless)
    log.info("card_batch_voided", batch_id=str(batch_id))
    flash = N_("The batch is void. What was not redeemed is bank money again.")
    return see_other(_path(batch_id), request=request, flash=flash)


def _path(batch_id: UUID) -> str:
    return f"/staff/payments/cards/batches/{batch_id}"


async def _form_page(
    request: Request, db: Pool, form: Form | None = None, refusal: Refusal | None = None
) -> Response:
    return page(
        request,
        "staff/batch_new.html",
        batch_id=form.get("batch_id", "") if form else ids.new_id(),
        receipts=await store.list_bank_money(db),
        most=CARDS_MAX,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )


async def _batch_page(
    request: Request,
    db: Pool,
    who: Session,
    batch_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    batch = await store.get_batch(db, batch_id)
    if batch is None:
        raise NoSuchBatch
    today = clock.today()
    return page(
        request,
        "staff/batch.html",
        batch=batch,
        receipt=await store.get_bank_money(db, batch.receipt_id),
        can_change=who.may(Permission.PAYMENTS_CARDS),
        is_own=who.subject == batch.drafted_by,
        sheet_waits=batch.has_sheet(clock.now()),
        counts=await card_desk.count_states(db, batch_id, today=today),
        cards=await card_desk.list_cards(
            db, card_desk.Wanted(batch_id=batch_id), today=today, before=None, limit=CARDS_SHOWN
        ),
        trail=await trails.list_entries(db, batch_id=batch_id),
        today=today,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
