"""The finance desk: the queue of invoices, the way to the tax office's client and back ($-7)."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, StringConstraints

from chassis import clock, sheets
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from ..actions import invoice_desk as actions
from ..deps import staff_of
from ..model.invoice_import import MAX_BYTES, Slip, UnreadableFile
from ..model.invoice_import import parse as parse_results
from ..model.invoice_room import Basis
from ..model.invoices import Invoice, InvoiceStatus
from ..model.money import yuan
from ..store import invoice_desk as store
from ..store import shipments as shipments_store

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/invoices", include_in_schema=False)

PAGE_SIZE = 50
SHOWN = 50
EXPORT_PAGE = 500
HEAD = (
    "申请编号", "形式", "抬头类型", "抬头名称", "税号", "地址", "电话", "开户行", "银行账号",
    "项目", "金额", "电子邮箱", "申请时间",
)  # fmt: skip

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Clerk = Annotated[Session, StaffWith(Permission.PAYMENTS_INVOICES)]


class OldNumberForm(BaseModel):
    old_tax_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]


@router.get("")
async def show_queue(
    request: Request,
    db: Db,
    who: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    after: UUID | None = None,
    cursor: UUID | None = None,
) -> Response:
    """What waits, the oldest first; then what its learner does not have yet; then the search."""
    text = q.strip()
    chosen = InvoiceStatus(status) if status in set(InvoiceStatus) else None
    waiting = await store.list_queue(db, after=after, limit=PAGE_SIZE + 1)
    found = await store.search(db, text=text, status=chosen, before=cursor, limit=PAGE_SIZE + 1)
    here = f"/staff/payments/invoices?{urlencode({'q': text, 'status': chosen or ''})}"
    more = len(waiting) > PAGE_SIZE
    return page(
        request,
        "staff/invoices.html",
        counts=await store.count(db),
        waiting=waiting[:PAGE_SIZE],
        waiting_next=f"?after={waiting[PAGE_SIZE - 1].invoice_id}" if more else None,
        undelivered=await store.list_undelivered(db, limit=SHOWN),
        refused={one.invoice_id for one in await shipments_store.list_refused(db, limit=SHOWN)},
        found=found[:PAGE_SIZE],
        q=text,
        state=chosen,
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={found[PAGE_SIZE - 1].invoice_id}"
        if len(found) > PAGE_SIZE
        else None,
        may_write=who.may(Permission.PAYMENTS_INVOICES),
    )


@router.get("/queue.csv")
async def export_csv(db: Db, who: Clerk) -> Response:
    """The queue for the tax office's client."""
    content = sheets.as_csv(HEAD, _queue(db))
    return _sheet(content, "text/csv; charset=utf-8", "csv", who)


@router.get("/queue.xlsx")
async def export_excel(db: Db, who: Clerk) -> Response:
    """The same for Excel, which keeps every digit of the long numbers as text."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _sheet(sheets.as_excel(HEAD, _queue(db)), kind, "xlsx", who)


def _sheet(content: AsyncIterator[bytes], kind: str, ending: str, who: Session) -> Response:
    log.info("invoice_queue_exported", staff_id=str(who.subject), ending=ending)
    name = f"invoices-{clock.today():%Y%m%d}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type=kind, headers=headers)


async def _queue(db: Pool) -> AsyncIterator[Sequence[sheets.Row]]:
    after: UUID | None = None
    while some := await store.list_queue(db, after=after, limit=EXPORT_PAGE):
        yield [_line(invoice) for invoice in some]
        after = some[-1].invoice_id


def _line(invoice: Invoice) -> sheets.Row:
    title = invoice.title
    return (
        invoice.case_number,
        invoice.form.value,
        title.kind.value,
        title.name,
        title.tax_number or "",
        title.company_address,
        title.company_phone,
        title.bank_name,
        title.bank_account,
        "预付卡销售和充值" if invoice.basis is Basis.SALE else "继续教育学时",
        yuan(invoice.amount_fen),
        invoice.email,
        f"{invoice.requested_at.astimezone(clock.CHINA):%Y-%m-%d %H:%M}",
    )


@router.get("/results")
async def show_import(request: Request, who: Clerk) -> Response:
    return _import_page(request)


@router.post("/results")
async def take_results_over(request: Request, db: Db, who: Clerk) -> Response:
    """A result file of the tax office's client: all of its rows, or none."""
    form = await read_form(request)
    try:
        upload = form.files.get("results")
        if upload is None:
            raise UnreadableFile({"results": "Please choose the file."})
        rows = parse_results(await upload.read(MAX_BYTES + 1))
        async with transaction(db) as tx:
            results, slips = await actions.take_over(tx, rows, by=staff_of(who))
    except Refusal as refusal:
        return _import_page(request, form, refusal)
    if slips:
        return _import_page(request, form, slips=slips)
    log.info("invoice_results_taken_over", staff_id=str(who.subject), rows=len(results))
    return see_other(
        "/staff/payments/invoices",
        request=request,
        flash=N_("{n} invoices were taken over. Now attach the PDFs of the electronic ones."),
        n=len(results),
    )


@router.post("/old-tax-numbers")
async def allow_old_tax_number(request: Request, db: Db, who: Clerk) -> Response:
    form = await read_form(request)
    try:
        asked = parse(OldNumberForm, form)
        async with transaction(db) as tx:
            await actions.allow_old_tax_number(
                tx, tax_number=asked.old_tax_number, by=staff_of(who)
            )
    except Refusal as refusal:
        return _import_page(request, form, refusal)
    log.info("old_tax_number_allowed", staff_id=str(who.subject))
    return see_other(
        "/staff/payments/invoices/results",
        request=request,
        flash=N_("Applications with this tax number pass from now on."),
    )


def _import_page(
    request: Request,
    form: Form | None = None,
    refusal: Refusal | None = None,
    *,
    slips: Sequence[Slip] = (),
) -> Response:
    context: dict[str, Any] = {"form": form} if form else {}
    status = refusal.status if refusal else 422 if slips else 200
    return page(
        request,
        "staff/invoice_results.html",
        refusal=refusal,
        slips=slips,
        status=status,
        **context,
    )
