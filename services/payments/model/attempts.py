"""Attempts to collect an order's money, and what WeChat's word means for them ($-2)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Unavailable

from .orders import Order, OrderStatus

FIRST_LOOK = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=30)  # a lost notification costs its payer less than a minute
CLOSING_LOOKS = tuple(timedelta(seconds=s) for s in (5, 30, 60, 180, 300, 600, 1800))
ATTEMPTS_MAX = 99  # of one order
WATCH_AFTER_END = timedelta(minutes=10)  # money of the last second may still arrive


class MethodNotOffered(Conflict):
    """This way of paying is not offered yet. Pay by scanning the WeChat QR code."""


class ProviderRefused(Unavailable):
    """WeChat Pay did not take the order. Try again in a moment."""


class PayerNotKnown(Conflict):
    """WeChat did not say who you are. Open the order in WeChat and try again."""


class Method(StrEnum):
    WECHAT_NATIVE = "wechat_native"  # a code to scan
    WECHAT_JSAPI = "wechat_jsapi"  # a button inside WeChat
    WALLET = "wallet"


OFFERED = frozenset({Method.WECHAT_NATIVE, Method.WECHAT_JSAPI})


class AttemptStatus(StrEnum):
    CREATING = "creating"  # committed; the provider's answer is not known
    WAITING = "waiting"  # the code can be scanned, or the bridge opened
    CLOSING = "closing"  # no longer wanted; not yet known to be closed
    PAID = "paid"
    SURPLUS = "surplus"  # paid, but the order had its money
    CLOSED = "closed"
    FAILED = "failed"  # the provider refused it for good


LIVE = frozenset({AttemptStatus.CREATING, AttemptStatus.WAITING})


class TradeState(StrEnum):
    """WeChat's trade_state."""

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"
    UNKNOWN_NUMBER = "ORDERNOTEXIST"  # the answer to a query that found nothing


ENDED_UNPAID = frozenset({TradeState.CLOSED, TradeState.REVOKED, TradeState.UNKNOWN_NUMBER})


class Evidence(StrEnum):
    """What an order was settled by."""

    NOTIFICATION_AND_QUERY = "notification+query"
    QUERY = "query"  # the notification was lost, or is still on its way


class Doubt(StrEnum):
    """How the provider's word and ours may disagree."""

    WRONG_AMOUNT = "wrong_amount"
    UNKNOWN_NUMBER = "unknown_number"
    NOT_CONFIRMED = "not_confirmed"  # notified as paid, but the query does not say so
    OTHER_TRANSACTION = "other_transaction"
    REFUNDED_OUTSIDE = "refunded_outside"
    SURPLUS = "surplus"
    PARTLY_OWNED = "partly_owned"


class Verdict(StrEnum):
    SETTLE = "settle"
    DUPLICATE = "duplicate"
    SURPLUS = "surplus"
    WRONG_AMOUNT = "wrong_amount"


@dataclass(frozen=True, slots=True)
class Trade:
    """A payment as WeChat tells it, in a message whose signature and names were verified."""

    out_trade_no: str
    transaction_id: str
    amount_fen: int
    paid_at: datetime

    def same_payment(self, other: "Trade") -> bool:
        mine = (self.out_trade_no, self.transaction_id, self.amount_fen)
        return mine == (other.out_trade_no, other.transaction_id, other.amount_fen)


@dataclass(frozen=True, slots=True)
class Attempt:
    attempt_id: UUID
    order_id: UUID
    ordinal: int
    out_trade_no: str
    method: Method
    amount_fen: int
    status: AttemptStatus
    created_at: datetime
    expires_at: datetime
    code_url: str | None
    transaction_id: str | None
    looks: int
    next_look_at: datetime | None
    openid: str | None = field(default=None, repr=False)  # who pays inside WeChat
    prepay_id: str | None = None

    def after_look(self, now: datetime) -> datetime:
        """When the sweeper asks again, if this look brings no end."""
        if self.status is AttemptStatus.CLOSING:
            return now + CLOSING_LOOKS[min(self.looks, len(CLOSING_LOOKS) - 1)]
        return now + LOOK_EVERY

    def can_no_longer_be_paid(self, now: datetime) -> bool:
        return now > self.expires_at + WATCH_AFTER_END


def judge(order: Order, attempt: Attempt, trade: Trade, *, owned: Collection[UUID]) -> Verdict:
    """What a verified payment does. Cancelled and expired orders still take it: money wins, as
    long as there is a course left to open."""
    if attempt.transaction_id == trade.transaction_id:
        return Verdict.DUPLICATE
    if trade.amount_fen != attempt.amount_fen:
        return Verdict.WRONG_AMOUNT
    if order.status is OrderStatus.PAID or order.course_ids <= set(owned):
        return Verdict.SURPLUS
    return Verdict.SETTLE
