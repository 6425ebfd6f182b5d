"""The finance desk: the trial balance, and the audits ($-9)."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import read_form
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from .. import auditor
from ..store import audits, books, reconciliation

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/books", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
Bookkeeper = Annotated[Session, StaffWith(Permission.PAYMENTS_RECEIPTS)]
AUDITS_SHOWN = 8
BILLS_SHOWN = 7


@router.get("")
async def show_books(request: Request, db: Db, who: Reader) -> Response:
    return await _books(request, db)


@router.post("/audits")
async def audit(request: Request, db: Db, who: Bookkeeper) -> Response:
    """Compute every sum again, now."""
    await read_form(request)
    try:
        found = await auditor.audit_now(db, by=who.subject)
    except Refusal as refusal:
        return await _books(request, db, refusal)
    log.info("audit_asked_for", staff_id=str(who.subject), differing=found.report.differing)
    if found.report.differing:
        flash = "The books differ: see below which sums."
        return see_other("/staff/payments/books", request=request, flash=flash, kind="bad")
    flash = "Every sum agrees with what it stands for."
    return see_other("/staff/payments/books", request=request, flash=flash)


async def _books(request: Request, db: Db, refusal: Refusal | None = None) -> Response:
    balances = await books.list_balances(db)
    return page(
        request,
        "staff/books.html",
        balances=balances,
        debit_fen=sum(debit for _, debit, _ in balances),
        credit_fen=sum(credit for _, _, credit in balances),
        audits=await audits.list_audits(db, limit=AUDITS_SHOWN),
        bills=await reconciliation.list_days(db, before=None, limit=BILLS_SHOWN),
        can_rewrite=await books.can_rewrite(db),
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
