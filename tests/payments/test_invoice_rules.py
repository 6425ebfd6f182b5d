"""The pure rules of invoices ($-7): the ceiling for any history, tax numbers."""

import pytest

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
