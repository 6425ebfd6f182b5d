"""Who learners are, as identity tells: payments keeps its own copy of names and qualifications."""

from chassis.db import Tx
from contracts.identity import LearnerChanged, LearnerFacts, LearnerRegistered, LearnerVerified

from ..model.learners import Learner
from ..store import learners
from .door import consumer


@consumer.on(LearnerRegistered)
async def know_learner(tx: Tx, event: LearnerRegistered) -> None:
    await _keep(tx, event)


@consumer.on(LearnerChanged)
async def keep_learner_current(tx: Tx, event: LearnerChanged) -> None:
    await _keep(tx, event)


@consumer.on(LearnerVerified)
async def keep_verified_learner(tx: Tx, event: LearnerVerified) -> None:
    await _keep(tx, event)


async def _keep(tx: Tx, event: LearnerFacts) -> None:
    held = event.qualification
    await learners.keep_learner(
        tx,
        Learner(
            learner_id=event.learner_id,
            version=event.version,
            real_name=event.real_name,
            account_name=event.account_name,
            email=event.email,
            kind=event.kind,
            id_number_masked=event.id_number_masked,
            id_number_mac=event.id_number_mac,
            qualification_number=held.number if held else None,
            qualification_expires_on=held.expires_on if held else None,
        ),
    )
