"""The pure rules of invoices ($-7): the ceiling for any history, tax numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.payments import PaymentMethod
from services.payments.model import tax_numbers
from services.payments.model.invoice_room import Basis, RedFlushFirst, Standing

WECHAT, WALLET = PaymentMethod.WECHAT, PaymentMethod.WALLET


def test_a_refund_of_invoiced_money_asks_for_a_red_flush() -> None:
    """# case 56"""
    standing = Standing(direct_fen=15000, for_spending_fen=4500)
    standing.check_refund(10500, WECHAT)
    with pytest.raises(RedFlushFirst):
        standing.check_refund(10501, WECHAT)


def test_money_back_in_the_account_does_not_count_as_spent() -> None:
    """# case 56"""
    standing = Standing(wallet_fen=4500, balance_fen=0, for_spending_fen=4500)
    with pytest.raises(RedFlushFirst):
        standing.check_refund(1, WALLET)


def test_an_account_that_was_invoiced_when_it_was_filled_is_spent_last() -> None:
    both = Standing(wallet_fen=20000, for_sale_fen=15000)
    assert both.room_fen(Basis.SPENDING) == 5000
    some_left = Standing(wallet_fen=6000, balance_fen=14000, for_sale_fen=15000)
    assert some_left.room_fen(Basis.SPENDING) == 5000


@pytest.mark.parametrize(
    "written",
    ["9144030071526726XG", " 9144030071526726xg ", "９１４４０３００７１５２６７２６ＸＧ",
     "914403001922038216", "91330100799655058B", "91110000802100433B"],
)  # fmt: skip
def test_published_tax_numbers_pass(written: str) -> None:
    """# case 53"""
    assert tax_numbers.is_current(tax_numbers.normalise(written))


@pytest.mark.parametrize(
    "written", ["9144030071526726XH", "9144030071526726IG", "9144030071526726X", "", "9" * 19]
)
def test_a_tax_number_with_a_slip_does_not_pass(written: str) -> None:
    """# case 53"""
    assert not tax_numbers.is_current(tax_numbers.normalise(written))


class Account:
    """One learner's life with money, as the actions would let it happen."""

    def __init__(self) -> None:
        self.now = Standing()

    def earn(self, fen: int) -> None:
        self._add(balance_fen=fen)

    def earn_invoiced(self, fen: int) -> None:
        """A card of an employer whose transfer has its invoice."""
        self._add(balance_fen=fen, for_sale_fen=fen)

    def pay_by_wechat(self, fen: int) -> None:
        self._add(direct_fen=fen)

    def pay_from_account(self, fen: int) -> None:
        fen = min(fen, self.now.balance_fen)
        self._add(balance_fen=-fen, wallet_fen=fen)

    def invoice_spending(self, fen: int) -> None:
        if fen <= self.now.room_fen(Basis.SPENDING):
            self._add(for_spending_fen=fen)

    def invoice_direct(self, fen: int) -> None:
        if fen <= self.now.room_fen(Basis.DIRECT):
            self._add(for_direct_fen=fen)

    def invoice_cards(self, fen: int) -> None:
        if fen <= self.now.room_fen(Basis.SALE):
            self._add(for_sale_fen=fen)

    def reverse_invoices(self, _fen: int) -> None:
        self.now = replace(self.now, for_spending_fen=0, for_direct_fen=0)

    def refund_to_wechat(self, fen: int) -> None:
        if fen <= self.now.direct_fen and self._may_refund(fen, WECHAT):
            self._add(direct_fen=-fen)

    def refund_to_account(self, fen: int) -> None:
        if fen <= self.now.wallet_fen and self._may_refund(fen, WALLET):
            self._add(wallet_fen=-fen, balance_fen=fen)

    def _may_refund(self, fen: int, method: PaymentMethod) -> bool:
        try:
            self.now.check_refund(fen, method)
        except RedFlushFirst:
            return False
        return True

    def _add(self, **changes: int) -> None:
        self.now = replace(self.now, **{n: getattr(self.now, n) + v for n, v in changes.items()})


DEEDS = [name for name in vars(Account) if not name.startswith("_")]


@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 20_000)), max_size=40))
def test_no_history_invoices_more_than_was_spent(history: list[tuple[str, int]]) -> None:
    account = Account()
    for deed, fen in history:
        getattr(account, deed)(fen)
        now = account.now
        assert 0 <= now.invoiced_fen <= now.invoiceable_fen <= now.spent_fen
        assert 0 <= now.for_direct_fen <= now.direct_fen
        assert now.invoiced_fen + now.for_sale_fen <= now.spent_fen + now.balance_fen
