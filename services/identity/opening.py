"""The steps of opening an account, the same for the form and the API (I-1)."""

import structlog
from fastapi import Request

from chassis.db import Pool, transaction
from chassis.web.deps import client_address

from . import signing_in
from .actions import captchas, sessions
from .actions.captchas import Captcha, Purpose
from .actions.registration import register
from .model import TAKEN_FIELDS, Learner
from .registration import RegistrationWish
from .tools import Tools

log = structlog.get_logger()


async def new_captcha(db: Pool, tools: Tools, purpose: Purpose | None) -> Captcha:
    async with transaction(db) as tx:
        return await captchas.issue(tx, purpose=purpose, fixed_answer=tools.settings.captcha_answer)


async def open_account(request: Request, db: Pool, tools: Tools, wish: RegistrationWish) -> Learner:
    """Register. Who asks too often for numbers and addresses that are taken has to wait: the
    answer tells that somebody has an account."""
    await signing_in.use_captcha(
        db, captcha_id=wish.captcha_id, answer=wish.captcha_answer, purpose=Purpose.REGISTER
    )
    place = tools.place(request, account=f"register:{client_address(request)}")
    async with transaction(db) as tx:
        await sessions.check_tries(tx, place)

    password_hash = await tools.passwords.hash(wish.password)
    try:
        async with transaction(db) as tx:
            learner = await register(tx, wish, vault=tools.vault, password_hash=password_hash)
    except tuple(TAKEN_FIELDS):
        async with transaction(db) as tx:
            await sessions.note_try(tx, place, failed=True)
        raise
    log.info("learner_registered", learner_id=str(learner.learner_id), kind=learner.kind)
    return learner
