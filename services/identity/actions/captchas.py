"""Captchas: issued, shown, and taken once (I-5)."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from chassis.refusals import Invalid, NotFound
from chassis.web.i18n import N_

from ..store import limits as store

LIFETIME: Final = timedelta(minutes=5)
DIGITS: Final = 6  # digits: easily typed on a phone and told apart by ear

WRONG_ANSWER = N_("The captcha does not match, or is too old. Please solve the new one.")


class Purpose(StrEnum):
    REGISTER = "register"
    SIGN_IN = "sign_in"
    PASSWORD_RESET = "password_reset"


@dataclass(frozen=True, slots=True)
class Captcha:
    captcha_id: UUID
    expires_at: datetime


async def issue(tx: Tx, *, purpose: Purpose | None, fixed_answer: str | None) -> Captcha:
    """A new captcha. Without a purpose it serves for any one; `fixed_answer`: demo only."""
    captcha = Captcha(ids.new_id(), clock.now() + LIFETIME)
    answer = fixed_answer or "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    await store.insert_captcha(
        tx, captcha.captcha_id, purpose=purpose, answer=answer, expires_at=captcha.expires_at
    )
    return captcha


async def take(tx: Tx, captcha_id: str, *, purpose: Purpose, answer: str) -> bool:
    """Whether this answers that captcha, which is used up either way. Commit before refusing."""
    try:
        known = UUID(captcha_id)
    except ValueError:
        return False
    right = await store.take_captcha(tx, known, purpose=purpose, now=clock.now())
    given = "".join(answer.split()).casefold()
    return right is not None and hmac.compare_digest(right.casefold().encode(), given.encode())


def wrong() -> Invalid:
    """The refusal for a captcha that was not solved."""
    return Invalid({"captcha_answer": WRONG_ANSWER})


class CaptchaGone(NotFound):
    """This captcha is used up or too old. Please load a new one."""
