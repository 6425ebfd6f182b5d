"""Certificates and what they wait for: nouns, states, rules, refusals. Pure."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.clock import date_of
from chassis.refusals import Conflict, Forbidden, Invalid, Unavailable
from contracts.identity import LearnerKind, Qualification, Title

from . import working_days

VALID_YEARS: Final = 4  # as long as a study cycle (notice of 2023, part 三)
PRINTABLE_AFTER_WORKING_DAYS: Final = 7  # notice of 2023, part 四 (六)


class Wait(StrEnum):
    """What a certificate waits for; the names are public (API, events)."""

    ACCOUNT_DETAILS = "account_details"  # identity's facts have not arrived here yet
    APPLICATION = "application"  # newcomers and titled learners apply (Z-4)
    LATE_RENEWAL = "late_renewal"  # finished after the expiry date (Z-3)
    REGISTRATION = "renewal_registration"
    COHORT = "cohort"  # no cohort is set for this expiry date yet
    IDENTITY = "identity_verification"
    DATE = "cohort_date"


class Status(StrEnum):
    WAITING = "waiting"
    SCHEDULED = "scheduled"  # everything is there but the cohort's date
    VALID = "valid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Learner:
    """What identity has told of a learner; version 0: nothing yet."""

    learner_id: UUID
    version: int = 0
    real_name: str = ""
    kind: LearnerKind = LearnerKind.NEWCOMER
    id_number_masked: str = ""
    id_number_mac: str = ""
    verified: bool = False
    qualification: Qualification | None = None
    title: Title | None = None

    @property
    def is_known(self) -> bool:
        return self.version > 0

    @property
    def renewable(self) -> Qualification | None:
        """The certificate that a holder must renew."""
        return self.qualification if self.kind is LearnerKind.HOLDER else None


@dataclass(frozen=True, slots=True)
class Cycle:
    """A four-year cycle whose hours are complete (P-10)."""

    learner_id: UUID
    starts_on: date
    ends_on: date
    hours: int
    study_started_on: date
    satisfied_at: datetime

    @property
    def satisfied_on(self) -> date:
        """The day in Shanghai on which the last hour was completed."""
        return date_of(self.satisfied_at)


@dataclass(frozen=True, slots=True)
class Registration:
    """A holder's 「续证学习登记」 for one cycle (Z-2)."""

    registration_id: UUID
    learner_id: UUID
    cycle_starts_on: date
    work_unit: str
    postal_address: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Details:
    """What a learner submits with a registration. What is known already is not asked again; what
    was shown may be sent back, and must then still be so."""

    work_unit: str = ""
    postal_address: str = ""
    real_name: str | None = None
    certificate_number: str | None = None
    category: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """An issued certificate. `snapshot` is what it says, frozen at issue (Z-6)."""

    certificate_id: UUID
    learner_id: UUID
    cycle_starts_on: date
    form: LearnerKind
    number: str
    check_code: str
    version: int
    state: Status  # valid, superseded or revoked; expiry is derived
    snapshot: dict[str, Any]
    cohort_on: date | None
    issued_on: date
    valid_until: date
    document_name: str | None = None  # where its PDF is kept; None: not printed yet
    previous_number: str | None = None
    next_number: str | None = None

    def status_on(self, today: date) -> Status:
        """Valid through its last day; what was revoked or replaced stays so."""
        if self.state is Status.VALID and today > self.valid_until:
            return Status.EXPIRED
        return self.state


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one cycle of a learner stands before its certificate exists."""

    cycle: Cycle
    waits: tuple[Wait, ...]  # what is missing, the learner's own part first
    cohort_on: date | None

    @property
    def status(self) -> Status:
        return Status.SCHEDULED if self.waits == (Wait.DATE,) else Status.WAITING

    @property
    def is_ready(self) -> bool:
        return not self.waits

    @property
    def printable_by(self) -> date | None:
        """None: no cohort yet, or that year's working days are not known."""
        return printable_by(self.cohort_on)


class NotAHolder(Forbidden):
    """Renewal registration is for certificate holders. Others apply for a certificate instead."""


class CycleNotSatisfied(Conflict):
    """You can register once all credit hours of the cycle are complete."""


class RenewalIsLate(Conflict):
    """Your hours were complete only after your certificate expired. Apply for late renewal."""


class NotAsKnown(Invalid):
    """Your account says something else. Correct it in your account first."""


class AccountDetailsOnTheWay(Unavailable):
    """Your account details have not arrived here yet. Please try again in a minute."""


