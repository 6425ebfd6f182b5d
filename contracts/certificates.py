"""Events told by certificates."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from contracts.event import Event
from contracts.identity import LearnerKind


class RenewalRegistered(Event):
    """A holder has registered for renewal 「续证学习登记」 (Z-2)."""

    name: ClassVar[str] = "certificates.renewal_registered.v1"
    learner_id: UUID
    registration_id: UUID
    cohort_on: date | None  # None: no cohort is set for this expiry date yet
    printable_by: date | None  # 7 working days after; None: that year's calendar is not out
    waiting_for: list[str]  # "identity_verification", "cohort_date", "cohort"


class CertificateIssued(Event):
    """A learner holds a certificate that anyone can check (Z-5, Z-6)."""

    name: ClassVar[str] = "certificates.certificate_issued.v1"
    learner_id: UUID
    certificate_id: UUID
    number: str
    form: LearnerKind
    issued_on: date
    valid_until: date
    cycle_starts_on: date
    previous_number: str | None = None
