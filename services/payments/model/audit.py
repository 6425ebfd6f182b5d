"""The audit: every stored sum beside the same sum computed from what it stands for ($-9)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict

DIFFERENCES_KEPT = 200
NOT_BEFORE = time(2)  # in China


class AuditRunning(Conflict):
    """An audit is running already. Its result will stand here in a moment."""


class Check(StrEnum):
    """What is compared; the first word is what is stored."""

    TRIAL_BALANCE = "trial_balance"  # zero, and the sum of all postings
    JOURNAL = "journal"  # zero, and the sum of a journal that does not balance
    WALLET = "wallet"  # a balance, and the postings of its account
    ORDER = "order"  # what a paid order costs, and what its journal says
    RECEIPTS = "receipts"  # what is left of bank receipts, and liability:receipts
    CARDS = "cards"  # cards that are worth something, and liability:cards
    SURPLUS = "surplus"  # payments beyond their order, and liability:surplus
    REFUNDS = "refunds"  # what of an order is refunded or promised back, and its journals
    PROMISED = "promised"  # refunds on their way, and liability:refunds
    INVOICES = "invoices"  # a learner's invoices, and what was spent and did not go back


CEILINGS = frozenset({Check.INVOICES})  # here the stored sum may be less than the computed one


@dataclass(frozen=True, slots=True)
class Figure:
    check: Check
    subject: str
    stored_fen: int
    computed_fen: int

    @property
    def agrees(self) -> bool:
        if self.check in CEILINGS:
            return self.stored_fen <= self.computed_fen
        return self.stored_fen == self.computed_fen


@dataclass(slots=True)
class Report:
    """What was computed; of many differences the first are kept, and all are counted."""

    figures: Counter[Check] = field(default_factory=Counter)
    differences: list[Figure] = field(default_factory=list)
    differing: int = 0

    def add(self, figure: Figure) -> None:
        self.figures[figure.check] += 1
        if not figure.agrees:
            self.differing += 1
            if len(self.differences) < DIFFERENCES_KEPT:
                self.differences.append(figure)


@dataclass(frozen=True, slots=True)
class Audit:
    """One run; `day` is its day in China where it was the nightly one."""

    audit_id: UUID
    day: date | None
    started_at: datetime
    finished_at: datetime
    asked_by: UUID | None
    report: Report
