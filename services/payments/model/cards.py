"""Study cards 「学习卡」: bank money on its way to a learner's CNY account ($-3, $-4)."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis import clock
from chassis.refusals import Conflict, NotFound

from .codes import CODE_END, code_mac, draw_code, draw_serial, normalise
from .learners import Staff

__all__ = ["draw_code", "draw_serial", "normalise"]

AMOUNT_MAX_FEN = 5_000_000
FEBRUARY_28 = 28


class NoSuchCard(NotFound):
    """There is no such study card."""


class CardNotAccepted(Conflict):
    """This code can not be redeemed. Check it; if it is right, ask the association and name the
    serial on the card."""


class CardAmountOutOfBounds(Conflict):
    """A study card holds more than nothing and at most 50,000 yuan."""


class CardChanged(Conflict):
    """This card has changed in the meantime. Look at it again."""


class CardNotNamed(Conflict):
    """A card in nobody's name can not be replaced: whoever holds it may redeem it. Void it, and
    print its batch again if that is not delivered yet."""


class CardStatus(StrEnum):
    INERT = "inert"  # printed, not delivered: worth nothing to a thief
    ACTIVE = "active"
    REDEEMED = "redeemed"
    VOID = "void"


class CardState(StrEnum):
    """What people see: the status, and what the calendar makes of it."""

    INERT = "inert"
    ACTIVE = "active"
    REDEEMED = "redeemed"
    VOID = "void"
    EXPIRED = "expired"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class CardTerms:
    """How cards are made here: the key of the codes' hash, its version, how long a card lives."""

    key: bytes = field(repr=False)
    key_version: int
    valid_years: int

    def expires_on(self, now: datetime) -> date:
        """The last day on which a card issued now can be redeemed."""
        day = clock.date_of(now)
        year = day.year + self.valid_years
        try:
            return day.replace(year=year)
        except ValueError:  # 29 February
            return day.replace(year=year, day=FEBRUARY_28)


@dataclass(frozen=True, slots=True)
class NewCard:
    """A named card to issue. Only its holder can redeem it: the learner, or whoever has the ID
    number; one of the two must be known."""

    card_id: UUID
    holder_name: str
    learner_id: UUID | None
    id_number_mac: str | None
    amount_fen: int
    case_number: str | None
    code: str = field(repr=False)  # draw_code()
    serial: str  # draw_serial(now)

    def __post_init__(self) -> None:
        if self.learner_id is None and self.id_number_mac is None:
            raise ValueError("a named card needs somebody who can redeem it")
        check_amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card that stands ready; the code is for its parcel or sheet."""

    card_id: UUID
    serial: str
    code: str = field(repr=False)
    amount_fen: int
    expires_on: date
    learner_id: UUID | None
    holder_name: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is kept: without its code."""

    card_id: UUID
    serial: str
    code_mac: str = field(repr=False)
    key_version: int
    code_end: str
    amount_fen: int
    status: CardStatus
    expires_on: date
    receipt_id: UUID
    batch_id: UUID | None
    holder_name: str | None
    learner_id: UUID | None
    id_number_mac: str | None = field(repr=False)
    case_number: str | None
    issued_by: UUID
    issued_by_name: str
    issued_at: datetime
    redeemed_by: UUID | None = None
    redeemed_at: datetime | None = None
    balance_after_fen: int | None = None
    replaced_by: UUID | None = None

    @property
    def is_worth_something(self) -> bool:
        """Its money stands in `liability:cards`; expiry does not change that."""
        return self.status in (CardStatus.INERT, CardStatus.ACTIVE)

    def check_worth(self) -> None:
        """Raises `CardChanged`, once it is redeemed or void."""
        if not self.is_worth_something:
            raise CardChanged

    @property
    def is_redeemed(self) -> bool:
        return self.status is CardStatus.REDEEMED

    def state(self, today: date) -> CardState:
        if self.replaced_by is not None:
            return CardState.REPLACED
        if self.is_worth_something and self.expires_on < today:
            return CardState.EXPIRED
        return CardState(self.status)


def check_amount(amount_fen: int) -> None:
    """Raises `CardAmountOutOfBounds`."""
    if not 0 < amount_fen <= AMOUNT_MAX_FEN:
        raise CardAmountOutOfBounds


def named(new: NewCard, *, receipt_id: UUID, terms: CardTerms, by: Staff, now: datetime) -> Card:
    """The card of a named person: active at once."""
    return Card(
        card_id=new.card_id,
        serial=new.serial,
        code_mac=code_mac(terms.key, new.code),
        key_version=terms.key_version,
        code_end=new.code[-CODE_END:],
        amount_fen=new.amount_fen,
        status=CardStatus.ACTIVE,
        expires_on=terms.expires_on(now),
        receipt_id=receipt_id,
        batch_id=None,
        holder_name=new.holder_name,
        learner_id=new.learner_id,
        id_number_mac=new.id_number_mac,
        case_number=new.case_number,
        issued_by=by.staff_id,
        issued_by_name=by.name,
        issued_at=now,
    )


def replacement(
    card: Card, *, card_id: UUID, code: str, terms: CardTerms, by: Staff, now: datetime
) -> Card:
    """The same value for the same person under a new code, good for the full time again. Raises
    `CardChanged`, `CardNotNamed`."""
    card.check_worth()
    if card.holder_name is None:
        raise CardNotNamed
    return replace(
        card,
        card_id=card_id,
        serial=draw_serial(now),
        code_mac=code_mac(terms.key, code),
        key_version=terms.key_version,
        code_end=code[-CODE_END:],
        status=CardStatus.ACTIVE,
        expires_on=terms.expires_on(now),
        issued_by=by.staff_id,
        issued_by_name=by.name,
        issued_at=now,
    )
