"""How much can still be invoiced ($-7): never more than was spent and has not gone back."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chassis.refusals import Conflict
from contracts.payments import PaymentMethod


class Policy(StrEnum):
    """When money that was paid in ahead (study cards) is invoiced; a platform has exactly one.

    53号公告 (2016) knows two readings: on what is consumed, or untaxed when the card is sold and
    then not again on what it buys.
    """

    AT_CONSUMPTION = "at_consumption"
    AT_SALE_UNTAXED = "at_sale_untaxed"


class Basis(StrEnum):
    """Which money an invoice is for."""

    SPENDING = "spending"  # paid orders, from whichever source
    DIRECT = "direct"  # paid orders, only those that WeChat paid
    SALE = "sale"  # study cards, when they are bought


class RedFlushFirst(Conflict):
    """An invoice covers this money. Red-flush it first, or cancel its application."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A learner's money as invoices see it. All in fen.

    `direct` and `wallet`: paid orders less what went back or is promised back, by their source.
    `balance`: what lies in the CNY account. `for_…`: invoices that are asked for or issued and not
    reversed, by their basis.
    """

    direct_fen: int = 0
    wallet_fen: int = 0
    balance_fen: int = 0
    for_spending_fen: int = 0
    for_direct_fen: int = 0
    for_sale_fen: int = 0

    @property
    def spent_fen(self) -> int:
        return self.direct_fen + self.wallet_fen

    @property
    def invoiced_fen(self) -> int:
        """What is invoiced of the spending."""
        return self.for_spending_fen + self.for_direct_fen

    @property
    def invoiceable_fen(self) -> int:
        """What spending can carry in invoices at all. Money that was invoiced when it was paid in
        counts as spent last: only what of it no longer lies in the account is taken off."""
        invoiced_and_spent = max(0, self.for_sale_fen - self.balance_fen)
        return self.direct_fen + max(0, self.wallet_fen - invoiced_and_spent)

    def room_fen(self, basis: Basis) -> int:
        """What can still be invoiced of this money; never negative."""
        spending = self.invoiceable_fen - self.invoiced_fen
        match basis:
            case Basis.SPENDING:
                room = spending
            case Basis.DIRECT:
                room = min(spending, self.direct_fen - self.for_direct_fen)
            case Basis.SALE:
                taken = self.for_sale_fen + max(0, self.invoiced_fen - self.direct_fen)
                room = self.balance_fen + self.wallet_fen - taken
        return max(0, room)

    @property
    def is_covered(self) -> bool:
        """Whether no invoice stands for more than was spent."""
        return self.invoiced_fen <= self.invoiceable_fen and self.for_direct_fen <= self.direct_fen

    def check_refund(self, amount_fen: int, method: PaymentMethod) -> None:
        """Raises `RedFlushFirst` if invoices would stand for more than what is left spent. What was
        paid from the account goes back into it."""
        if method is PaymentMethod.WALLET:
            after = replace(
                self,
                wallet_fen=self.wallet_fen - amount_fen,
                balance_fen=self.balance_fen + amount_fen,
            )
        else:
            after = replace(self, direct_fen=self.direct_fen - amount_fen)
        if not after.is_covered:
            raise RedFlushFirst
