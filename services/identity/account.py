"""The page door for a signed-in learner: one's own account."""

from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner

from . import contact, id_card, new_password, registration_page, signing_in
from .actions import changes, links
from .model import Learner, LearnerNotFound, beside_its_field
from .registration import ContactWish, IdentityWish
from .store import learners
from .tools import Tools, UseTools

log = structlog.get_logger()
router = APIRouter(prefix="/account", include_in_schema=False)

SAVED = N_("Saved.")
ADDRESS_WAITS = N_("Saved. The new address counts once you open the link that was mailed to it.")


async def _learner(db: Pool, who: CurrentLearner) -> Learner:
    async with transaction(db) as tx:
        learner = await learners.get_learner(tx, who.subject)
    if learner is None:
        raise LearnerNotFound
    return learner


@router.get("")
async def show_account(request: Request, db: Db, tools: UseTools, who: CurrentLearner) -> Response:
    """Facts, masked; where the verification stands, and what to do about it."""
    learner = await _learner(db, who)
    number = tools.vault.open(learner.id_number_sealed, learner_id=learner.learner_id)
    return page(
        request,
        "account.html",
        learner=learner,
        card=id_card.read(number, today=clock.today()),
        mobile_masked=contact.mask_mobile(learner.mobile),
    )


@router.post("/confirmation")
async def ask_for_confirmation(request: Request, db: Db, who: CurrentLearner) -> Response:
    """Send the confirmation mail once more (I-7)."""
    await read_form(request)
    async with transaction(db) as tx:
        learner = await learners.lock_learner(tx, who.subject)
        if learner is None:
            raise LearnerNotFound
        await links.request_confirmation(tx, learner, email=learner.email)
    return see_other("/account", request=request, flash="The mail is on its way.")


# ---- how to reach me


@router.get("/contact")
async def show_contact(request: Request, db: Db, who: CurrentLearner) -> Response:
    return _contact_page(request, await _learner(db, who))


@router.post("/contact")
async def change_contact(request: Request, db: Db, who: CurrentLearner) -> Response:
    form = await read_form(request)
    learner = await _learner(db, who)
    show = partial(_contact_page, request, learner, form=form)
    try:
        wish = _contact_wish(form, learner)
        async with transaction(db) as tx:
            address_waits = await changes.change_contact(tx, who.subject, wish)
    except Refusal as refusal:
        return show(refusal=beside_its_field(refusal))
    flash = ADDRESS_WAITS if address_waits else SAVED
    return see_other("/account", request=request, flash=flash)


def _contact_wish(form: Form, learner: Learner) -> ContactWish:
    holder = learner.qualification is not None
    given: dict[str, Any] = registration_page.certificate(form, required=holder)
    return parse(ContactWish, {**form, **given})


def _contact_page(request: Request, learner: Learner, **shown: Any) -> Response:
    refusal = shown.get("refusal")
    return page(
        request,
        "contact.html",
        learner=learner,
        status=refusal.status if refusal else 200,
        **shown,
    )


# ---- who I am: after the desk has returned the registration


@router.get("/identity")
async def show_identity(request: Request, db: Db, who: CurrentLearner) -> Response:
    return _identity_page(request, await _learner(db, who))


@router.post("/identity")
async def correct_identity(
    request: Request, db: Db, tools: UseTools, who: CurrentLearner
) -> Response:
    """Send name and ID number again; they go back to the desk (I-8)."""
    form = await read_form(request)
    learner = await _learner(db, who)
    try:
        wish = parse(IdentityWish, form)
        async with transaction(db) as tx:
            corrected = await changes.correct_identity(tx, who.subject, wish, vault=tools.vault)
    except Refusal as refusal:
        return _identity_page(request, learner, form=form, refusal=beside_its_field(refusal))
    return see_other(
        "/account",
        request=request,
        flash="Sent to the association. Your account name is now {name}.",
        name=corrected.account_name,
    )


def _identity_page(request: Request, learner: Learner, **shown: Any) -> Response:
    refusal = shown.get("refusal")
    return page(
        request,
        "identity.html",
        learner=learner,
        status=refusal.status if refusal else 200,
        **shown,
    )


# ---- password


@router.get("/password")
async def show_password(request: Request, who: CurrentLearner) -> Response:
    return page(request, "password.html")


@router.post("/password")
async def change_password(
    request: Request, db: Db, tools: UseTools, who: CurrentLearner
) -> Response:
    """Set a new password; every session ends, this one, too (I-6)."""
    form = await read_form(request)
    try:
        await _change_password(request, db, tools, who, form)
    except Refusal as refusal:
        return page(request, "password.html", form=form, refusal=refusal, status=refusal.status)
    response = see_other("/login", request=request, flash="Your new password is set. Sign in.")
    signing_in.clear_cookies(response, secure=tools.settings.secure_cookies)
    return response


async def _change_password(
    request: Request, db: Pool, tools: Tools, who: CurrentLearner, form: Form
) -> None:
    await new_password.by_present(
        request,
        db,
        tools,
        who.subject,
        present=form.get("password_present", ""),
        password=form.get("password", ""),
        again=form.get("password_again", ""),
    )
    log.info("password_changed", learner_id=str(who.subject))
