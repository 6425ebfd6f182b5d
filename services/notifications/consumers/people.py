"""Who a learner is, what was studied, and the certificate at the end of it."""

from chassis.db import Tx
from contracts.certificates import CertificateIssued, RenewalRegistered
from contracts.identity import (
    EmailConfirmationRequested,
    LearnerChanged,
    LearnerRegistered,
    LearnerVerified,
    PasswordChanged,
    PasswordResetRequested,
    VerificationReturned,
)
from contracts.progress import CycleSatisfied

from .. import actions
from ..model import Template
from .door import consumer


@consumer.on(LearnerRegistered)
async def welcome(tx: Tx, event: LearnerRegistered) -> None:
    """I-1: a person has an account now."""
    await actions.keep_learner(tx, event)
    await actions.queue_mail(
        tx,
        Template.WELCOME,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values={"kind": event.kind, "verified": event.verified},
    )


@consumer.on(LearnerChanged)
async def follow_learner(tx: Tx, event: LearnerChanged) -> None:
    """Mail goes to the address that is right now."""
    await actions.keep_learner(tx, event)


@consumer.on(LearnerVerified)
async def tell_verified(tx: Tx, event: LearnerVerified) -> None:
    """I-8: nothing waits for the verification any more."""
    await actions.keep_learner(tx, event)
    await actions.queue_mail(
        tx,
        Template.VERIFICATION_DONE,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values={},
    )


@consumer.on(VerificationReturned)
async def tell_returned(tx: Tx, event: VerificationReturned) -> None:
    """I-8: a reason that the learner can read and act on."""
    await actions.queue_mail(
        tx,
        Template.VERIFICATION_RETURNED,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values={"reason": event.reason},
    )


@consumer.on(EmailConfirmationRequested)
async def ask_confirmation(tx: Tx, event: EmailConfirmationRequested) -> None:
    """I-7: to the address that waits for its confirmation, not to the one in use."""
    await _queue_link(tx, Template.EMAIL_CONFIRMATION, event)


@consumer.on(PasswordResetRequested)
async def offer_password_reset(tx: Tx, event: PasswordResetRequested) -> None:
    """I-6"""
    await _queue_link(tx, Template.PASSWORD_RESET, event)


async def _queue_link(
    tx: Tx, template: Template, event: EmailConfirmationRequested | PasswordResetRequested
) -> None:
    await actions.queue_mail(
        tx,
        template,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values={
            "request_id": str(event.request_id),
            "real_name": event.real_name,
            "expires_at": event.expires_at.isoformat(),
        },
        address=event.email,
        expires_at=event.expires_at,
    )


@consumer.on(PasswordChanged)
async def tell_password_changed(tx: Tx, event: PasswordChanged) -> None:
    """I-6: somebody else's change must not go unseen."""
    await actions.queue_mail(
        tx,
        Template.PASSWORD_CHANGED,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values={"changed_at": event.occurred_at.isoformat()},
    )


@consumer.on(CycleSatisfied)
async def tell_satisfied(tx: Tx, event: CycleSatisfied) -> None:
    """P-10: all hours are there; what comes next."""
    await actions.queue_mail(
        tx,
        Template.CYCLE_SATISFIED,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values=event.model_dump(mode="json", include={"cycle_starts_on", "cycle_ends_on", "hours"}),
    )


@consumer.on(RenewalRegistered)
async def tell_renewal(tx: Tx, event: RenewalRegistered) -> None:
    """Z-2: the cohort, and what the certificate waits for."""
    await actions.queue_mail(
        tx,
        Template.RENEWAL_REGISTERED,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values=event.model_dump(mode="json", include={"cohort_on", "printable_by", "waiting_for"}),
    )


@consumer.on(CertificateIssued)
async def tell_certificate(tx: Tx, event: CertificateIssued) -> None:
    """Z-5, Z-6: where it is, and where anyone can check it."""
    await actions.queue_mail(
        tx,
        Template.CERTIFICATE_ISSUED,
        event_id=event.event_id,
        learner_id=event.learner_id,
        values=event.model_dump(
            mode="json", include={"number", "issued_on", "valid_until", "previous_number"}
        ),
    )
