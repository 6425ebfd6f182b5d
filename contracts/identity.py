"""Events told by identity: who learners are. Never an ID number in clear, never a secret."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.event import Event, Part


class LearnerKind(StrEnum):
    HOLDER = "holder"
    NEWCOMER = "newcomer"
    TITLED = "titled"


class Qualification(Part):
    """The certificate that a holder must renew (I-1)."""

    number: str
    category: str
    expires_on: date


class Title(Part):
    """A titled learner's professional title (Z-1), told once staff have accepted it (I-8)."""

    category: str
    authority: str
    number: str


class LearnerFacts(Event):
    """What the others may know of a learner. `version` grows: ignore what is older than known."""

    learner_id: UUID
    version: int
    account_name: str = ""  # composed (I-2); shows no more digits than the masked number
    real_name: str
    kind: LearnerKind
    email: str
    id_number_masked: str  # 110105********6789
    id_number_mac: str  # keyed hash, hex: finds a learner by ID number (I-9, Z-5)
    verified: bool  # I-3: a certificate waits for it
    qualification: Qualification | None = None
    title: Title | None = None
    registered_at: datetime


class LearnerRegistered(LearnerFacts):
    """A person has opened an account (I-1)."""

    name: ClassVar[str] = "identity.learner_registered.v1"


class LearnerChanged(LearnerFacts):
    """Something of a learner's facts is different now."""

    name: ClassVar[str] = "identity.learner_changed.v1"


class LearnerVerified(LearnerFacts):
    """Staff have confirmed a learner's identity (I-3, I-8)."""

    name: ClassVar[str] = "identity.learner_verified.v1"


class VerificationReturned(Event):
    """Staff could not confirm a learner's identity; the reason is for the learner to read (I-8)."""

    name: ClassVar[str] = "identity.verification_returned.v1"
    learner_id: UUID
    reason: str


class EmailConfirmationRequested(Event):
    """An address waits for its confirmation (I-7). The link's token is made from `request_id`
    by `chassis.links`; it is not in the event."""

    name: ClassVar[str] = "identity.email_confirmation_requested.v1"
    request_id: UUID
    learner_id: UUID
    real_name: str
    email: str
    expires_at: datetime


class PasswordResetRequested(Event):
    """Somebody asked for a new password (I-6). Token as above."""

    name: ClassVar[str] = "identity.password_reset_requested.v1"
    request_id: UUID
    learner_id: UUID
    real_name: str
    email: str
    expires_at: datetime


class PasswordChanged(Event):
    """A learner's password is new, and all sessions have ended (I-6)."""

    name: ClassVar[str] = "identity.password_changed.v1"
    learner_id: UUID