def standing(
    learner: Learner,
    cycle: Cycle,
    *,
    registered: bool,
    cohorts: Sequence[date],
    today: date,
) -> Standing:
    """What is still missing for the certificate of a satisfied cycle (Z-2, I-3).

    `cohorts` are all cohort dates, in any order.
    """
    if not learner.is_known:
        return Standing(cycle, (Wait.ACCOUNT_DETAILS,), None)
    qualification = learner.renewable
    if qualification is None:
        return Standing(cycle, (Wait.APPLICATION,), None)
    if is_late(cycle, qualification):
        return Standing(cycle, (Wait.LATE_RENEWAL,), None)

    cohort_on = cohort_for(qualification.expires_on, cohorts)
    missing = {
        Wait.REGISTRATION: not registered,
        Wait.IDENTITY: not learner.verified,
        Wait.COHORT: cohort_on is None,
        Wait.DATE: cohort_on is not None and cohort_on > today,
    }
    waits = tuple(wait for wait, is_missing in missing.items() if is_missing)
    return Standing(cycle, waits, cohort_on)


def check_may_register(learner: Learner, cycle: Cycle | None) -> Cycle:
    """The cycle that a holder may register for. Raises the refusal of the rule that was hit."""
    if not learner.is_known:
        raise AccountDetailsOnTheWay()
    if learner.renewable is None:
        raise NotAHolder()
    if cycle is None:
        raise CycleNotSatisfied()
    if is_late(cycle, learner.renewable):
        raise RenewalIsLate()
    return cycle


def check_confirmed(learner: Learner, details: Details) -> None:
    """Raises `NotAsKnown`, which names each fact that was confirmed otherwise than it is known."""
    held = learner.renewable
    assert held is not None
    known = {
        "real_name": learner.real_name,
        "certificate_number": held.number,
        "category": held.category,
        "expires_on": held.expires_on,
    }
    differ = [
        name
        for name, value in known.items()
        if getattr(details, name) is not None and getattr(details, name) != value
    ]
    if differ:
        raise NotAsKnown(dict.fromkeys(differ, NotAsKnown().message))


def is_late(cycle: Cycle, qualification: Qualification) -> bool:
    """Finished after the expiry date; on the day itself is in time (Z-3)."""
    return cycle.satisfied_on > qualification.expires_on


def cohort_for(expires_on: date, cohorts: Sequence[date]) -> date | None:
    """The first cohort on or after a certificate's expiry date (Z-2)."""
    return min((day for day in cohorts if day >= expires_on), default=None)


def printable_by(cohort_on: date | None) -> date | None:
    if cohort_on is None:
        return None
    return working_days.after(cohort_on, PRINTABLE_AFTER_WORKING_DAYS)


def valid_until(start: date) -> date:
    """The last valid day: four years later; from 29 February it is 28 February."""
    year = start.year + VALID_YEARS
    last_day = calendar.monthrange(year, start.month)[1]
    return start.replace(year=year, day=min(start.day, last_day))


def compose(
    learner: Learner,
    cycle: Cycle,
    *,
    certificate_id: UUID,
    sequence: int,
    check_code: str,
    cohort_on: date | None,
    today: date,
) -> Certificate:
    """A new certificate with everything that it will ever say, in its learner's form (Z-1).

    `sequence` makes the number (`JXJY-2026-000123`) unique. It is valid for four years from its
    cohort's date, or from today where there is no cohort.
    """
    number = f"JXJY-{today.year}-{sequence:06d}"
    last_day = valid_until(cohort_on or today)
    return Certificate(
        certificate_id=certificate_id,
        learner_id=learner.learner_id,
        cycle_starts_on=cycle.starts_on,
        form=learner.kind,
        number=number,
        check_code=check_code,
        version=1,
        state=Status.VALID,
        snapshot={
            "form": learner.kind.value,
            "number": number,
            "real_name": learner.real_name,
            "id_number_masked": learner.id_number_masked,
            "hours": cycle.hours,
            "cycle_starts_on": cycle.starts_on.isoformat(),
            "cycle_ends_on": cycle.ends_on.isoformat(),
            "study_started_on": cycle.study_started_on.isoformat(),
            "satisfied_on": cycle.satisfied_on.isoformat(),
            "issued_on": today.isoformat(),
            "valid_until": last_day.isoformat(),
            **_own_facts(learner),
        },
        cohort_on=cohort_on,
        issued_on=today,
        valid_until=last_day,
    )


def _own_facts(learner: Learner) -> dict[str, str]:
    """What only this form of certificate says (Z-1)."""
    if learner.kind is LearnerKind.HOLDER:
        held = learner.qualification
        assert held is not None
        return {"category": held.category, "original_number": held.number}
    if learner.kind is LearnerKind.TITLED:
        title = learner.title
        assert title is not None
        return {
            "title_category": title.category,
            "title_authority": title.authority,
            "title_number": title.number,
        }
    return {}


def masked_name(real_name: str) -> str:
    """欧阳检 → 欧**: for who knows only a certificate's number, which can be guessed."""
    return real_name[:1] + "*" * (len(real_name) - 1)
