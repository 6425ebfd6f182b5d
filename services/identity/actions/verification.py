"""The desk: staff confirm who a learner is, or return the registration with a reason (I-3, I-8)."""

from dataclasses import replace
from uuid import UUID

from chassis import clock, outbox
from chassis.db import Tx
from chassis.sessions import Session
from contracts.identity import LearnerVerified, VerificationReturned

from ..model import (
    Learner,
    LearnerNotFound,
    Verification,
    decide_acceptance,
    decide_return,
)
from ..store import learners as store
from ..vault import Vault
from . import audit


async def accept(tx: Tx, learner_id: UUID, *, who: Session) -> Learner:
    """Confirm the identity. Doing it twice changes nothing and is told once."""
    learner = await _lock(tx, learner_id)

    if not decide_acceptance(learner):
        return learner

    verified = replace(
        learner,
        version=learner.version + 1,
        verification=Verification.VERIFIED,
        verification_reason=None,
        verification_at=clock.now(),
    )
    await store.update_verification(tx, verified)
    await audit.note_staff(tx, who, action="identity_verified", learner_id=learner_id)
    await outbox.add(tx, verified.facts(LearnerVerified))
    return verified


async def give_back(tx: Tx, learner_id: UUID, *, who: Session, reason: str) -> Learner:
    """Return the registration; the learner reads the reason and can act on it."""
    learner = await _lock(tx, learner_id)

    decide_return(learner)

    returned = replace(
        learner,
        verification=Verification.RETURNED,
        verification_reason=reason,
        verification_at=clock.now(),
    )
    await store.update_verification(tx, returned)
    await audit.note_staff(
        tx, who, action="verification_returned", learner_id=learner_id, note=reason
    )
    await outbox.add(tx, VerificationReturned(learner_id=learner_id, reason=reason))
    return returned


async def unmask(tx: Tx, learner_id: UUID, *, who: Session, vault: Vault) -> str:
    """The ID number in full, for staff with the permission. Each view leaves a line (I-9)."""
    learner = await store.get_learner(tx, learner_id)
    if learner is None:
        raise LearnerNotFound

    await audit.note_staff(tx, who, action="id_number_unmasked", learner_id=learner_id)
    return vault.open(learner.id_number_sealed, learner_id=learner_id)


async def _lock(tx: Tx, learner_id: UUID) -> Learner:
    learner = await store.lock_learner(tx, learner_id)
    if learner is None:
        raise LearnerNotFound
    return learner
