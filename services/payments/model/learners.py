"""Learners as identity tells of them, and staff as their sessions do."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis.refusals import Conflict
from contracts.identity import LearnerKind


class NotKnownYet(Conflict):
    """Your account is still being set up here. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Learner:
    """The newest facts that identity told; `id_number_mac` finds a person by ID number (I-9)."""

    learner_id: UUID
    version: int
    real_name: str
    account_name: str
    email: str
    kind: LearnerKind
    id_number_masked: str
    id_number_mac: str
    qualification_number: str | None
    qualification_expires_on: date | None


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the association who acts; each record keeps both."""

    staff_id: UUID
    name: str
