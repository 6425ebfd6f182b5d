"""The pages of bank transfers ($-3, W-1). Forms work without JavaScript."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Invalid, Refusal, TooLarge, WrongMedia
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_, Sentence
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner

from .. import voucher_answers
from ..actions import transfers as actions
from ..actions.transfers import HandedIn
from ..deps import OwnSettings, VoucherCounter
from ..model import money
from ..model.learners import Learner
from ..model.transfers import NoSuchTransfer, Notice, Transfer
from ..store import transfers as store
from ..store import vouchers as vouchers_store
from .transfer_forms import TransferForm

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20


@router.get("/transfers")
async def list_transfers(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    found = await store.list_of_learner(db, who.subject, before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    next_cursor = shown[-1].transfer_id if len(found) > PAGE_SIZE else None
    return page(
        request,
        "transfers.html",
        transfers=shown,
        next_cursor=next_cursor,
        later=cursor is not None,
    )


@router.get("/transfers/new")
async def show_form(
    request: Request, db: Db, who: CurrentLearner, counter: VoucherCounter, settings: OwnSettings
) -> Response:
    learner = await counter.known(who.subject)
    return await _form(request, db, learner, settings)


@router.post("/transfers")
async def submit(
    request: Request, db: Db, who: CurrentLearner, counter: VoucherCounter, settings: OwnSettings
) -> Response:
    """Hand in a voucher. The same form sent twice leads to the same case."""
    learner = await counter.known(who.subject)
    form = await read_form(request)
    try:
        reference = form.get("reference", "")
        notice, handed_in = await _take(counter, learner, form, reference)
        async with transaction(db) as tx:
            transfer = await actions.submit(
                tx,
                learner=learner,
                reference=reference,
                notice=notice,
                handed_in=handed_in,
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _form(request, db, learner, settings, form, refusal)
    log.info("transfer_submitted", case=transfer.case_number)
    return see_other(
        f"/transfers/{transfer.transfer_id}",
        request=request,
        flash=N_("Your voucher was handed in. We look for the payment on our account now."),
    )


@router.get("/transfers/{transfer_id}")
async def show_transfer(
    request: Request, transfer_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    transfer = await _own(db, transfer_id, who.subject)
    return await _case(request, db, transfer)


@router.post("/transfers/{transfer_id}/resubmission")
async def resubmit(
    request: Request, transfer_id: UUID, db: Db, who: CurrentLearner, counter: VoucherCounter
) -> Response:
    transfer = await _own(db, transfer_id, who.subject)
    learner = await counter.known(who.subject)
    form = await read_form(request)
    try:
        transfer.check_resubmission()
        notice, handed_in = await _take(counter, learner, form, transfer.reference)
        async with transaction(db) as tx:
            await actions.resubmit(
                tx,
                learner=learner,
                transfer_id=transfer_id,
                notice=notice,
                handed_in=handed_in,
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _case(request, db, transfer, form, refusal)
    log.info("transfer_resubmitted", case=transfer.case_number)
    flash = N_("Your voucher was handed in again.")
    return see_other(f"/transfers/{transfer_id}", request=request, flash=flash)


@router.get("/transfers/{transfer_id}/vouchers/{voucher_id}")
async def fetch_voucher(
    request: Request, transfer_id: UUID, voucher_id: UUID, db: Db, who: CurrentLearner
) -> Response:
    transfer = await _own(db, transfer_id, who.subject)
    return await voucher_answers.answer(db, request.app.state.kit.files, transfer, voucher_id)


async def _own(db: Pool, transfer_id: UUID, learner_id: UUID) -> Transfer:
    transfer = await store.get_transfer(db, transfer_id, learner_id=learner_id)
    if transfer is None:
        raise NoSuchTransfer
    return transfer


async def _take(
    counter: VoucherCounter, learner: Learner, form: Form, reference: str
) -> tuple[Notice, HandedIn]:
    """What was filled in and handed over. Every refusal stands beside its field."""
    sent = parse(TransferForm, form)
    learner.check_id_number(sent.id_number, key=counter.id_number_mac_key)
    upload = form.files.get("voucher")
    if upload is None:
        raise Invalid({"voucher": "Choose the picture or PDF of your voucher."})
    content = await upload.read()
    handed_in = await counter.take(
        learner,
        reference=reference,
        notice=sent.notice,
        id_number=sent.id_number,
        content=content,
    )
    return sent.notice, handed_in


async def _form(
    request: Request,
    db: Pool,
    learner: Learner,
    settings: OwnSettings,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    return page(
        request,
        "transfer_new.html",
        learner=learner,
        account=settings,
        reference=await actions.open_reference(db, learner.learner_id, now=clock.now()),
        form=form,
        refusal=_beside_the_field(refusal),
        status=refusal.status if refusal else 200,
    )


async def _case(
    request: Request,
    db: Pool,
    transfer: Transfer,
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    return page(
        request,
        "transfer.html",
        transfer=transfer,
        amount=money.yuan(transfer.notice.amount_fen),
        steps_taken=await store.list_steps(db, transfer.transfer_id),
        vouchers=await vouchers_store.list_vouchers(db, [transfer.transfer_id]),
        form=form,
        refusal=_beside_the_field(refusal),
        status=refusal.status if refusal else 200,
    )


def _beside_the_field(refusal: Refusal | None) -> Refusal | None:
    """What is wrong with the file is said where it was chosen."""
    if isinstance(refusal, (TooLarge, WrongMedia)):
        return Invalid({"voucher": Sentence(refusal.message, **refusal.values)})
    return refusal
