"""The steps of signing in and staying signed in, the same for pages and API.

A step that must be remembered although the request is refused (a captcha is used up, a try is
counted) commits before the refusal; and no password is hashed inside a transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response

from chassis.db import Pool, Tx, transaction
from chassis.sessions import ACCESS_COOKIE, REFRESH_COOKIE

from . import contact
from .actions import captchas, sessions
from .actions.captchas import Purpose
from .actions.sessions import OpenSession
from .model import LIFETIMES, Learner, WrongCredentials
from .store import accounts, learners
from .store.accounts import Account
from .tokens import ACCESS_LIFETIME
from .tools import Tools


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser or an app holds after signing in."""

    subject_id: UUID
    kind: str
    name: str
    access_token: str
    refresh_token: str

    @property
    def expires_in(self) -> int:
        return int(ACCESS_LIFETIME.total_seconds())


async def use_captcha(db: Pool, *, captcha_id: str, answer: str, purpose: Purpose) -> None:
    """Use up the captcha. Raises Invalid at `captcha_answer` when it was not solved."""
    async with transaction(db) as tx:
        solved = await captchas.take(tx, captcha_id, purpose=purpose, answer=answer)
    if not solved:
        raise captchas.wrong()


async def sign_in_learner(
    request: Request, db: Pool, tools: Tools, *, login: str, password: str
) -> SignedIn:
    """Account name, mobile number or e-mail address, and the password (I-5)."""
    async with transaction(db) as tx:
        account = await accounts.get_learner_account(
            tx, account_name=login, mobile=_mobile(login), email=login
        )
    return await _sign_in(request, db, tools, account, login, password, kind="learner")


async def sign_in_staff(
    request: Request, db: Pool, tools: Tools, *, login: str, password: str
) -> SignedIn:
    async with transaction(db) as tx:
        account = await accounts.get_staff_account(tx, login)
    return await _sign_in(request, db, tools, account, login, password, kind="staff")


async def _sign_in(
    request: Request,
    db: Pool,
    tools: Tools,
    account: Account | None,
    login: str,
    password: str,
    *,
    kind: str,
) -> SignedIn:
    """An unknown login costs the same work and gets the same answer as a wrong password."""
    place = tools.place(request, account=_name(kind, account.subject_id if account else login))
    async with transaction(db) as tx:
        try_id = await sessions.note_try(tx, place)

    right = await tools.passwords.verify(account.password_hash if account else None, password)
    if account is None or not right:
        async with transaction(db) as tx:
            await sessions.fail_try(tx, try_id)
        raise WrongCredentials
    renewed = await _renewed_hash(tools, account, password)

    async with transaction(db) as tx:
        if renewed and kind == "learner":
            await accounts.replace_outdated_hash(tx, account, password_hash=renewed)
        opened = await sessions.begin(
            tx, subject_id=account.subject_id, kind=kind, place=place, try_id=try_id
        )
        signed_in = await _with_access(tx, tools, opened)
    if signed_in is None:
        raise WrongCredentials
    return signed_in


async def begin_for_new_learner(
    request: Request, db: Pool, tools: Tools, learner: Learner
) -> SignedIn:
    """Who has just registered is signed in without typing the password a third time."""
    place = tools.place(request, account=_name("learner", learner.learner_id))
    async with transaction(db) as tx:
        opened = await sessions.begin(
            tx, subject_id=learner.learner_id, kind="learner", place=place
        )
    return _signed_in(opened, learner.real_name, tools.signer.learner(learner))


def _name(kind: str, account: UUID | str) -> str:
    return f"{kind}:{str(account).casefold()}"


async def _renewed_hash(tools: Tools, account: Account, password: str) -> str | None:
    if not tools.passwords.is_outdated(account.password_hash):
        return None
    return await tools.passwords.hash(password)


async def refresh(db: Pool, tools: Tools, refresh_token: str) -> SignedIn | None:
    """The next pair of tokens, with the facts and rights of this moment; None: sign in again."""
    async with transaction(db) as tx:
        opened = await sessions.rotate(tx, refresh_token)
        return await _with_access(tx, tools, opened) if opened else None


async def sign_out(db: Pool, *, subject_id: UUID | None, refresh_token: str | None) -> None:
    async with transaction(db) as tx:
        await sessions.sign_out(tx, subject_id=subject_id, refresh_token=refresh_token)


async def _with_access(tx: Tx, tools: Tools, opened: OpenSession) -> SignedIn | None:
    if opened.kind == "learner":
        learner = await learners.get_learner(tx, opened.subject_id)
        if learner is not None:
            return _signed_in(opened, learner.real_name, tools.signer.learner(learner))
    else:
        staff = await accounts.get_staff(tx, opened.subject_id)
        if staff is not None and not staff.disabled:
            return _signed_in(opened, staff.name, tools.signer.staff(staff))
    await sessions.end(tx, opened.session_id, reason="account_disabled")
    return None


def _signed_in(opened: OpenSession, name: str, access_token: str) -> SignedIn:
    return SignedIn(opened.subject_id, opened.kind, name, access_token, opened.refresh_token)


def _mobile(login: str) -> str | None:
    try:
        return contact.read_mobile(login)
    except ValueError:
        return None


def set_cookies(response: Response, signed_in: SignedIn, *, secure: bool) -> None:
    """Both cookies go to every path: any page may find its access token worn out, and then must
    see that there is a refresh token to go to /session/refresh with."""
    lifetimes = {
        ACCESS_COOKIE: (signed_in.access_token, signed_in.expires_in),
        REFRESH_COOKIE: (
            signed_in.refresh_token,
            int(LIFETIMES[signed_in.kind].idle.total_seconds()),
        ),
    }
    for name, (value, seconds) in lifetimes.items():
        response.set_cookie(
            name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure
        )


def clear_cookies(response: Response, *, secure: bool) -> None:
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure)


def local_path(wish: str | None, *, default: str) -> str:
    """Where to go on, if it is a path of this site; never another site's address."""
    path = wish or ""
    foreign = not path.startswith("/") or path.startswith(("//", "/session/")) or "\\" in path
    return default if foreign or not path.isprintable() else path
