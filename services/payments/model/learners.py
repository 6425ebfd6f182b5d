"""Learners as identity tells of them, and staff as their sessions do."""

import hmac
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis import idnumbers
from chassis.refusals import Conflict, Invalid
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

    def check_id_number(self, typed: str, *, key: bytes) -> None:
        """Only one's own number goes to the mailbox (I-9). `key`: `ID_NUMBER_MAC_KEY`. Raises
        `Invalid`."""
        mac = idnumbers.id_number_mac(key, typed)
        if not hmac.compare_digest(mac, self.id_number_mac):
            raise Invalid({"id_number": "This is not the ID number of your account."})


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the association who acts; each record keeps both."""

    staff_id: UUID
    name: str
