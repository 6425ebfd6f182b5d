"""The finance desk: bank receipts and imported statements ($-3)."""

import asyncio
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Invalid, Refusal, TooLarge
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_, Sentence
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from ..actions import receipts as actions
from ..deps import staff_of
from ..model import statements
from ..model.receipts import NoSuchReceipt, Receipt, ReceiptKnown
from ..model.statements import Fault, Statement
from ..store import receipts as store
from ..store import transfers as transfers_store
from .receipt_forms import ReceiptForm

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Recorder = Annotated[Session, StaffWith(Permission.PAYMENTS_RECEIPTS)]
PAGE_SIZE = 50
FAULTS_SHOWN = 100
CARDS_SHOWN = 200


class StatementTooLarge(TooLarge):
    """A statement may have at most 5 MB. Export a shorter time."""


@router.get("/receipts")
async def list_receipts(
    request: Request,
    db: Db,
    _who: Reader,
    show: Annotated[str, Query(max_length=10)] = "rest",
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What is not spoken for comes first; a search looks through everything."""
    text = q.strip()
    with_rest = show != "all" and not text
    found = await store.list_receipts(
        db, with_rest=with_rest, text=text, before=cursor, limit=PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    here = f"/staff/payments/receipts?{urlencode({'show': show, 'q': text})}"
    count, rest_fen = await store.get_rests(db)
    return page(
        request,
        "staff/receipts.html",
        receipts=shown,
        with_rest=with_rest,
        q=text,
        count=count,
        rest_fen=rest_fen,
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={shown[-1].receipt_id}" if len(found) > PAGE_SIZE else None,
    )


@router.get("/receipts/new")
async def show_form(request: Request, _who: Recorder) -> Response:
    return page(request, "staff/receipt_new.html")


@router.post("/receipts")
async def record(request: Request, db: Db, who: Recorder) -> Response:
    form = await read_form(request)
    try:
        receipt = _receipt(parse(ReceiptForm, form), who)
        async with transaction(db) as tx:
            if not await actions.record(tx, receipt):
                raise ReceiptKnown
    except Refusal as refusal:
        return page(
            request, "staff/receipt_new.html", form=form, refusal=refusal, status=refusal.status
        )
    log.info("receipt_recorded", receipt_id=str(receipt.receipt_id), amount_fen=receipt.amount_fen)
    flash = N_("The bank receipt is recorded. Another person can issue cards for it.")
    return see_other(f"/staff/payments/receipts/{receipt.receipt_id}", request=request, flash=flash)


def _receipt(typed: ReceiptForm, who: Session) -> Receipt:
    by = staff_of(who)
    return Receipt(
        receipt_id=ids.new_id(),
        bank_reference=typed.bank_reference,
        payer_name=typed.payer_name,
        remark=typed.remark,
        amount_fen=typed.amount_fen,
        received_on=typed.received_on,
        allocated_fen=0,
        recorded_by=by.staff_id,
        recorded_by_name=by.name,
        recorded_at=clock.now(),
    )


@router.get("/receipts/import")
async def show_import(request: Request, _who: Recorder) -> Response:
    return _import_page(request)


@router.post("/receipts/import")
async def import_statement(request: Request, db: Db, who: Recorder) -> Response:
    """Record a bank's statement: all of it, or nothing and a report of every row that is wrong."""
    form = await read_form(request)
    try:
        statement = await _read(form)
    except Refusal as refusal:
        return _import_page(request, form=form, refusal=refusal)
    if statement.faults:
        return _import_page(request, form=form, faults=statement.faults)
    return await _record_all(request, db, who, statement)


async def _read(form: Form) -> Statement:
    upload = form.files.get("statement")
    if upload is None:
        raise Invalid({"statement": "Choose the file that the bank gave you."})
    content = await upload.read()
    if len(content) > statements.MAX_BYTES:
        raise StatementTooLarge
    return await asyncio.to_thread(partial(statements.read, content, today=clock.today()))


async def _record_all(request: Request, db: Pool, who: Session, statement: Statement) -> Response:
    async with transaction(db) as tx:
        imported, faults = await actions.import_statement(
            tx, statement, by=staff_of(who), now=clock.now()
        )
    if faults:
        return _import_page(request, faults=faults)
    log.info("statement_imported", new=imported.new, known=imported.known, ignored=imported.ignored)
    return see_other(
        "/staff/payments/receipts",
        request=request,
        flash=N_("{new} new, {known} known already, {ignored} rows of money going out."),
        new=imported.new,
        known=imported.known,
        ignored=imported.ignored,
    )


def _import_page(
    request: Request,
    *,
    form: Form | None = None,
    refusal: Refusal | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    status = refusal.status if refusal else 422 if faults else 200
    if isinstance(refusal, TooLarge):
        refusal = Invalid({"statement": Sentence(refusal.message)})
    return page(
        request,
        "staff/statement.html",
        form=form,
        refusal=refusal,
        faults=(faults or [])[:FAULTS_SHOWN],
        fault_count=len(faults or []),
        status=status,
    )


@router.get("/receipts/{receipt_id}")
async def show_receipt(request: Request, receipt_id: UUID, db: Db, _who: Reader) -> Response:
    receipt = await store.get_receipt(db, receipt_id)
    if receipt is None:
        raise NoSuchReceipt
    return page(
        request,
        "staff/receipt.html",
        receipt=receipt,
        cards=await store.list_cards(db, receipt_id, limit=CARDS_SHOWN),
        transfers=await transfers_store.list_of_receipt(db, receipt_id),
        today=clock.today(),
    )
