"""Batches of anonymous cards: drafted by one person, approved by another, printed once, delivered
and only then worth something ($-3)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from chassis import ids
from chassis.refusals import Conflict, Forbidden, Gone, NotFound

from .cards import Card, CardStatus, CardTerms, check_amount
from .codes import CODE_END, code_mac, draw_code, draw_serial
from .learners import Staff
from .ledger import Account, Journal, move

CARDS_MAX = 2000  # of one batch


class NoSuchBatch(NotFound):
    """There is no such batch of study cards."""


class OwnBatch(Forbidden):
    """You drafted this batch. A second person must approve it."""


class BatchDiffers(Conflict):
    """This batch was drafted already, with other entries. Open the form again for another one."""


class BatchTooLarge(Conflict):
    """A batch holds at least one card and at most {most}."""


class BatchMovedOn(Conflict):
    """This batch has moved on in the meantime. Look at it again."""


class SheetGone(Gone):
    """The sheet of this batch was taken already, or its time is over. Print the batch again: that
    makes new codes and voids the old ones."""


class BatchStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"  # the cards exist, inert; their sheet can be taken once
    PRINTED = "printed"
    ACTIVE = "active"  # delivered
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Batch:
    batch_id: UUID
    receipt_id: UUID
    cards: int
    face_fen: int
    note: str
    status: BatchStatus
    drafted_by: UUID
    drafted_by_name: str
    drafted_at: datetime
    approved_by: UUID | None = None
    approved_by_name: str | None = None
    approved_at: datetime | None = None
    sheet_id: UUID | None = None
    sheet_expires_at: datetime | None = None

    def __post_init__(self) -> None:
        check_amount(self.face_fen)
        if not 0 < self.cards <= CARDS_MAX:
            raise BatchTooLarge(most=CARDS_MAX)

    @property
    def sum_fen(self) -> int:
        return self.cards * self.face_fen

    def says_the_same(self, other: "Batch") -> bool:
        """The same form, sent twice."""
        mine = (self.batch_id, self.receipt_id, self.cards, self.face_fen, self.note)
        theirs = (other.batch_id, other.receipt_id, other.cards, other.face_fen, other.note)
        return mine == theirs and self.drafted_by == other.drafted_by

    def check_approval(self, *, by: Staff) -> None:
        """Two persons. Raises `OwnBatch`, `BatchMovedOn`."""
        if by.staff_id == self.drafted_by:
            raise OwnBatch
        self.check_status(BatchStatus.DRAFT)

    def check_reprint(self, *, by: Staff) -> None:
        """New codes are as good as new cards: not for whoever drafted them. Raises `OwnBatch`,
        `BatchMovedOn`."""
        if by.staff_id == self.drafted_by:
            raise OwnBatch
        self.check_status(BatchStatus.APPROVED, BatchStatus.PRINTED)

    def check_status(self, *allowed: BatchStatus) -> None:
        """Raises `BatchMovedOn`."""
        if self.status not in allowed:
            raise BatchMovedOn

    def has_sheet(self, now: datetime) -> bool:
        """Whether its sheet can be taken now."""
        if self.sheet_id is None or self.sheet_expires_at is None:
            return False
        return now < self.sheet_expires_at

    def check_sheet(self, now: datetime) -> UUID:
        """The sheet that can be taken now. Raises `SheetGone`."""
        if self.sheet_id is None or not self.has_sheet(now):
            raise SheetGone
        return self.sheet_id


@dataclass(frozen=True, slots=True)
class Printed:
    """A card as its sheet shows it."""

    serial: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All codes of a batch, drawn before they are hashed; sealed under its id until it is taken."""

    sheet_id: UUID
    expires_at: datetime  # until then it can be taken
    valid_until: date  # the cards
    cards: tuple[Printed, ...] = field(repr=False)


def draw(number: int, now: datetime) -> tuple[Printed, ...]:
    """Fresh cards, no serial twice."""
    serials: set[str] = set()
    while len(serials) < number:
        serials.add(draw_serial(now))
    return tuple(Printed(serial, draw_code()) for serial in sorted(serials))


def inert(
    batch: Batch, sheet: Sheet, printed: Printed, *, terms: CardTerms, by: Staff, now: datetime
) -> Card:
    """A card in nobody's name, worth nothing until its batch is delivered."""
    return Card(
        card_id=ids.new_id(),
        serial=printed.serial,
        code_mac=code_mac(terms.key, printed.code),
        key_version=terms.key_version,
        code_end=printed.code[-CODE_END:],
        amount_fen=batch.face_fen,
        status=CardStatus.INERT,
        expires_on=sheet.valid_until,
        receipt_id=batch.receipt_id,
        batch_id=batch.batch_id,
        holder_name=None,
        learner_id=None,
        id_number_mac=None,
        case_number=None,
        issued_by=by.staff_id,
        issued_by_name=by.name,
        issued_at=now,
    )


def batch_issued(batch: Batch, now: datetime) -> Journal:
    """Bank money became cards, all at once."""
    return move(
        "batch_issued",
        str(batch.batch_id),
        now,
        batch.sum_fen,
        debit=Account.RECEIPTS,
        credit=Account.CARDS,
        label=batch.note,
    )


def batch_voided(batch: Batch, left_fen: int, now: datetime) -> Journal:
    """What the unredeemed cards of a batch held is bank money again."""
    return move(
        "batch_voided",
        str(batch.batch_id),
        now,
        left_fen,
        debit=Account.CARDS,
        credit=Account.RECEIPTS,
        label=batch.note,
    )
