"""The staff door: signing in, the overview of all services, and the verification desk (I-8)."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.db import Pool, transaction
from chassis.permissions import Permission
from chassis.refusals import Invalid, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Anyone, AnyStaff, Session, StaffWith

from . import contact, desk, pages, signing_in
from .actions import verification
from .model import Decision, LearnerNotFound
from .store import audit, learners
from .tools import UseTools

log = structlog.get_logger()
router = APIRouter(prefix="/staff", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.IDENTITY_READ)]
Verifier = Annotated[Session, StaffWith(Permission.IDENTITY_VERIFY)]
Unmasker = Annotated[Session, StaffWith(Permission.IDENTITY_UNMASK)]
PAGE = 50
ACCEPTED = N_("{name} is verified.")
RETURNED = N_("Returned to {name}, with your reason.")
SERVICES = ("identity", "catalogue", "progress", "payments", "certificates", "notifications")


@router.get("")
async def show_overview(request: Request, db: Db, who: AnyStaff) -> Response:
    """One card per service that this person may open."""
    open_to = [name for name in SERVICES if any(p.startswith(f"{name}:") for p in who.permissions)]
    async with transaction(db) as tx:
        waiting = await learners.count_waiting(tx)
    return page(request, "staff/overview.html", open_to=open_to, waiting=waiting)


# ---- signing in and out


@router.get("/login", dependencies=[Anyone])
async def show_sign_in(request: Request) -> Response:
    goal = signing_in.local_path(request.query_params.get("next"), default="")
    return page(request, "staff/login.html", next=goal)


@router.post("/login", dependencies=[Anyone])
async def sign_in(request: Request, db: Db, tools: UseTools) -> Response:
    form = await read_form(request)
    goal = signing_in.local_path(form.get("next"), default="")
    show = partial(page, request, "staff/login.html", form=form, next=goal)
    if missing := pages.missing_of(form, "login", "password"):
        return show(refusal=missing, status=missing.status)
    try:
        signed_in = await signing_in.sign_in_staff(
            request, db, tools, login=form["login"], password=form["password"]
        )
    except Refusal as refusal:
        return show(refusal=refusal, status=refusal.status)
    response = see_other(goal or "/staff")
    signing_in.set_cookies(response, signed_in, secure=tools.settings.secure_cookies)
    return response


@router.post("/logout", dependencies=[Anyone])
async def sign_out(request: Request, db: Db, tools: UseTools) -> Response:
    await read_form(request)
    await pages.end_sessions(request, db)
    response = see_other("/staff/login", request=request, flash="You are signed out.")
    signing_in.clear_cookies(response, secure=tools.settings.secure_cookies)
    return response


# ---- the verification desk


@router.get("/identity")
async def show_queue(
    request: Request,
    db: Db,
    who: Reader,
    q: Annotated[str, Query(max_length=80)] = "",
    cursor: UUID | None = None,
) -> Response:
    """Who waits for verification, oldest first; or who was searched for."""
    wanted = "".join(q.split()).replace("\0", "")
    async with transaction(db) as tx:
        waiting = await learners.count_waiting(tx)
        oldest = await learners.list_waiting(tx, after=None, limit=1)
        found = (
            await learners.list_by_account_name(tx, wanted, after=cursor, limit=PAGE + 1)
            if wanted
            else await learners.list_waiting(tx, after=cursor, limit=PAGE + 1)
        )
    return page(
        request,
        "staff/queue.html",
        q=wanted,
        waiting=waiting,
        oldest=oldest[0] if oldest else None,
        found=found[:PAGE],
        next_url=_next_page(wanted, found[PAGE - 1].learner_id) if len(found) > PAGE else None,
        first_url=_first_page(wanted) if cursor else None,
    )


def _next_page(wanted: str, last: UUID) -> str:
    return f"/staff/identity?{urlencode({'q': wanted, 'cursor': str(last)})}"


def _first_page(wanted: str) -> str:
    return f"/staff/identity?{urlencode({'q': wanted})}"


@router.get("/identity/learners/{learner_id}")
async def show_case(request: Request, learner_id: UUID, db: Db, who: Reader) -> Response:
    return await _case(request, db, learner_id)


@router.post("/identity/learners/{learner_id}/unmasked")
async def show_unmasked(
    request: Request, learner_id: UUID, db: Db, tools: UseTools, who: Unmasker
) -> Response:
    """The same page with the ID number in full. Each view leaves a line in the trail (I-9)."""
    await read_form(request)
    async with transaction(db) as tx:
        number = await verification.unmask(tx, learner_id, who=who, vault=tools.vault)
    log.info("id_number_unmasked", learner_id=str(learner_id), staff_id=str(who.subject))
    return await _case(request, db, learner_id, number=number)


@router.post("/identity/learners/{learner_id}/verification")
async def decide(request: Request, learner_id: UUID, db: Db, who: Verifier) -> Response:
    """Accept, or return with a reason; then the next case."""
    form = await read_form(request)
    try:
        decision = _decision(form)
        learner = await desk.decide(
            db, learner_id, who=who, decision=decision, reason=form.get("reason", "")
        )
    except LearnerNotFound:
        raise
    except Refusal as refusal:
        return await _case(request, db, learner_id, form=form, refusal=refusal)
    return see_other(
        "/staff/identity",
        request=request,
        flash=ACCEPTED if decision is Decision.ACCEPT else RETURNED,
        name=learner.account_name,
    )


def _decision(form: Form) -> Decision:
    try:
        return Decision(form.get("decision", ""))
    except ValueError:
        raise Invalid({"decision": "Please choose one of the options."}) from None


async def _case(
    request: Request,
    db: Pool,
    learner_id: UUID,
    *,
    number: str | None = None,
    refusal: Refusal | None = None,
    **shown: Any,
) -> Response:
    async with transaction(db) as tx:
        learner = await learners.get_learner(tx, learner_id)
        trail = await audit.list_audit_lines(tx, learner_id)
    if learner is None:
        raise LearnerNotFound
    return page(
        request,
        "staff/case.html",
        learner=learner,
        trail=trail,
        number=number,
        mobile_masked=contact.mask_mobile(learner.mobile),
        refusal=refusal,
        status=refusal.status if refusal else 200,
        **shown,
    )
