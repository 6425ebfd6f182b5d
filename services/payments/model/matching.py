"""Which bank receipt a payment voucher speaks of: a confidence, and why (W-1).

Pure, and never a decision: a person issues, or asks for all that are as good as certain.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from .receipts import Receipt

ALIKE = str.maketrans("OIL", "011", " -")  # what people mistype, and what banks add; as in SQL
NEAR = timedelta(days=7)


class Reason(StrEnum):
    """What speaks for a receipt, or against it."""

    REFERENCE = "reference"  # the remark quotes the remittance reference, or the bank's own number
    AMOUNT = "amount"  # to the fen
    PAYER = "payer"  # who was said to pay
    LEARNER = "learner"  # the learner's name is in the payer's or the remark
    NEAR = "near"  # within a week
    OTHER_AMOUNT = "other_amount"
    OTHER_PAYER = "other_payer"
    TOO_LITTLE = "too_little"  # the rest does not reach the sum


POINTS = {Reason.REFERENCE: 60, Reason.AMOUNT: 25, Reason.PAYER: 10, Reason.LEARNER: 10}
NEAR_POINTS = 5
SURE = 95  # reference, amount and name all fit: no person needs to compare


@dataclass(frozen=True, slots=True)
class Claim:
    """What a voucher says."""

    reference: str
    bank_reference: str
    amount_fen: int
    payer_name: str
    learner_name: str
    paid_about: date


@dataclass(frozen=True, slots=True)
class Match:
    receipt: Receipt
    confidence: int  # 0 to 100
    reasons: tuple[Reason, ...]

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


def rank(claim: Claim, receipts: Iterable[Receipt]) -> list[Match]:
    """The receipts that may be meant, the likeliest first."""
    scored = [score(claim, receipt) for receipt in receipts]
    found = [match for match in scored if match.confidence > 0]
    return sorted(found, key=lambda match: (-match.confidence, match.receipt.receipt_id))


def score(claim: Claim, receipt: Receipt) -> Match:
    """How well one receipt fits. Spent to the end, it fits nobody."""
    if receipt.rest_fen <= 0:
        return Match(receipt, 0, ())
    for_it = [*_quoted(claim, receipt), *_sum(claim, receipt), *_names(claim, receipt)]
    points = sum(POINTS.get(reason, 0) for reason in for_it)
    if points and abs(receipt.received_on - claim.paid_about) <= NEAR:
        for_it.append(Reason.NEAR)
        points += NEAR_POINTS
    return Match(receipt, points, tuple(for_it))


def key(text: str) -> str:
    """One spelling of a reference, wherever it was typed."""
    return unicodedata.normalize("NFKC", text).upper().translate(ALIKE)


def _quoted(claim: Claim, receipt: Receipt) -> list[Reason]:
    same_number = claim.bank_reference and key(claim.bank_reference) == key(receipt.bank_reference)
    quoted = claim.reference in key(receipt.remark)
    return [Reason.REFERENCE] if same_number or quoted else []


def _sum(claim: Claim, receipt: Receipt) -> list[Reason]:
    if receipt.rest_fen < claim.amount_fen:
        return [Reason.TOO_LITTLE]
    return [Reason.AMOUNT if receipt.rest_fen == claim.amount_fen else Reason.OTHER_AMOUNT]


def _names(claim: Claim, receipt: Receipt) -> list[Reason]:
    payer = _name(receipt.payer_name)
    if payer == _name(claim.payer_name):
        return [Reason.PAYER]
    learner = _name(claim.learner_name)
    if learner and (learner in payer or learner in _name(receipt.remark)):
        return [Reason.LEARNER]
    return [Reason.OTHER_PAYER]


def _name(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()
