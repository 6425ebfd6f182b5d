"""Everything that changes certificates. Each action runs in its caller's transaction.

A certificate needs a registration, a verified identity and a cohort whose date has come, in any
order. Every action holds the learner first, and whatever comes last issues.
"""

import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis import clock, ids, outbox
from chassis.db import Tx
from contracts.certificates import CertificateIssued, RenewalRegistered

from . import model
from .model import Certificate, Cycle, Details, Learner, Registration, Standing
from .store import certificates, learners

CHECK_CODE_BYTES = 16  # 128 bits: the link on a certificate can't be guessed


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration led to: where it stands, or the certificate, and whether it is new."""

    registration: Registration
    standing: Standing
    certificate: Certificate | None
    is_new: bool


async def hear_learner(tx: Tx, told: Learner) -> list[Certificate]:
    """Keep a learner's facts, unless newer ones are known; return what this issued."""
    known = await learners.lock_learner(tx, told.learner_id)
    if known.version >= told.version:
        return []

    await learners.update_learner(tx, told)

    return await _issue_ready(tx, told, today=clock.today())


async def hear_cycle(tx: Tx, cycle: Cycle) -> None:
    """Keep a satisfied cycle. It issues nothing: its registration is still to come."""
    await learners.lock_learner(tx, cycle.learner_id)

    await learners.insert_cycle(tx, cycle)


async def register_renewal(tx: Tx, *, learner_id: UUID, details: Details) -> Registered:
    """Register a holder's latest satisfied cycle for renewal (Z-2). Repeats change nothing."""
    learner = await learners.lock_learner(tx, learner_id)
    cycles = await learners.list_cycles(tx, learner_id)

    cycle = model.check_may_register(learner, cycles[0] if cycles else None)
    model.check_confirmed(learner, details)
    registration = Registration(
        registration_id=ids.new_id(),
        learner_id=learner_id,
        cycle_starts_on=cycle.starts_on,
        work_unit=details.work_unit,
        postal_address=details.postal_address,
        registered_at=clock.now(),
    )

    is_new = await learners.insert_registration(tx, registration)

    if is_new:
        await _tell_registered(tx, registration, await _standing(tx, learner, cycle))
        await _issue_ready(tx, learner, today=clock.today())
    return await _registered(tx, learner, cycle, is_new=is_new)


async def issue_due(tx: Tx, *, learner_id: UUID, today: date) -> list[Certificate]:
    """Issue what a learner waits for and what is ready on this day in Shanghai."""
    learner = await learners.lock_learner(tx, learner_id)

    return await _issue_ready(tx, learner, today=today)


async def _issue_ready(tx: Tx, learner: Learner, *, today: date) -> list[Certificate]:
    """Issue every registered cycle of a held learner that is ready and has no certificate yet."""
    registrations = await learners.list_registrations(tx, learner.learner_id)
    if not registrations:
        return []
    registered = {registration.cycle_starts_on for registration in registrations}
    held = await certificates.list_certificates(tx, learner.learner_id)
    certified = {certificate.cycle_starts_on for certificate in held}
    cohorts = await learners.list_cohorts(tx)

    issued = []
    for cycle in await learners.list_cycles(tx, learner.learner_id):
        if cycle.starts_on in certified or cycle.starts_on not in registered:
            continue
        standing = model.standing(learner, cycle, registered=True, cohorts=cohorts, today=today)
        if standing.is_ready:
            issued.append(await _issue(tx, learner, standing, today=today))
    return issued


async def _issue(tx: Tx, learner: Learner, standing: Standing, *, today: date) -> Certificate:
    certificate = model.compose(
        learner,
        standing.cycle,
        certificate_id=ids.new_id(),
        sequence=await certificates.next_sequence(tx),
        check_code=secrets.token_urlsafe(CHECK_CODE_BYTES),
        cohort_on=standing.cohort_on,
        today=today,
    )

    await certificates.insert_certificate(tx, certificate, id_number_mac=learner.id_number_mac)

    await outbox.add(
        tx,
        CertificateIssued(
            learner_id=learner.learner_id,
            certificate_id=certificate.certificate_id,
            number=certificate.number,
            form=certificate.form,
            issued_on=certificate.issued_on,
            valid_until=certificate.valid_until,
            cycle_starts_on=certificate.cycle_starts_on,
        ),
    )
    return certificate


async def _tell_registered(tx: Tx, registration: Registration, standing: Standing) -> None:
    await outbox.add(
        tx,
        RenewalRegistered(
            learner_id=registration.learner_id,
            registration_id=registration.registration_id,
            cohort_on=standing.cohort_on,
            printable_by=standing.printable_by,
            waiting_for=[wait.value for wait in standing.waits],
        ),
    )


async def _registered(tx: Tx, learner: Learner, cycle: Cycle, *, is_new: bool) -> Registered:
    registrations = await learners.list_registrations(tx, learner.learner_id)
    held = await certificates.list_certificates(tx, learner.learner_id)
    return Registered(
        registration=next(r for r in registrations if r.cycle_starts_on == cycle.starts_on),
        standing=await _standing(tx, learner, cycle),
        certificate=next((c for c in held if c.cycle_starts_on == cycle.starts_on), None),
        is_new=is_new,
    )


async def _standing(tx: Tx, learner: Learner, cycle: Cycle) -> Standing:
    return model.standing(
        learner,
        cycle,
        registered=True,
        cohorts=await learners.list_cohorts(tx),
        today=clock.today(),
    )
