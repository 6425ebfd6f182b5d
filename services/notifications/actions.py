"""Every change of a mail: lock → decide → save → tell, inside the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from contracts.identity import LearnerFacts
from contracts.notifications import MailFailed

from . import model, store
from .letters import Shown
from .model import Audience, Learner, Mail, Outcome, Patience, Result, State, Template

RESEND_BATCH = 500
DEAD_SENDERS_BATCH = 50  # settled in one transaction


async def keep_learner(tx: Tx, facts: LearnerFacts) -> None:
    """Know a learner's name and address from now on; older facts change nothing."""
    await store.keep_learner(
        tx, Learner(facts.learner_id, facts.version, facts.real_name, facts.email)
    )


async def queue_mail(
    tx: Tx,
    template: Template,
    *,
    event_id: UUID,
    learner_id: UUID,
    values: Mapping[str, Any],
    audience: Audience = Audience.LEARNER,
    address: str | None = None,
    parcel_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """A mail for this event, once however often it is asked for. It is sent by a worker as soon
    as an address is known: `address`, or the learner's own at that moment. What may be kept
    nowhere is in the parcel."""
    return await store.insert_mail(
        tx,
        mail_id=ids.new_id(),
        event_id=event_id,
        template=template,
        learner_id=learner_id,
        values=values,
        audience=audience,
        address=address,
        parcel_id=parcel_id,
        expires_at=expires_at,
        now=clock.now(),
    )


async def claim_mail(tx: Tx, *, patience: Patience) -> Mail | None:
    """Take the next mail for sending, until its lease runs out. None when nothing is due.

    A mail whose sender died is settled here as unknown, and comes back after its wait.
    """
    now = clock.now()
    for _ in range(DEAD_SENDERS_BATCH):
        mail = await store.lock_due_mail(tx, now)
        if mail is None:
            break
        if mail.state is not State.SENDING:
            await store.mark_sending(tx, mail.mail_id, leased_until=now + patience.lease_of(mail))
            return mail
        await _settle(tx, mail, Outcome(Result.UNKNOWN, "the sender died"), patience=patience)
    return None


async def settle_mail(
    tx: Tx, claimed: Mail, outcome: Outcome, *, letter: Shown | None, patience: Patience
) -> None:
    """Note how sending ended. A sender that was too slow changes nothing: its lease was lost."""
    mail = await store.lock_mail(tx, claimed.mail_id)
    if mail is None or mail.state is not State.SENDING or mail.claims != claimed.claims + 1:
        return

    if letter:
        await store.save_letter(tx, mail.mail_id, subject=letter.subject, body=letter.text)
    await _settle(tx, mail, outcome, patience=patience)


async def _settle(tx: Tx, mail: Mail, outcome: Outcome, *, patience: Patience) -> None:
    now = clock.now()
    settled = model.settle(mail, outcome, patience=patience, now=now)

    await store.save_settled(tx, mail.mail_id, settled, outcome=outcome, now=now)
    await store.add_trail(tx, [mail.mail_id], at=now, what=outcome.result, detail=outcome.detail)

    if settled.state is State.PARKED:
        reason = model.told(f"{outcome.result}: {outcome.detail}").rstrip(": ")
        await outbox.add(
            tx, MailFailed(mail_id=mail.mail_id, template=mail.template, reason=reason)
        )


async def resend(tx: Tx, mail_id: UUID, *, staff_id: UUID, staff_name: str) -> Mail:
    """Send a parked mail again. Raises `MailNotFound`, `MailNotParked`."""
    mail = model.check_resend(await store.lock_mail(tx, mail_id))

    await _requeue(tx, [mail.mail_id], staff_id=staff_id, staff_name=staff_name)
    return mail


async def resend_all(tx: Tx, *, staff_id: UUID, staff_name: str) -> int:
    """Send every parked mail again, `RESEND_BATCH` at most; return how many."""
    mail_ids = await store.lock_parked_mails(tx, limit=RESEND_BATCH)

    await _requeue(tx, mail_ids, staff_id=staff_id, staff_name=staff_name)
    return len(mail_ids)


async def _requeue(tx: Tx, mail_ids: list[UUID], *, staff_id: UUID, staff_name: str) -> None:
    now = clock.now()
    await store.requeue(tx, mail_ids, now=now)
    await store.add_trail(
        tx, mail_ids, at=now, what="resent", staff_id=staff_id, staff_name=staff_name
    )
