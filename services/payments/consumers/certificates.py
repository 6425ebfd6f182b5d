"""Which holders have renewed before: payments keeps the certificates that prove it ($-6)."""

from chassis.db import Tx
from contracts.certificates import CertificateIssued
from contracts.identity import LearnerKind

from ..model.discounts import Renewal
from ..store import discounts
from .door import consumer


@consumer.on(CertificateIssued)
async def keep_renewal(tx: Tx, event: CertificateIssued) -> None:
    if event.form is not LearnerKind.HOLDER:
        return
    await discounts.keep_renewal(
        tx,
        Renewal(
            certificate_number=event.number,
            learner_id=event.learner_id,
            issued_on=event.issued_on,
            cycle_starts_on=event.cycle_starts_on,
            previous_number=event.previous_number,
        ),
    )
