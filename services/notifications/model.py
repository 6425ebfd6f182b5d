"""Nouns, states and rules of mail: when it is tried again, and when staff must look (W-5). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.refusals import Conflict, NotFound

AWAY_WAIT: Final = timedelta(seconds=60)  # at most, while the mail server can't be reached
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


FINAL: Final = frozenset({Result.REFUSED, Result.UNWRITABLE, Result.EXPIRED})


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


@dataclass(frozen=True, slots=True)
class Learner:
    learner_id: UUID
    version: int
    real_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail with what is known of its learner now; `to` is None until an address is known."""

    mail_id: UUID
    template: Template
    learner_id: UUID
    real_name: str | None
    to: str | None
    values: Mapping[str, Any]
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

    A server that is away never parks a mail; refusals for now and unknown outcomes are counted.
    """
    result = outcome.result
    counted = result not in (Result.SENT, Result.AWAY)
    failures = mail.failures + counted
    unknowns = mail.unknowns + (result is Result.UNKNOWN)
    if result is Result.SENT:
        return Settled(State.SENT, failures, unknowns, now)
    if result in FINAL or failures >= patience.failures_max:
        return Settled(State.PARKED, failures, unknowns, now)
    return Settled(State.FAILED, failures, unknowns, now + _wait(mail, result, patience))


def _wait(mail: Mail, result: Result, patience: Patience) -> timedelta:
    doublings = min(max(mail.claims - 1, 0), 20)
    longest = min(patience.longest_wait, AWAY_WAIT) if result is Result.AWAY else None
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
