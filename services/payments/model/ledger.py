"""Double entry: every movement of money is a journal whose postings sum to zero ($-9).

Each noun makes its own journals, beside its rules; here stand the accounts and the form.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from .attempts import Trade
from .orders import Order

WALLET_PREFIX = "liability:wallet:"


class Account(StrEnum):
    """Debits are positive, credits negative. A learner's own account is `wallet(learner_id)`."""

    WECHAT = "asset:wechat"
    BANK = "asset:bank"
    RECEIVABLE = "asset:receivable"  # cards that were spent before their money proved to be missing
    HOURS_SOLD = "revenue:hours"
    SURPLUS = "liability:surplus"  # paid for an order that had its money
    RECEIPTS = "liability:receipts"  # bank money that is not a card yet
    CARDS = "liability:cards"  # issued and not redeemed
    REFUNDS = "liability:refunds"  # promised back, not gone yet


def wallet(learner_id: UUID) -> str:
    """The account of a learner's CNY account 「元账户」."""
    return f"{WALLET_PREFIX}{learner_id}"


@dataclass(frozen=True, slots=True)
class Posting:
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Journal:
    """`kind` and `reference` together are booked at most once; `label` is for a person to read."""

    kind: str
    reference: str
    booked_at: datetime
    postings: tuple[Posting, ...]
    label: str = ""

    def __post_init__(self) -> None:
        if len(self.postings) < 2 or sum(posting.amount_fen for posting in self.postings) != 0:
            raise ValueError("the journal does not balance")


def move(
    kind: str,
    reference: str,
    at: datetime,
    amount_fen: int,
    *,
    debit: str,
    credit: str,
    label: str = "",
) -> Journal:
    """A journal of two postings: `amount_fen` > 0 to the debit of one account, the credit of the
    other."""
    postings = (Posting(debit, amount_fen), Posting(credit, -amount_fen))
    return Journal(kind, reference, at, postings, label)


def order_paid(order: Order, trade: Trade) -> Journal:
    """Money at WeChat against hours sold."""
    return move(
        "order_paid",
        str(order.order_id),
        trade.paid_at,
        trade.amount_fen,
        debit=Account.WECHAT,
        credit=Account.HOURS_SOLD,
        label=order.number,
    )


def order_paid_from_wallet(order: Order, paid_at: datetime) -> Journal:
    """A learner's balance against hours sold ($-4). Kind and reference are those of any other way
    to pay: an order is paid once."""
    return move(
        "order_paid",
        str(order.order_id),
        paid_at,
        order.amount_fen,
        debit=wallet(order.learner_id),
        credit=Account.HOURS_SOLD,
        label=order.number,
    )


def surplus_received(order: Order, trade: Trade) -> Journal:
    """Money at WeChat that belongs to its payer."""
    return move(
        "surplus_received",
        trade.transaction_id,
        trade.paid_at,
        trade.amount_fen,
        debit=Account.WECHAT,
        credit=Account.SURPLUS,
        label=order.number,
    )
