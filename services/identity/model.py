"""The nouns and refusals of identity. Nothing here does I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from chassis.permissions import ROLES, Permission
from chassis.refusals import Conflict, Gone, Invalid, NotFound, Refusal, Unauthorized
from contracts.identity import LearnerFacts, LearnerKind, Qualification

F = TypeVar("F", bound=LearnerFacts)

CONFIRMATION_LIFETIME: Final = timedelta(days=7)  # I-7
RESET_LIFETIME: Final = timedelta(minutes=30)  # I-6
RESET_MAILS_PER_HOUR: Final = 3  # one account's mailbox must not be flooded by others
CONFIRMATION_MAILS_PER_HOUR: Final = 5

QUALIFICATION_CATEGORIES: Final = (
    "水平考试合格证",
    "继续教育合格证",
    "资格证",
)  # the trade's own terms


class WrongCredentials(Unauthorized):
    """The account or the password is not right."""


class SessionEnded(Unauthorized):
    """This session has ended. Sign in again."""


class LinkExpired(Gone):
    """This link has been used already or is too old. Ask for a new one."""


class LearnerNotFound(NotFound):
    """There is no such learner."""


class AlreadyVerified(Conflict):
    """This learner's identity has been verified already."""


class AlreadyReturned(Conflict):
    """This registration has been returned already and waits for the learner."""


class IdNumberTaken(Conflict):
    """There is an account with this ID number already. Sign in, or use “Forgot password”."""


class MobileTaken(Conflict):
    """Another account uses this mobile number. Sign in, or use another number."""


class EmailTaken(Conflict):
    """Another account uses this e-mail address. Sign in, or use another address."""


TAKEN_FIELDS: Final[dict[type[Refusal], str]] = {
    IdNumberTaken: "id_number",
    MobileTaken: "mobile",
    EmailTaken: "email",
}


class Verification(StrEnum):
    """Where the desk stands with a learner's identity (I-3, I-8)."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    RETURNED = "returned"


class Decision(StrEnum):
    ACCEPT = "accept"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Learner:
    """A person with an account. `version` grows with every change that others are told."""

    learner_id: UUID
    version: int
    account_name: str
    account_ordinal: int  # 1, or more when others have the same name and digits (I-2)
    real_name: str
    kind: LearnerKind
    mobile: str  # E.164
    email: str
    email_confirmed_at: datetime | None
    phone: str | None
    id_number_sealed: bytes
    id_number_mac: str
    id_number_masked: str
    check_passed: bool
    verification: Verification
    verification_reason: str | None
    verification_at: datetime | None
    qualification: Qualification | None
    registered_at: datetime

    @property
    def verified(self) -> bool:
        return self.verification is Verification.VERIFIED

    def facts(self, event_type: type[F]) -> F:
        """What the other services may know, as an event of that type."""
        return event_type(
            learner_id=self.learner_id,
            version=self.version,
            account_name=self.account_name,
            real_name=self.real_name,
            kind=self.kind,
            email=self.email,
            id_number_masked=self.id_number_masked,
            id_number_mac=self.id_number_mac,
            verified=self.verified,
            qualification=self.qualification,
            registered_at=self.registered_at,
        )


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. What one may do follows from the roles."""

    staff_id: UUID
    login: str
    name: str
    roles: tuple[str, ...]
    disabled: bool

    @property
    def permissions(self) -> list[str]:
        """Sorted; a role that is no longer known grants nothing."""
        granted: Iterable[Permission] = (p for role in self.roles for p in ROLES.get(role, ()))
        return sorted(set(granted))


def compose_account_name(real_name: str, id_number: str, *, ordinal: int = 1) -> str:
    """钟检 + 110105 + 6789; the second with the same name and digits gets `-2` (I-2)."""
    composed = f"{real_name}{id_number[:6]}{id_number[-4:]}"
    return composed if ordinal == 1 else f"{composed}-{ordinal}"


def beside_its_field(refusal: Refusal) -> Refusal:
    """What is taken already is told beside the field it was typed into; the rest stays."""
    field = TAKEN_FIELDS.get(type(refusal))
    return Invalid({field: refusal.message}) if field else refusal


def decide_acceptance(learner: Learner) -> bool:
    """Whether accepting changes anything: a second acceptance is harmless (I-3)."""
    return not learner.verified


def decide_return(learner: Learner) -> None:
    """A registration can be returned while it waits for staff (I-8)."""
    if learner.verified:
        raise AlreadyVerified
    if learner.verification is Verification.RETURNED:
        raise AlreadyReturned


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: without use, and at most."""

    idle: timedelta
    absolute: timedelta


LIFETIMES: Final = {
    "learner": Lifetime(idle=timedelta(hours=12), absolute=timedelta(days=7)),
    "staff": Lifetime(idle=timedelta(hours=2), absolute=timedelta(hours=12)),
}
ROTATION_GRACE: Final = timedelta(seconds=60)  # two tabs that refresh at once are no theft
