"""A small model of a learner's money: what each step must answer, and what there must be after it.

It knows no database and no locks, only the rules ($-1, $-4, $-7, $-8).
"""

from dataclasses import dataclass, field
from typing import Final

HOUR_FEN: Final = 1500
OK: Final = "ok"
REFUSED: Final = "refused"  # by a form, which says why in a sentence
BLOCKED: Final = "blocked_by_invoice"


@dataclass
class Card:
    amount_fen: int
    redeemed: bool = False


@dataclass
class Order:
    """`studied`: hours that progress will find; it is asked at the first refund. `is_stuck`: the
    learner's wish for a refund waits because of an invoice."""

    hours: int
    studied: int
    status: str = "unpaid"
    method: str = ""
    refunded_fen: int = 0
    is_answered: bool = False
    is_stuck: bool = False

    @property
    def amount_fen(self) -> int:
        return self.hours * HOUR_FEN

    @property
    def left_fen(self) -> int:
        """What may still go back, as far as is known."""
        hours = self.hours - self.studied if self.is_answered else self.hours
        return max(0, hours * HOUR_FEN - self.refunded_fen)


@dataclass
class Invoice:
    amount_fen: int
    status: str = "requested"


@dataclass
class Purse:
    """One learner."""

    wallet_fen: int = 0
    cards: list[Card] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)

    @property
    def paid_fen(self) -> int:
        return sum(order.amount_fen for order in self.orders if order.status == "paid")

    @property
    def refunded_fen(self) -> int:
        return sum(order.refunded_fen for order in self.orders)

    @property
    def invoiced_fen(self) -> int:
        standing = ("requested", "issued")
        return sum(one.amount_fen for one in self.invoices if one.status in standing)

    def redeem(self, card: Card, *, by_owner: bool) -> str:
        """$-4: once; the owner may say it again, a stranger gets nothing."""
        if not by_owner:
            return "CardNotAccepted"
        if not card.redeemed:
            card.redeemed = True
            self.wallet_fen += card.amount_fen
        return OK

    def pay(self, order: Order, method: str) -> str:
        if order.status == "paid" and order.method == method == "wallet":
            return OK
        if order.status != "unpaid":
            return "OrderAlreadyPaid" if order.status == "paid" else "OrderCancelled"
        if method == "wallet":
            if self.wallet_fen < order.amount_fen:
                return "BalanceTooLow"
            self.wallet_fen -= order.amount_fen
        order.status, order.method = "paid", method
        return OK

    def cancel(self, order: Order) -> str:
        if order.status == "paid":
            return "OrderAlreadyPaid"
        order.status = "cancelled"
        return OK

    def ask_refund(self, order: Order, *, to_wallet: bool) -> str:
        """$-8: all that is not studied, approved at once. How it ends, or why there is none."""
        if order.status != "paid":
            return "OrderNotPaid"
        if order.is_stuck:
            return BLOCKED  # the open wish is answered again
        if order.left_fen == 0:
            all_studied = order.is_answered and order.studied == order.hours
            return "AllStudied" if all_studied else "NothingToRefund"
        return self._wish(order, to_wallet=to_wallet)

    def go_on(self, order: Order, *, to_wallet: bool) -> str:
        return self._wish(order, to_wallet=to_wallet) if order.is_stuck else REFUSED

    def _wish(self, order: Order, *, to_wallet: bool) -> str:
        end = self._refund(order, None, to_wallet=to_wallet)
        order.is_stuck = end == BLOCKED
        return end

    def begin_refund(self, order: Order, wish_fen: int | None, *, to_wallet: bool) -> str:
        """$-8: staff begin it, of an amount or of all that is left."""
        if order.status != "paid" or order.left_fen == 0 or (wish_fen or 0) > order.left_fen:
            return REFUSED
        return self._refund(order, wish_fen, to_wallet=to_wallet)

    def _refund(self, order: Order, wish_fen: int | None, *, to_wallet: bool) -> str:
        order.is_answered = True
        amount_fen = order.left_fen if wish_fen is None else wish_fen
        if not 0 < amount_fen <= order.left_fen:
            return "declined"
        if self.invoiced_fen > self.paid_fen - self.refunded_fen - amount_fen:
            return BLOCKED
        order.refunded_fen += amount_fen
        if to_wallet or order.method == "wallet":
            self.wallet_fen += amount_fen
        return "refunded"

    def ask_invoice(self, amount_fen: int) -> str:
        """$-7: within what was spent, one application at a time."""
        if amount_fen > self.paid_fen - self.refunded_fen - self.invoiced_fen:
            return "AboveCeiling"
        if any(one.status == "requested" for one in self.invoices):
            return "InvoiceOpen"
        self.invoices.append(Invoice(amount_fen))
        return OK

    def cancel_invoice(self, invoice: Invoice) -> str:
        if invoice.status not in ("requested", "cancelled"):
            return "InvoiceDecided"
        invoice.status = "cancelled"
        return OK

    def move_invoice(self, invoice: Invoice, before: str, after: str) -> str:
        """What staff do: issue or decline what is asked for, reverse what is issued."""
        if invoice.status != before:
            return REFUSED
        invoice.status = after
        return OK
