"""The message door of certificates: which events it listens to, and why."""

import structlog

from chassis.consumer import Consumer
from chassis.db import Tx
from contracts.identity import LearnerChanged, LearnerFacts, LearnerRegistered, LearnerVerified
from contracts.progress import CycleSatisfied

from . import actions
from .model import Cycle, Learner

log = structlog.get_logger()
consumer = Consumer("certificates")


@consumer.on(LearnerRegistered)
async def know_learner(tx: Tx, event: LearnerRegistered) -> None:
    """A certificate says who its learner is; the facts are kept from the first day."""
    await _keep(tx, event)


@consumer.on(LearnerChanged)
async def keep_learner_current(tx: Tx, event: LearnerChanged) -> None:
    """A new name or expiry date counts for certificates that are not issued yet."""
    await _keep(tx, event)


@consumer.on(LearnerVerified)
async def go_on_after_verification(tx: Tx, event: LearnerVerified) -> None:
    """A certificate waits for the verified identity (I-3); when all else is there it is issued."""
    await _keep(tx, event)


@consumer.on(CycleSatisfied)
async def await_registration(tx: Tx, event: CycleSatisfied) -> None:
    """Complete hours are what a certificate is for; the learner's own part comes next."""
    await actions.hear_cycle(
        tx,
        Cycle(
            learner_id=event.learner_id,
            starts_on=event.cycle_starts_on,
            ends_on=event.cycle_ends_on,
            hours=event.hours,
            study_started_on=event.study_started_on,
            satisfied_at=event.satisfied_at,
        ),
    )


async def _keep(tx: Tx, event: LearnerFacts) -> None:
    told = Learner(
        learner_id=event.learner_id,
        version=event.version,
        real_name=event.real_name,
        kind=event.kind,
        id_number_masked=event.id_number_masked,
        id_number_mac=event.id_number_mac,
        verified=event.verified,
        qualification=event.qualification,
        title=event.title,
    )
    for certificate in await actions.hear_learner(tx, told):
        log.info("certificate_issued", number=certificate.number, trigger=event.name)
