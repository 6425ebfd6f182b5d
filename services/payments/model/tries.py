"""Tries to redeem a card: how one may fail, and how often one may try ($-4).

Whoever guesses learns nothing: all failures answer the same. Limits only buy time; the space of
75 bits is what keeps the money safe."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import TooMany

from .cards import Card, CardState

ALARM_WINDOW = timedelta(hours=1)


class TooManyCodes(TooMany):
    """Too many codes were refused here. Wait a while, then compare the code with the card and try
    again; until then no card can be redeemed by its code."""


class Outcome(StrEnum):
    """What became of a try; only the audit table knows which failure it was."""

    REDEEMED = "redeemed"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    INERT = "inert"
    VOID = "void"
    EXPIRED = "expired"
    USED = "used"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `failures` within `window`."""

    failures: int
    window: timedelta


PER_ACCOUNT = (Limit(5, timedelta(minutes=10)), Limit(20, timedelta(days=1)))
PER_ADDRESS = (Limit(30, timedelta(hours=1)),)


@dataclass(frozen=True, slots=True)
class Try:
    """A try as it is kept for the audit."""

    try_id: UUID
    learner_id: UUID
    address: str
    outcome: Outcome
    card_id: UUID | None
    tried_at: datetime


def wait(
    limits: Sequence[Limit], oldest: Sequence[datetime | None], *, now: datetime
) -> timedelta | None:
    """How long to wait, if at all. `oldest`: for each limit the moment of the failure that fills
    it, counted back from the latest; None where there were fewer."""
    ends = [
        moment + limit.window - now
        for limit, moment in zip(limits, oldest, strict=True)
        if moment is not None
    ]
    return max((left for left in ends if left > timedelta()), default=None)


def judge(card: Card | None, learner_id: UUID, today: date) -> Outcome:
    """Why a card was not redeemed just now; `REPEATED` is no failure."""
    if card is None:
        return Outcome.UNKNOWN
    match card.state(today):
        case CardState.INERT:
            return Outcome.INERT
        case CardState.EXPIRED:
            return Outcome.EXPIRED
        case CardState.REDEEMED:
            return Outcome.REPEATED if card.redeemed_by == learner_id else Outcome.USED
        case CardState.VOID | CardState.REPLACED:
            return Outcome.VOID
        case CardState.ACTIVE:
            return Outcome.NOT_YOURS
