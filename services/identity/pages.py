"""The page door for visitors: registering, signing in and out, and what mailed links lead to."""

from functools import partial
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from chassis.db import Pool, transaction
from chassis.links import EMAIL_CONFIRMATION, PASSWORD_RESET
from chassis.refusals import Invalid, Refusal
from chassis.sessions import REFRESH_COOKIE
from chassis.web.deps import Db
from chassis.web.forms import MESSAGES, Form, read_form, sentences
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import Anyone, session_of

from . import contact, new_password, opening, registration_page, signing_in
from .actions import links
from .actions.captchas import Purpose
from .model import LinkExpired, beside_its_field
from .registration import RegistrationWish
from .tools import Tools, UseTools

log = structlog.get_logger()
router = APIRouter(dependencies=[Anyone], include_in_schema=False)

NEW_CAPTCHA: Final = "new_captcha"  # the button that only asks for another picture
RESET_ASKED: Final = N_(
    "If an account uses this address, a mail with a link is on its way. It works for 30 minutes."
)


async def page_with_captcha(
    request: Request,
    db: Pool,
    tools: Tools,
    template: str,
    purpose: Purpose,
    *,
    form: Form | None = None,
    refusal: Refusal | None = None,
    keep: bool = False,
    **context: Any,
) -> Response:
    """A form with a captcha: the one that was sent when it is not used up (`keep`), else anew."""
    form = form or Form()
    captcha_id: str | UUID = form.get("captcha_id", "")
    if not (keep and captcha_id):
        captcha_id = (await opening.new_captcha(db, tools, purpose)).captcha_id
        form.pop("captcha_answer", None)
    response = page(
        request,
        template,
        form=form,
        refusal=refusal,
        captcha_id=captcha_id,
        status=refusal.status if refusal else 200,
        **context,
    )
    if refusal is not None and refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


# ---- registering (I-1 to I-4)


@router.get("/register")
async def show_registration(request: Request, db: Db, tools: UseTools) -> Response:
    return await _registration(request, db, tools)


@router.post("/register")
async def register(request: Request, db: Db, tools: UseTools) -> Response:
    """Open the account and sign its owner in; or show the form again with every problem."""
    form = await read_form(request)
    if NEW_CAPTCHA in form:
        return await _registration(request, db, tools, form=form)
    try:
        wish = RegistrationWish.model_validate(registration_page.values(form))
    except ValidationError as error:
        problems = Invalid(sentences(error.errors(include_url=False, include_input=False)))
        return await _registration(request, db, tools, form=form, refusal=problems, keep=True)
    try:
        learner = await opening.open_account(request, db, tools, wish)
    except Refusal as refusal:
        return await _registration(request, db, tools, form=form, refusal=beside_its_field(refusal))

    signed_in = await signing_in.begin_for_new_learner(request, db, tools, learner)
    response = see_other(
        "/account",
        request=request,
        flash=registration_page.welcome(learner),
        name=learner.account_name,
        email=learner.email,
    )
    signing_in.set_cookies(response, signed_in, secure=tools.settings.secure_cookies)
    return response


async def _registration(
    request: Request,
    db: Pool,
    tools: Tools,
    *,
    form: Form | None = None,
    refusal: Refusal | None = None,
    keep: bool = False,
) -> Response:
    return await page_with_captcha(
        request,
        db,
        tools,
        "register.html",
        Purpose.REGISTER,
        form=form,
        refusal=refusal,
        keep=keep,
        **registration_page.context(form or Form(), refusal),
    )


# ---- signing in and out (I-5, I-6)


@router.get("/login")
async def show_sign_in(request: Request, db: Db, tools: UseTools) -> Response:
    return await _sign_in_page(request, db, tools)


@router.post("/login")
async def sign_in(request: Request, db: Db, tools: UseTools) -> Response:
    """Sign in with account name, mobile number or e-mail address."""
    form = await read_form(request)
    show = partial(_sign_in_page, request, db, tools, form=form)
    if NEW_CAPTCHA in form:
        return await show()
    if missing := missing_of(form, "login", "password", "captcha_answer"):
        return await show(refusal=missing, keep=True)
    try:
        await _solve(db, form, Purpose.SIGN_IN)
        signed_in = await signing_in.sign_in_learner(
            request, db, tools, login=form["login"], password=form["password"]
        )
    except Refusal as refusal:
        return await show(refusal=refusal)

    response = see_other(signing_in.local_path(form.get("next"), default="/study"))
    signing_in.set_cookies(response, signed_in, secure=tools.settings.secure_cookies)
    return response


async def _sign_in_page(
    request: Request, db: Pool, tools: Tools, *, form: Form | None = None, **shown: Any
) -> Response:
    goal = form.get("next") if form else request.query_params.get("next")
    return await page_with_captcha(
        request,
        db,
        tools,
        "login.html",
        Purpose.SIGN_IN,
        form=form,
        next=signing_in.local_path(goal, default=""),
        **shown,
    )


async def _solve(db: Pool, form: Form, purpose: Purpose) -> None:
    answer = form.get("captcha_answer", "")
    await signing_in.use_captcha(
        db, captcha_id=form.get("captcha_id", ""), answer=answer, purpose=purpose
    )


def missing_of(form: Form, *names: str) -> Invalid | None:
    """The refusal for the fields that were left empty, if there are any."""
    empty = {name: MESSAGES["missing"] for name in names if not form.get(name)}
    return Invalid(empty) if empty else None


