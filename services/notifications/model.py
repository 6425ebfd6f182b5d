"""Nouns, states and rules of mail: when it is tried again, and when staff must look (W-5). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.refusals import Conflict, NotFound

AWAY_WAIT: Final = timedelta(seconds=60)  # at most, while a server can't be reached
DETAIL_LENGTH: Final = 200
ADDRESS: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")


class MailNotFound(NotFound):
    """This mail does not exist."""


class MailNotParked(Conflict):
    """This mail is not parked any more. Perhaps a colleague has sent it again."""


class Template(StrEnum):
    """The folders below `templates/mail`."""

    WELCOME = "welcome"
    EMAIL_CONFIRMATION = "email_confirmation"
    PASSWORD_RESET = "password_reset"
    PASSWORD_CHANGED = "password_changed"
    VERIFICATION_RETURNED = "verification_returned"
    VERIFICATION_DONE = "verification_done"
    ORDER_PAID = "order_paid"
    CYCLE_SATISFIED = "cycle_satisfied"
    RENEWAL_REGISTERED = "renewal_registered"
    CERTIFICATE_ISSUED = "certificate_issued"
    ORDER_REFUNDED = "order_refunded"
    REFUND_DECLINED = "refund_declined"
    STUDY_CARD_ISSUED = "study_card_issued"
    STUDY_CARD_REDEEMED = "study_card_redeemed"
    TRANSFER_CASE = "transfer_case"
    TRANSFER_SUBMITTED = "transfer_submitted"
    TRANSFER_RETURNED = "transfer_returned"
    TRANSFER_ACCEPTED = "transfer_accepted"
    DISCOUNT_CASE = "discount_case"
    DISCOUNT_REQUESTED = "discount_requested"
    DISCOUNT_GRANTED = "discount_granted"
    DISCOUNT_REFUSED = "discount_refused"
    INVOICE_REQUESTED = "invoice_requested"
    INVOICE_ISSUED = "invoice_issued"
    INVOICE_DECLINED = "invoice_declined"
    INVOICE_REVERSED = "invoice_reversed"


class Audience(StrEnum):
    """Whom a mail is written for."""

    LEARNER = "learner"
    MAILBOX = "mailbox"  # the association's: a learner's case (W-1, W-2); no message of the learner


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    FAILED = "failed"  # and tried again
    SENT = "sent"
    PARKED = "parked"  # and waits for staff


class Result(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    AWAY = "away"  # the server could not be reached: the mail is for sure not sent
    DEFERRED = "deferred"  # refused for now (4xx)
    REFUSED = "refused"  # refused for good (5xx)
    UNKNOWN = "unknown"  # the answer was lost: perhaps delivered
    UNWRITABLE = "unwritable"  # this mail can't be written as it is
    EXPIRED = "expired"  # its link is dead already
    NO_PARCEL = "no_parcel"  # what it must hold is not there, or can't be opened
    SHELF_AWAY = "shelf_away"  # the parcels could not be reached: the mail is for sure not sent


FINAL: Final = frozenset({Result.REFUSED, Result.UNWRITABLE, Result.EXPIRED})
OUTAGES: Final = frozenset({Result.AWAY, Result.SHELF_AWAY})  # they end; no mail is to blame


@dataclass(frozen=True, slots=True)
class Outcome:
    """`detail` is what the server said; `told` cleans it."""

    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a mail is tried. Waits double from the first to the longest."""

    first_wait: timedelta
    longest_wait: timedelta
    failures_max: int
    lease: timedelta
    upload: timedelta = timedelta()  # more lease for a letter that may be large

    def lease_of(self, mail: "Mail") -> timedelta:
        """How long a sender may keep this mail before it is taken for dead."""
        return self.lease + self.upload if mail.parcel_id else self.lease


@dataclass(frozen=True, slots=True)
class Learner:
    learner_id: UUID
    version: int
    real_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail with what is known of its learner now; `to` is None until an address is known, and
    for a mail to the mailbox: whose address is a setting."""

    mail_id: UUID
    template: Template
    audience: Audience
    learner_id: UUID
    real_name: str | None
    learner_email: str | None
    to: str | None
    values: Mapping[str, Any]
    parcel_id: UUID | None
    expires_at: datetime | None
    state: State
    claims: int
    failures: int
    unknowns: int
    next_try_at: datetime
    reason: Result | None
    detail: str | None
    subject: str | None
    body: str | None
    queued_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrailEntry:
    at: datetime
    what: str
    detail: str
    staff_name: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a mail stands after an attempt."""

    state: State
    failures: int
    unknowns: int
    next_try_at: datetime


def settle(mail: Mail, outcome: Outcome, *, patience: Patience, now: datetime) -> Settled:
    """What an attempt's end means: sent, tried again later, or parked for staff.

    An outage never parks a mail. Refusals for now, lost answers and missing parcels are counted.
    """
    result = outcome.result
    counted = result is not Result.SENT and result not in OUTAGES
    failures = mail.failures + counted
    unknowns = mail.unknowns + (result is Result.UNKNOWN)
    if result is Result.SENT:
        return Settled(State.SENT, failures, unknowns, now)
    if result in FINAL or failures >= patience.failures_max:
        return Settled(State.PARKED, failures, unknowns, now)
    return Settled(State.FAILED, failures, unknowns, now + _wait(mail, result, patience))


def _wait(mail: Mail, result: Result, patience: Patience) -> timedelta:
    doublings = min(max(mail.claims - 1, 0), 20)
    longest = min(patience.longest_wait, AWAY_WAIT) if result in OUTAGES else None
    return min(patience.first_wait * (1 << doublings), longest or patience.longest_wait)


def check_resend(mail: Mail | None) -> Mail:
    """Only what is parked may be sent again by hand."""
    if mail is None:
        raise MailNotFound
    if mail.state is not State.PARKED:
        raise MailNotParked
    return mail


def told(detail: str) -> str:
    """A server's words, fit for a page and an event: one short line without addresses."""
    line = " ".join("".join(c if c.isprintable() else " " for c in detail).split())
    return ADDRESS.sub("…", line)[:DETAIL_LENGTH]
