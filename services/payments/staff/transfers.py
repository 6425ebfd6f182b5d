"""The finance desk: payment vouchers (W-1)."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from .. import voucher_answers
from ..actions import decisions
from ..deps import CardBureau, staff_of
from ..issuing import match
from ..model import money
from ..model.matching import SURE, Match, score
from ..model.transfers import NoSuchTransfer, Transfer, TransferStatus
from ..store import receipts as receipts_store
from ..store import transfers as store
from ..store import vouchers as vouchers_store
from .receipt_forms import IssueForm, ReturnForm

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Decider = Annotated[Session, StaffWith(Permission.PAYMENTS_CASES)]
QUEUE_SIZE = 50
PAGE_SIZE = 50
RECEIPTS_FOUND = 20
HERE = "/staff/payments/transfers"


@router.get("/transfers")
async def show_queue(
    request: Request,
    db: Db,
    _who: Reader,
    after: UUID | None = None,
    status: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What waits, the oldest first, each beside the receipt that fits best; then a search."""
    waiting = await store.list_open(db, after=after, limit=QUEUE_SIZE + 1)
    queue = waiting[:QUEUE_SIZE]
    chosen = TransferStatus(status) if status in set(TransferStatus) else None
    text = q.strip()
    found = await store.search(db, status=chosen, text=text, before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    here = f"{HERE}?{urlencode({'status': chosen or '', 'q': text})}"
    return page(
        request,
        "staff/transfers.html",
        queue=queue,
        matches=await match(db, queue),
        waiting=await store.count_open(db),
        sure=SURE,
        more_url=f"{HERE}?after={queue[-1].transfer_id}" if len(waiting) > QUEUE_SIZE else None,
        oldest_url=HERE if after else None,
        found=shown,
        state=chosen,
        q=text,
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={shown[-1].transfer_id}" if len(found) > PAGE_SIZE else None,
        now=clock.now(),
    )


@router.post("/transfers/sure")
async def issue_all_sure(request: Request, who: Decider, bureau: CardBureau) -> Response:
    """Every case with a receipt that is as good as certain; what became of each."""
    await read_form(request)
    outcomes = await bureau.issue_all_sure(by=staff_of(who))
    return page(request, "staff/transfer_outcomes.html", outcomes=outcomes, sure=SURE)


@router.get("/transfers/{transfer_id}")
async def show_case(
    request: Request,
    transfer_id: UUID,
    db: Db,
    _who: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    return await _case(request, db, await _get(db, transfer_id), q=q.strip())


@router.post("/transfers/{transfer_id}/cards")
async def issue(
    request: Request, transfer_id: UUID, db: Db, who: Decider, bureau: CardBureau
) -> Response:
    """Issue the card for a receipt, and accept the case by it; twice is once."""
    form = await read_form(request)
    try:
        chosen = parse(IssueForm, form)
        accepted = await bureau.issue(
            transfer_id,
            receipt_id=chosen.receipt_id,
            amount_fen=chosen.amount_fen,
            by=staff_of(who),
        )
    except NoSuchTransfer:
        raise
    except Refusal as refusal:
        return await _case(request, db, await _get(db, transfer_id), form=form, refusal=refusal)
    return see_other(
        f"{HERE}/{transfer_id}",
        request=request,
        flash=N_("A study card of {yuan} yuan is issued for {number}."),
        yuan=money.yuan(accepted.issued_fen or 0),
        number=accepted.case_number,
    )


@router.post("/transfers/{transfer_id}/return")
async def send_back(request: Request, transfer_id: UUID, db: Db, who: Decider) -> Response:
    form = await read_form(request)
    try:
        typed = parse(ReturnForm, form)
        async with transaction(db) as tx:
            returned = await decisions.send_back(
                tx,
                transfer_id=transfer_id,
                reason=typed.reason,
                by=staff_of(who),
                now=clock.now(),
            )
    except NoSuchTransfer:
        raise
    except Refusal as refusal:
        return await _case(request, db, await _get(db, transfer_id), form=form, refusal=refusal)
    log.info("transfer_returned", case=returned.case_number)
    return see_other(
        HERE, request=request, flash=N_("{number} is returned."), number=returned.case_number
    )


@router.get("/transfers/{transfer_id}/vouchers/{voucher_id}")
async def fetch_voucher(
    request: Request, transfer_id: UUID, voucher_id: UUID, db: Db, _who: Reader
) -> Response:
    transfer = await _get(db, transfer_id)
    return await voucher_answers.answer(db, request.app.state.kit.files, transfer, voucher_id)


async def _get(db: Pool, transfer_id: UUID) -> Transfer:
    transfer = await store.get_transfer(db, transfer_id)
    if transfer is None:
        raise NoSuchTransfer
    return transfer


async def _case(
    request: Request,
    db: Pool,
    transfer: Transfer,
    *,
    q: str = "",
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response:
    paid_by = transfer.receipt_id
    return page(
        request,
        "staff/transfer.html",
        transfer=transfer,
        matches=await _matches(db, transfer, q),
        receipt=await receipts_store.get_receipt(db, paid_by) if paid_by else None,
        steps_taken=await store.list_steps(db, transfer.transfer_id),
        vouchers=await vouchers_store.list_vouchers(db, [transfer.transfer_id]),
        q=q,
        yuan=money.yuan,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )


async def _matches(db: Pool, transfer: Transfer, q: str) -> list[Match]:
    """The receipts that fit, or those that a person looked for; none where it is decided."""
    if transfer.status is not TransferStatus.SUBMITTED:
        return []
    if not q:
        return (await match(db, [transfer]))[transfer.transfer_id]
    found = await receipts_store.list_receipts(
        db, with_rest=True, text=q, before=None, limit=RECEIPTS_FOUND
    )
    return [score(transfer.claim, receipt) for receipt in found]
