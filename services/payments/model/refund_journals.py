"""The journals of money that goes back ($-8, $-9)."""

from datetime import datetime

from . import ledger
from .ledger import Account, Journal
from .orders import Order
from .paybacks import Payback
from .refunds import Refund


def promised(refund: Refund, order: Order, amount_fen: int, at: datetime) -> Journal:
    """Revenue no more, but owed: the money has not moved yet."""
    return ledger.move(
        "refund_promised",
        refund.out_refund_no,
        at,
        amount_fen,
        debit=Account.HOURS_SOLD,
        credit=Account.REFUNDS,
        label=order.number,
    )


def released(refund: Refund, order: Order, amount_fen: int, at: datetime) -> Journal:
    """The promise is taken back: no money has moved, and none will under this number."""
    return ledger.move(
        "refund_released",
        refund.out_refund_no,
        at,
        amount_fen,
        debit=Account.REFUNDS,
        credit=Account.HOURS_SOLD,
        label=order.number,
    )


def to_wallet(refund: Refund, order: Order, amount_fen: int, at: datetime) -> Journal:
    """Into the learner's CNY account, at once."""
    return ledger.move(
        "refund_to_wallet",
        str(refund.refund_id),
        at,
        amount_fen,
        debit=Account.HOURS_SOLD,
        credit=ledger.wallet(order.learner_id),
        label=order.number,
    )


def to_source(payback: Payback, order: Order, at: datetime) -> Journal:
    """WeChat has given it back to the payer."""
    return ledger.move(
        "refund_paid",
        payback.out_refund_no,
        at,
        payback.amount_fen,
        debit=Account.REFUNDS,
        credit=Account.WECHAT,
        label=order.number,
    )


def by_bank(refund: Refund, order: Order, amount_fen: int, at: datetime) -> Journal:
    """Staff have paid it from the association's bank account."""
    return ledger.move(
        "refund_paid_by_bank",
        str(refund.refund_id),
        at,
        amount_fen,
        debit=Account.REFUNDS,
        credit=Account.BANK,
        label=order.number,
    )


def surplus_returned(payback: Payback, order: Order, at: datetime) -> Journal:
    """What was paid twice is back with its payer."""
    return ledger.move(
        "surplus_refunded",
        payback.transaction_id,
        at,
        payback.amount_fen,
        debit=Account.SURPLUS,
        credit=Account.WECHAT,
        label=order.number,
    )
