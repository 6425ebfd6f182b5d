"""What is done by a mailed link: confirming an address (I-7), setting a new password (I-6)."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from chassis.links import EMAIL_CONFIRMATION, PASSWORD_RESET
from chassis.refusals import TooMany
from contracts.identity import (
    EmailConfirmationRequested,
    LearnerChanged,
    PasswordChanged,
    PasswordResetRequested,
)

from ..model import (
    CONFIRMATION_LIFETIME,
    CONFIRMATION_MAILS_PER_HOUR,
    RESET_LIFETIME,
    RESET_MAILS_PER_HOUR,
    Learner,
    LinkExpired,
)
from ..store import accounts, learners, sessions
from ..store import links as store
from . import audit

HOUR: Final = timedelta(hours=1)


async def request_confirmation(tx: Tx, learner: Learner, *, email: str) -> None:
    """Ask for a mail whose link confirms this address. `learner`: new, or locked by the caller."""
    now, request_id = clock.now(), ids.new_id()
    asked = await store.count_requests(
        tx, purpose=EMAIL_CONFIRMATION, learner_id=learner.learner_id, since=now - HOUR
    )
    if asked >= CONFIRMATION_MAILS_PER_HOUR:
        raise TooMany(retry_after_seconds=int(HOUR.total_seconds()))

    expires_at = now + CONFIRMATION_LIFETIME
    await store.insert_request(
        tx,
        request_id=request_id,
        purpose=EMAIL_CONFIRMATION,
        learner_id=learner.learner_id,
        email=email,
        requested_at=now,
        expires_at=expires_at,
    )
    await outbox.add(
        tx,
        EmailConfirmationRequested(
            request_id=request_id,
            learner_id=learner.learner_id,
            real_name=learner.real_name,
            email=email,
            expires_at=expires_at,
        ),
    )


async def confirm_email(tx: Tx, request_id: UUID) -> Learner:
    """Take a link's word that the address is read by the learner. Following it twice is harmless.

    A link for a new address also makes it the learner's address.
    """
    learner, request = await _lock(tx, request_id, purpose=EMAIL_CONFIRMATION)
    now = clock.now()
    if not request.usable(now):
        if learner.email_confirmed_at is not None and learner.email == request.email:
            return learner
        raise LinkExpired

    new_address = learner.email != request.email
    confirmed = replace(
        learner,
        email=request.email,
        email_confirmed_at=now,
        version=learner.version + new_address,
    )
    await learners.update_contact(tx, confirmed)
    await store.use_requests(tx, purpose=EMAIL_CONFIRMATION, learner_id=learner.learner_id, at=now)
    if new_address:
        await outbox.add(tx, confirmed.facts(LearnerChanged))
    return confirmed


async def request_reset(tx: Tx, *, email: str) -> None:
    """Ask for a mail with a link for a new password. Says nothing of whether the address is known,
    and sends one account no more than a few mails an hour."""
    found = await learners.get_learner_by_email(tx, email)
    learner = await learners.lock_learner(tx, found.learner_id) if found else None
    if learner is None:
        return

    now, request_id = clock.now(), ids.new_id()
    asked = await store.count_requests(
        tx, purpose=PASSWORD_RESET, learner_id=learner.learner_id, since=now - HOUR
    )
    if asked >= RESET_MAILS_PER_HOUR:
        return

    expires_at = now + RESET_LIFETIME
    await store.insert_request(
        tx,
        request_id=request_id,
        purpose=PASSWORD_RESET,
        learner_id=learner.learner_id,
        email=learner.email,
        requested_at=now,
        expires_at=expires_at,
    )
    await outbox.add(
        tx,
        PasswordResetRequested(
            request_id=request_id,
            learner_id=learner.learner_id,
            real_name=learner.real_name,
            email=learner.email,
            expires_at=expires_at,
        ),
    )


async def use_reset(tx: Tx, request_id: UUID, *, password_hash: str) -> None:
    """Set the new password, once per link, and end all sessions (I-6)."""
    learner, request = await _lock(tx, request_id, purpose=PASSWORD_RESET)
    now = clock.now()
    if not request.usable(now):
        raise LinkExpired

    await store.use_requests(tx, purpose=PASSWORD_RESET, learner_id=learner.learner_id, at=now)
    await set_password(tx, learner, password_hash=password_hash)


async def set_password(tx: Tx, learner: Learner, *, password_hash: str) -> None:
    """`learner`: locked by the caller. Every session of the learner ends (I-6)."""
    now = clock.now()
    await accounts.update_learner_password(
        tx, learner.learner_id, password_hash=password_hash, at=now
    )
    await sessions.end_sessions_of(tx, learner.learner_id, at=now, reason="password_changed")
    await audit.note_learner(tx, learner, action="password_changed")
    await outbox.add(tx, PasswordChanged(learner_id=learner.learner_id))


async def _lock(tx: Tx, request_id: UUID, *, purpose: str) -> tuple[Learner, store.LinkRequest]:
    """The learner first, then the request: two links of one learner can't wait for each other."""
    found = await store.get_request(tx, request_id, purpose=purpose)
    learner = await learners.lock_learner(tx, found.learner_id) if found else None
    request = await store.lock_request(tx, request_id, purpose=purpose)
    if learner is None or request is None:
        raise LinkExpired
    return learner, request
