"""What learners and strangers are shown of certificates; the API's answers, used by the pages."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from chassis import clock
from chassis.db import Pool
from contracts.identity import LearnerKind

from . import model
from .actions import Registered
from .model import Certificate, Learner, Registration, Standing, Status, Wait
from .store import certificates, learners


class Item(BaseModel):
    """A certificate of one's own, issued or still to come.

    `waiting_for` is the first thing that is missing, the learner's own part before the others';
    `waiting_for_all` lists everything. `issues_on` is the cohort's date; `printable_by` is absent
    where there is no cohort or that year's working days are not announced yet.
    """

    status: Status
    waiting_for: Wait | None = None
    waiting_for_all: list[Wait] = []
    issues_on: date | None = None
    printable_by: date | None = None
    form: LearnerKind | None = None
    hours: int
    cycle_starts_on: date
    cycle_ends_on: date
    registration_id: UUID | None = None
    number: str | None = None
    version: int | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    previous_number: str | None = None
    next_number: str | None = None
    document_url: str | None = None
    check_url: str | None = None


class Mine(BaseModel):
    items: list[Item]


class Found(BaseModel):
    """A certificate as the public sees it (Z-5).

    Found by its number alone, which can be guessed, the name is masked and the ID number left
    out; `next_number` is the correction that took its place.
    """

    number: str
    status: Status
    real_name: str
    id_number_masked: str | None
    form: LearnerKind
    hours: int
    cycle_starts_on: date
    cycle_ends_on: date
    study_started_on: date
    satisfied_on: date
    category: str | None = None
    original_number: str | None = None
    title_category: str | None = None
    title_authority: str | None = None
    title_number: str | None = None
    issued_on: date
    valid_until: date
    version: int
    previous_number: str | None
    next_number: str | None


class FoundList(BaseModel):
    items: list[Found]


async def items_of(db: Pool, learner_id: UUID) -> list[Item]:
    """Everything that a learner holds or waits for, the latest cycle first."""
    learner = await learners.get_learner(db, learner_id)
    cycles = await learners.list_cycles(db, learner_id)
    registrations = {
        registration.cycle_starts_on: registration
        for registration in await learners.list_registrations(db, learner_id)
    }
    cohorts = await learners.list_cohorts(db)
    held = await certificates.list_certificates(db, learner_id)

    items = [of_certificate(certificate, registrations) for certificate in held]
    certified = {certificate.cycle_starts_on for certificate in held}
    for cycle in cycles:
        if cycle.starts_on in certified:
            continue
        registration = registrations.get(cycle.starts_on)
        standing = model.standing(
            learner,
            cycle,
            registered=registration is not None,
            cohorts=cohorts,
            today=clock.today(),
        )
        items.append(of_standing(learner, standing, registration))
    return sorted(items, key=lambda item: item.cycle_starts_on, reverse=True)


def of_registered(learner: Learner, registered: Registered) -> Item:
    registration = registered.registration
    if registered.certificate is None:
        return of_standing(learner, registered.standing, registration)
    return of_certificate(registered.certificate, {registration.cycle_starts_on: registration})


def of_standing(learner: Learner, standing: Standing, registration: Registration | None) -> Item:
    return Item(
        status=standing.status,
        waiting_for=next(iter(standing.waits), None),
        waiting_for_all=list(standing.waits),
        issues_on=standing.cohort_on,
        printable_by=standing.printable_by,
        form=learner.kind if learner.is_known else None,
        hours=standing.cycle.hours,
        cycle_starts_on=standing.cycle.starts_on,
        cycle_ends_on=standing.cycle.ends_on,
        registration_id=registration.registration_id if registration else None,
    )


def of_certificate(certificate: Certificate, registrations: dict[date, Registration]) -> Item:
    registration = registrations.get(certificate.cycle_starts_on)
    return Item(
        status=certificate.status_on(clock.today()),
        issues_on=certificate.cohort_on,
        printable_by=model.printable_by(certificate.cohort_on),
        form=certificate.form,
        hours=certificate.snapshot["hours"],
        cycle_starts_on=certificate.cycle_starts_on,
        cycle_ends_on=certificate.snapshot["cycle_ends_on"],
        registration_id=registration.registration_id if registration else None,
        number=certificate.number,
        version=certificate.version,
        issued_on=certificate.issued_on,
        valid_until=certificate.valid_until,
        previous_number=certificate.previous_number,
        next_number=certificate.next_number,
        document_url=f"/api/certificates/{certificate.number}/document.pdf",
        check_url=f"/verify/{certificate.check_code}",
    )


def found(certificate: Certificate, *, by_number_alone: bool = False) -> Found:
    """What the frozen certificate says, and how it stands today."""
    snapshot = certificate.snapshot
    shown = {name: snapshot.get(name) for name in Found.model_fields if name in snapshot}
    if by_number_alone:
        shown |= {"real_name": model.masked_name(snapshot["real_name"]), "id_number_masked": None}
    return Found.model_validate(
        {
            **shown,
            "status": certificate.status_on(clock.today()),
            "version": certificate.version,
            "previous_number": certificate.previous_number,
            "next_number": certificate.next_number,
        }
    )
