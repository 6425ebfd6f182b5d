"""The finance desk: employers ($-5)."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis import clock
from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Session, StaffWith

from .. import employer_issue
from ..actions import employers
from ..deps import ParcelShelf, Terms, staff_of
from ..model.cards import CardState
from ..model.employers import CaseStatus, EmployerCase, NoSuchCase
from ..model.matching import Match, rank
from ..store import employer_desk as desk
from ..store import employers as store

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/employers", include_in_schema=False)

PAGE_SIZE = 50
WAITING_SHOWN = 100
CANDIDATES_SHOWN = 20
Reader = StaffWith(Permission.PAYMENTS_READ)
Decider = Annotated[Session, StaffWith(Permission.PAYMENTS_CASES)]
Issuer = Annotated[Session, StaffWith(Permission.PAYMENTS_CARDS)]


class ReturnForm(BaseModel):
    reason: str = Field(min_length=1, max_length=1000)


class IssueForm(BaseModel):
    receipt_id: UUID


@router.get("", dependencies=[Reader])
async def show_desk(
    request: Request,
    db: Db,
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What waits for its money, the oldest first; then everything, the newest first."""
    found = await desk.search(db, text=q.strip(), before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    here = f"/staff/payments/employers?{urlencode({'q': q.strip()})}"
    waiting = await desk.list_waiting(db, limit=WAITING_SHOWN)
    return page(
        request,
        "staff/employers.html",
        waiting=[(case, await _matches(db, case)) for case in waiting],
        waiting_count=await desk.count_waiting(db),
        found=shown,
        q=q.strip(),
        now=clock.now(),
        first_url=here if cursor else None,
        next_url=f"{here}&cursor={shown[-1].case_id}" if len(found) > PAGE_SIZE else None,
    )


@router.get("/{case_id}", dependencies=[Reader])
async def show_case(request: Request, db: Db, case_id: UUID) -> Response:
    return await _case(request, db, case_id)


@router.post("/{case_id}/issue")
async def issue(
    request: Request, db: Db, case_id: UUID, who: Issuer, parcels: ParcelShelf, terms: Terms
) -> Response:
    form = await read_form(request)
    try:
        wanted = parse(IssueForm, form)
        await employer_issue.issue(
            db,
            parcels,
            terms,
            case_id=case_id,
            receipt_id=wanted.receipt_id,
            by=staff_of(who),
        )
    except NoSuchCase:
        raise
    except Refusal as refusal:
        return await _case(request, db, case_id, refusal)
    flash = N_("The cards are issued: one for each person on the list.")
    return see_other(f"/staff/payments/employers/{case_id}", request=request, flash=flash)


@router.post("/{case_id}/return")
async def send_back(request: Request, db: Db, case_id: UUID, who: Decider) -> Response:
    form = await read_form(request)
    try:
        wanted = parse(ReturnForm, form)
        async with transaction(db) as tx:
            await employers.send_back(tx, case_id=case_id, reason=wanted.reason)
    except NoSuchCase:
        raise
    except Refusal as refusal:
        return await _case(request, db, case_id, refusal, form)
    log.info("employer_case_returned", case_id=str(case_id), staff_id=str(who.subject))
    flash = N_("The case is returned; its contact reads the reason.")
    return see_other("/staff/payments/employers", request=request, flash=flash)


async def _matches(db: Pool, case: EmployerCase) -> list[Match]:
    """The receipts that may be this case's, the likeliest first."""
    if case.status is not CaseStatus.QUOTED:
        return []
    found = await desk.list_candidates(
        db,
        reference_key=case.claim.reference,
        amount_fen=case.amount_fen,
        limit=CANDIDATES_SHOWN,
    )
    return rank(case.claim, found)


async def _case(
    request: Request,
    db: Pool,
    case_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    case = await store.get_case(db, case_id)
    if case is None:
        raise NoSuchCase
    people = await store.list_people(db, case_id)
    return page(
        request,
        "staff/employer.html",
        case=case,
        people=people,
        redeemed=sum(one.card_state is CardState.REDEEMED for one in people),
        matches=await _matches(db, case),
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
