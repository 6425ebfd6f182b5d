"""The steps of setting a new password, the same for pages and API (I-4, I-6)."""

from uuid import UUID

import structlog
from fastapi import Request

from chassis import clock
from chassis.db import Pool, transaction
from chassis.links import PASSWORD_RESET
from chassis.refusals import Invalid
from chassis.web.i18n import N_

from . import passwords
from .actions import links, sessions
from .model import Learner, LearnerNotFound, LinkExpired
from .store import accounts, learners
from .store import links as link_store
from .tools import Tools

log = structlog.get_logger()

WRONG_PRESENT = N_("This is not your present password.")


async def is_link_usable(db: Pool, request_id: UUID | None) -> bool:
    """Whether a link for a new password still works. Looking does not use it up."""
    if request_id is None:
        return False
    async with transaction(db) as tx:
        request = await link_store.get_request(tx, request_id, purpose=PASSWORD_RESET)
    return request is not None and request.usable(clock.now())


async def by_link(db: Pool, tools: Tools, request_id: UUID, *, password: str, again: str) -> None:
    """Set the password for which the link was mailed. Raises LinkExpired or Invalid."""
    async with transaction(db) as tx:
        request = await link_store.get_request(tx, request_id, purpose=PASSWORD_RESET)
        learner = await learners.get_learner(tx, request.learner_id) if request else None
    if request is None or learner is None or not request.usable(clock.now()):
        raise LinkExpired

    check(tools, learner, password=password, again=again)
    password_hash = await tools.passwords.hash(password)
    async with transaction(db) as tx:
        await links.use_reset(tx, request_id, password_hash=password_hash)
    log.info("password_reset", learner_id=str(learner.learner_id))


async def by_present(
    request: Request,
    db: Pool,
    tools: Tools,
    learner_id: UUID,
    *,
    present: str,
    password: str,
    again: str,
) -> None:
    """Set a new password for who knows the present one. Wrong guesses count like those at the
    sign-in page: raises TooMany in the end."""
    place = tools.place(request, account=f"learner:{learner_id}")
    async with transaction(db) as tx:
        learner = await learners.get_learner(tx, learner_id)
        present_hash = await accounts.get_password_hash(tx, learner_id)
        try_id = await sessions.note_try(tx, place)
    if learner is None:
        raise LearnerNotFound
    if not await tools.passwords.verify(present_hash, present):
        async with transaction(db) as tx:
            await sessions.fail_try(tx, try_id)
        raise Invalid({"password_present": WRONG_PRESENT})

    async with transaction(db) as tx:
        await sessions.forget_try(tx, try_id)
    check(tools, learner, password=password, again=again)
    password_hash = await tools.passwords.hash(password)
    async with transaction(db) as tx:
        locked = await learners.lock_learner(tx, learner_id)
        await links.set_password(tx, locked or learner, password_hash=password_hash)


def check(tools: Tools, learner: Learner, *, password: str, again: str) -> None:
    """Raises Invalid, field by field (I-4)."""
    known = passwords.known_words(
        real_name=learner.real_name,
        id_number=tools.vault.open(learner.id_number_sealed, learner_id=learner.learner_id),
        mobile=learner.mobile,
        email=learner.email,
    )
    try:
        passwords.check(password, known=known)
    except ValueError as problem:
        raise Invalid({"password": problem.args[0]}) from None
    if password != again:
        raise Invalid({"password_again": passwords.UNEQUAL})
