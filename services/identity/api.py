"""The JSON door: registering, signing in, oneself (see the public HTTP contract)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis import clock
from chassis.db import Pool, transaction
from chassis.links import EMAIL_CONFIRMATION, PASSWORD_RESET
from chassis.sessions import REFRESH_COOKIE
from chassis.web.deps import Db
from chassis.web.who import Anyone, CurrentLearner, session_of
from contracts.identity import LearnerKind, Qualification

from . import contact, id_card, new_password, opening, signing_in
from .actions import captchas, links
from .actions.captchas import Purpose
from .model import LearnerNotFound, LinkExpired, SessionEnded, Verification
from .registration import RegistrationWish
from .signing_in import SignedIn
from .store import learners
from .store import limits as captcha_store
from .tools import Tools, UseTools

log = structlog.get_logger()
router = APIRouter(prefix="/api/identity", tags=["identity"])

Password = Annotated[str, Field(max_length=200, repr=False)]
Text = Annotated[str, Field(max_length=254)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CaptchaWish(Body):
    purpose: Purpose | None = None


class CaptchaTold(BaseModel):
    captcha_id: UUID
    image_url: str
    audio_url: str
    expires_at: datetime


class Registered(BaseModel):
    learner_id: UUID
    account_name: str
    account_name_shared: bool  # others have this name and these digits: there is a suffix (I-2)
    id_number_masked: str
    verified: bool


class SignIn(Body):
    login: Text
    password: Password
    captcha_id: Text
    captcha_answer: Text


class StaffSignIn(Body):
    login: Text
    password: Password
    totp: Annotated[str | None, Field(max_length=16)] = None  # for second factors, to come


class Refresh(Body):
    refresh_token: Text


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = "Bearer"
    expires_in: int  # seconds


class Me(BaseModel):
    learner_id: UUID
    account_name: str
    real_name: str
    kind: LearnerKind
    email: str
    email_confirmed: bool
    mobile_masked: str
    phone: str | None
    id_number_masked: str
    sex: id_card.Sex
    born_on: date
    verified: bool
    verification: Verification
    verification_reason: str | None
    qualification: Qualification | None
    registered_at: datetime


class ResetWish(Body):
    email: Text
    captcha_id: Text
    captcha_answer: Text


class ResetUse(Body):
    token: Text
    password: Password
    password_again: Password


class LinkUse(Body):
    token: Text


class Confirmed(BaseModel):
    email: str
    email_confirmed: bool


# ---- captchas


@router.post("/captchas", status_code=201, dependencies=[Anyone])
async def issue_captcha(db: Db, tools: UseTools, wish: CaptchaWish | None = None) -> CaptchaTold:
    """A captcha for one use within five minutes; for any one purpose when none is named."""
    captcha = await opening.new_captcha(db, tools, wish.purpose if wish else None)
    return CaptchaTold(
        captcha_id=captcha.captcha_id,
        image_url=f"/api/identity/captchas/{captcha.captcha_id}/image.png",
        audio_url=f"/api/identity/captchas/{captcha.captcha_id}/audio.wav",
        expires_at=captcha.expires_at,
    )


@router.get("/captchas/{captcha_id}/image.png", dependencies=[Anyone], response_class=Response)
async def captcha_image(captcha_id: UUID, db: Db, tools: UseTools) -> Response:
    """The characters as a picture (PNG)."""
    picture = await tools.media.image(await _answer(db, captcha_id))
    return Response(picture, media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get("/captchas/{captcha_id}/audio.wav", dependencies=[Anyone], response_class=Response)
async def captcha_audio(captcha_id: UUID, db: Db, tools: UseTools) -> Response:
    """The same characters, spoken (WAV)."""
    sound = await tools.media.audio(await _answer(db, captcha_id))
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": "no-store"})


async def _answer(db: Pool, captcha_id: UUID) -> str:
    async with transaction(db) as tx:
        answer = await captcha_store.get_captcha_answer(tx, captcha_id, now=clock.now())
    if answer is None:
        raise captchas.CaptchaGone
    return answer


# ---- learners


@router.post("/learners", status_code=201, dependencies=[Anyone])
async def register_learner(
    wish: RegistrationWish, request: Request, db: Db, tools: UseTools
) -> Registered:
    """Open an account (I-1). An ID number whose check character fails needs
    `id_number_confirmed: true` and leaves the account unverified (I-3)."""
    learner = await opening.open_account(request, db, tools, wish)
    return Registered(
        learner_id=learner.learner_id,
        account_name=learner.account_name,
        account_name_shared=learner.account_ordinal > 1,
        id_number_masked=learner.id_number_masked,
        verified=learner.verified,
    )


@router.get("/me")
async def show_me(db: Db, tools: UseTools, who: CurrentLearner) -> Me:
    """Oneself. Sex and birth date are read from the ID number and stored nowhere else (I-1)."""
    async with transaction(db) as tx:
        learner = await learners.get_learner(tx, who.subject)
    if learner is None:
        raise LearnerNotFound
    number = tools.vault.open(learner.id_number_sealed, learner_id=learner.learner_id)
    card = id_card.read(number, today=clock.today())
    return Me(
        email_confirmed=learner.email_confirmed_at is not None,
        mobile_masked=contact.mask_mobile(learner.mobile),
        sex=card.sex,
        born_on=card.born_on,
        verified=learner.verified,
        **{name: getattr(learner, name) for name in SAME_NAMES},
    )


SAME_NAMES = (
    *("learner_id", "account_name", "real_name", "kind", "email", "phone", "id_number_masked"),
    *("verification", "verification_reason", "qualification", "registered_at"),
)


# ---- sessions


@router.post("/sessions", status_code=201, dependencies=[Anyone])
async def sign_in(
    body: SignIn, request: Request, response: Response, db: Db, tools: UseTools
) -> Tokens:
    """Sign in with account name, mobile number or e-mail address (I-5)."""
    await signing_in.use_captcha(
        db, captcha_id=body.captcha_id, answer=body.captcha_answer, purpose=Purpose.SIGN_IN
    )
    signed_in = await signing_in.sign_in_learner(
        request, db, tools, login=body.login.strip(), password=body.password
    )
    return _tokens(response, tools, signed_in)


@router.post("/staff/sessions", status_code=201, dependencies=[Anyone])
async def sign_in_staff(
    body: StaffSignIn, request: Request, response: Response, db: Db, tools: UseTools
) -> Tokens:
    """Sign in as a member of staff."""
    signed_in = await signing_in.sign_in_staff(
        request, db, tools, login=body.login.strip(), password=body.password
    )
    return _tokens(response, tools, signed_in)


@router.post("/sessions/refresh", dependencies=[Anyone])
async def refresh_session(
    request: Request, response: Response, db: Db, tools: UseTools, body: Refresh | None = None
) -> Tokens:
    """The next pair of tokens, for the refresh token in the body or in the cookie. Each is good
    for one use; one that was used more than a minute ago ends its session."""
    token = body.refresh_token if body else request.cookies.get(REFRESH_COOKIE, "")
    signed_in = await signing_in.refresh(db, tools, token)
    if signed_in is None:
        raise SessionEnded
    return _tokens(response, tools, signed_in)


def _tokens(response: Response, tools: Tools, signed_in: SignedIn) -> Tokens:
    response.headers["Cache-Control"] = "no-store"
    signing_in.set_cookies(response, signed_in, secure=tools.settings.secure_cookies)
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
    )


@router.delete("/sessions", status_code=204, dependencies=[Anyone])
async def sign_out(request: Request, response: Response, db: Db, tools: UseTools) -> None:
    """Sign out everywhere: all sessions of whoever asks end (I-6)."""
    who = session_of(request)
    await signing_in.sign_out(
        db,
        subject_id=who.subject if who else None,
        refresh_token=request.cookies.get(REFRESH_COOKIE),
    )
    signing_in.clear_cookies(response, secure=tools.settings.secure_cookies)


@router.get("/.well-known/jwks.json", dependencies=[Anyone])
async def show_keys(tools: UseTools) -> dict[str, Any]:
    """The public keys that access tokens are verified with (RFC 7517)."""
    return tools.signer.jwks()


# ---- links


@router.post("/password-resets", status_code=202, dependencies=[Anyone])
async def ask_for_reset(body: ResetWish, db: Db) -> dict[str, str]:
    """Ask for a mail with a link. The answer is the same whether or not the address is known."""
    await signing_in.use_captcha(
        db, captcha_id=body.captcha_id, answer=body.captcha_answer, purpose=Purpose.PASSWORD_RESET
    )
    async with transaction(db) as tx:
        await links.request_reset(tx, email=body.email.strip())
    return {"status": "accepted"}


@router.post("/password-resets/use", status_code=204, dependencies=[Anyone])
async def use_reset(body: ResetUse, db: Db, tools: UseTools) -> None:
    """Set a new password with a link's token, once; all sessions end (I-6)."""
    request_id = tools.link_token(PASSWORD_RESET, body.token)
    if request_id is None:
        raise LinkExpired
    await new_password.by_link(
        db, tools, request_id, password=body.password, again=body.password_again
    )


@router.post("/email-confirmations", status_code=202)
async def ask_for_confirmation(db: Db, who: CurrentLearner) -> dict[str, str]:
    """Send the confirmation mail once more (I-7)."""
    async with transaction(db) as tx:
        learner = await learners.lock_learner(tx, who.subject)
        if learner is None:
            raise LearnerNotFound
        await links.request_confirmation(tx, learner, email=learner.email)
    return {"status": "accepted"}


@router.post("/email-confirmations/use", dependencies=[Anyone])
async def confirm_email(body: LinkUse, db: Db, tools: UseTools) -> Confirmed:
    """Confirm an address with a link's token. Doing it twice is harmless (I-7)."""
    request_id = tools.link_token(EMAIL_CONFIRMATION, body.token)
    if request_id is None:
        raise LinkExpired
    async with transaction(db) as tx:
        learner = await links.confirm_email(tx, request_id)
    return Confirmed(email=learner.email, email_confirmed=True)
