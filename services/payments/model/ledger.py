"""Double entry: every movement of money is a journal whose postings sum to zero ($-9)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .attempts import Trade
from .orders import Order


class Account(StrEnum):
    """Debits are positive, credits negative."""

    WECHAT = "asset:wechat"
    HOURS_SOLD = "revenue:hours"
    SURPLUS = "liability:surplus"


@dataclass(frozen=True, slots=True)
class Posting:
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Journal:
    """`kind` and `reference` together are booked at most once."""

    kind: str
    reference: str
    booked_at: datetime
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if len(self.postings) < 2 or sum(posting.amount_fen for posting in self.postings) != 0:
            raise ValueError("the journal does not balance")


def order_paid(order: Order, trade: Trade) -> Journal:
    """Money at WeChat against hours sold."""
    return _move("order_paid", str(order.order_id), trade, to=Account.HOURS_SOLD)


def surplus_received(trade: Trade) -> Journal:
    """Money at WeChat that belongs to its payer."""
    return _move("surplus_received", trade.transaction_id, trade, to=Account.SURPLUS)


def _move(kind: str, reference: str, trade: Trade, *, to: Account) -> Journal:
    postings = (Posting(Account.WECHAT, trade.amount_fen), Posting(to, -trade.amount_fen))
    return Journal(kind, reference, trade.paid_at, postings)
