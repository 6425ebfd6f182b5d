"""The pages of certificates: my certificates, renewal registration, the public query and check."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, field_validator

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db, client_address
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Anyone, CurrentLearner

from . import actions, api, model, searching, views
from .model import Cycle, Learner, Wait
from .store import certificates, learners
from .views import Item

router = APIRouter(include_in_schema=False)

CONFIRM = N_("Please compare these details, then confirm that they are right.")


class RenewalForm(api.Renewal):
    """The registration form: the facts shown come back with it, ticked as right."""

    confirmed: Annotated[str, Field(exclude=True, validate_default=True)] = ""

    @field_validator("confirmed")
    @classmethod
    def _must_be_ticked(cls, confirmed: str) -> str:
        if not confirmed:
            raise ValueError(CONFIRM)
        return confirmed


@dataclass(frozen=True, slots=True)
class Facts:
    """What a learner's renewal page stands on."""

    learner: Learner
    cycle: Cycle | None  # the latest satisfied one
    item: Item | None  # how that cycle stands

    @property
    def refusal(self) -> Refusal | None:
        """Why this learner may not register, if so."""
        try:
            model.check_may_register(self.learner, self.cycle)
        except Refusal as refusal:
            return refusal
        return None

    @property
    def is_registered(self) -> bool:
        return self.item is not None and self.item.waiting_for not in (
            Wait.REGISTRATION,
            Wait.LATE_RENEWAL,
            Wait.APPLICATION,
            Wait.ACCOUNT_DETAILS,
        )


@router.get("/certificates")
async def show_mine(request: Request, db: Db, who: CurrentLearner) -> Response:
    """What I hold, what the next certificate waits for, and what I do about it."""
    items = await views.items_of(db, who.subject)
    learner = await learners.get_learner(db, who.subject)
    return page(request, "certificates.html", items=items, learner=learner)


@router.get("/renewal")
async def show_renewal(request: Request, db: Db, who: CurrentLearner) -> Response:
    """The facts that the certificate will say, and the form; or why not, and what to do."""
    return page(request, "renewal.html", facts=await _facts(db, who))


@router.post("/renewal")
async def register_renewal(request: Request, db: Db, who: CurrentLearner) -> Response:
    """「续证学习登记」 (Z-2)."""
    form = await read_form(request)
    try:
        details = parse(RenewalForm, form).as_details()
        async with transaction(db) as tx:
            registered = await actions.register_renewal(tx, learner_id=who.subject, details=details)
    except Refusal as refusal:
        facts = await _facts(db, who)
        return page(
            request,
            "renewal.html",
            facts=facts,
            form=form,
            refusal=refusal,
            status=refusal.status,
        )
    api.log_registration(registered)
    flash = N_("You are registered for renewal.")
    return see_other("/certificates", request=request, flash=flash)


@router.get("/certificates/search", dependencies=[Anyone])
async def show_search(
    request: Request, db: Db, number: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The query form; with `?number=` its answer (links may carry a number, never a person)."""
    if not number:
        return page(request, "search.html", found=None)
    return await _search(request, db, Form([("number", number)]))


@router.post("/certificates/search", dependencies=[Anyone])
async def search(request: Request, db: Db) -> Response:
    """The query by form, so that an ID number stands in no address and no log (Z-5)."""
    return await _search(request, db, await read_form(request))


@router.get("/verify/{check_code}", dependencies=[Anyone])
async def verify(request: Request, db: Db, check_code: str) -> Response:
    """Where a certificate's QR code leads: how it stands today (Z-5, Z-6)."""
    certificate = await certificates.get_by_check_code(db, check_code)
    if certificate is None:
        return page(request, "verify.html", found=None, checked_at=clock.now(), status=404)
    return page(
        request,
        "verify.html",
        found=views.found(certificate),
        document_url=f"/api/certificates/{certificate.number}/document.pdf?code={check_code}",
        checked_at=clock.now(),
    )


async def _facts(db: Pool, who: CurrentLearner) -> Facts:
    learner = await learners.get_learner(db, who.subject)
    cycles = await learners.list_cycles(db, who.subject)
    items = await views.items_of(db, who.subject)
    return Facts(learner, cycles[0] if cycles else None, items[0] if items else None)


async def _search(request: Request, db: Pool, form: Form) -> Response:
    try:
        query = parse(searching.Query, form)
        found = await searching.search(
            db, query, address=client_address(request), settings=request.app.state.kit.settings
        )
    except Refusal as refusal:
        response = page(
            request, "search.html", found=None, form=form, refusal=refusal, status=refusal.status
        )
        if refusal.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(refusal.retry_after_seconds)
        return response
    return page(request, "search.html", found=found, form=form)