@router.post("/logout")
async def sign_out(request: Request, db: Db, tools: UseTools) -> Response:
    """End all sessions of whoever asks, and forget the browser's cookies."""
    await read_form(request)
    await end_sessions(request, db)
    response = see_other("/", request=request, flash="You are signed out.")
    signing_in.clear_cookies(response, secure=tools.settings.secure_cookies)
    return response


async def end_sessions(request: Request, db: Pool) -> None:
    who = session_of(request)
    await signing_in.sign_out(
        db,
        subject_id=who.subject if who else None,
        refresh_token=request.cookies.get(REFRESH_COOKIE),
    )


@router.get("/session/refresh")
@router.post("/session/refresh")
async def refresh_session(request: Request, db: Db, tools: UseTools) -> Response:
    """A fresh access token on the way to a page; 307 keeps what was posted there.

    The body belongs to that page and is not read here. Whose session has ended meets the page
    signed out; a POST goes to the sign-in page, for nobody may act unasked.
    """
    goal = signing_in.local_path(request.query_params.get("next"), default="/")
    token = request.cookies.get(REFRESH_COOKIE)
    signed_in = await signing_in.refresh(db, tools, token) if token else None
    secure = tools.settings.secure_cookies
    login = "/staff/login" if f"{goal}/".startswith("/staff/") else "/login"
    to_sign_in = RedirectResponse(f"{login}?next={quote(goal, safe='/')}", 303)
    if signed_in is None:
        ended = token is not None and request.method == "GET"
        response = RedirectResponse(goal, 303) if ended else to_sign_in
        signing_in.clear_cookies(response, secure=secure)
        return response
    if login == "/staff/login" and signed_in.kind != "staff":
        response = to_sign_in  # a learner before a staff page: going on would come back here
    else:
        response = RedirectResponse(goal, 307)
    signing_in.set_cookies(response, signed_in, secure=secure)
    return response


# ---- what mailed links lead to (I-6, I-7)


@router.get("/forgot-password")
async def show_forgotten(request: Request, db: Db, tools: UseTools) -> Response:
    return await _forgotten_page(request, db, tools)


@router.post("/forgot-password")
async def ask_for_reset(request: Request, db: Db, tools: UseTools) -> Response:
    """Ask for a link. The answer is the same whether or not the address is known."""
    form = await read_form(request)
    show = partial(_forgotten_page, request, db, tools, form=form)
    if NEW_CAPTCHA in form:
        return await show()
    if missing := missing_of(form, "email", "captcha_answer"):
        return await show(refusal=missing, keep=True)
    try:
        email = contact.read_email(form["email"])
    except ValueError as problem:
        return await show(refusal=Invalid({"email": problem.args[0]}), keep=True)
    try:
        await _solve(db, form, Purpose.PASSWORD_RESET)
        async with transaction(db) as tx:
            await links.request_reset(tx, email=email)
    except Refusal as refusal:
        return await show(refusal=refusal)
    return see_other("/login", request=request, flash=RESET_ASKED)


async def _forgotten_page(request: Request, db: Pool, tools: Tools, **shown: Any) -> Response:
    return await page_with_captcha(
        request, db, tools, "forgot_password.html", Purpose.PASSWORD_RESET, **shown
    )


@router.get("/reset-password/{token}")
async def show_reset(request: Request, token: str, db: Db, tools: UseTools) -> Response:
    """The form for the new password. Looking does not use the link up."""
    request_id = tools.link_token(PASSWORD_RESET, token)
    if not await new_password.is_link_usable(db, request_id):
        raise LinkExpired
    return _unreferred(page(request, "reset_password.html"))


@router.post("/reset-password/{token}")
async def use_reset(request: Request, token: str, db: Db, tools: UseTools) -> Response:
    form = await read_form(request)
    request_id = tools.link_token(PASSWORD_RESET, token)
    if request_id is None:
        raise LinkExpired
    try:
        await new_password.by_link(
            db,
            tools,
            request_id,
            password=form.get("password", ""),
            again=form.get("password_again", ""),
        )
    except Invalid as refusal:
        return _unreferred(
            page(request, "reset_password.html", form=form, refusal=refusal, status=refusal.status)
        )
    response = see_other("/login", request=request, flash="Your new password is set. Sign in.")
    signing_in.clear_cookies(response, secure=tools.settings.secure_cookies)
    return response


@router.get("/confirm-email/{token}")
async def show_confirmation(request: Request, token: str, tools: UseTools) -> Response:
    """A button. Mail programs that open links by themselves confirm nothing."""
    if tools.link_token(EMAIL_CONFIRMATION, token) is None:
        raise LinkExpired
    return _unreferred(page(request, "confirm_email.html"))


@router.post("/confirm-email/{token}")
async def confirm_email(request: Request, token: str, db: Db, tools: UseTools) -> Response:
    await read_form(request)
    request_id = tools.link_token(EMAIL_CONFIRMATION, token)
    if request_id is None:
        raise LinkExpired
    async with transaction(db) as tx:
        learner = await links.confirm_email(tx, request_id)
    log.info("email_confirmed", learner_id=str(learner.learner_id))
    return see_other("/account", request=request, flash="Your e-mail address is confirmed.")


def _unreferred(response: Response) -> Response:
    """The address of this page is a secret: no other page may be told of it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
