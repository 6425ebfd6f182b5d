"""Comparing a bill with our books, without a database: every difference has its name ($-9)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.model.reconciliation import (
    BillDoubt,
    Movement,
    MovementKind,
    compare,
    days_to_have,
)
from tests.payments.books_steps import noon

DAY = date(2026, 3, 2)


def paid(number: int, amount_fen: int = 1500, *, at: datetime | None = None) -> Movement:
    kind = MovementKind.PAYMENT
    return Movement(kind, f"H{number}", f"T{number}", "", amount_fen, at or noon(DAY))


def refunded(number: int, amount_fen: int = 500) -> Movement:
    kind = MovementKind.REFUND
    return Movement(kind, f"H{number}", f"T{number}", f"R{number}", amount_fen, noon(DAY))


def kinds(bill: list[Movement], ours: list[Movement], **more: Any) -> list[BillDoubt]:
    more = {"before": [], **more}
    return [one.kind for one in compare(DAY, bill, ours=ours, **more).differences]


@pytest.mark.parametrize(  # case 58
    ("bill", "ours", "found"),
    [
        ([paid(1), refunded(1)], [paid(1), refunded(1)], []),
        ([paid(1)], [], [BillDoubt.MISSING_HERE]),
        ([], [paid(1)], [BillDoubt.MISSING_THERE]),
        ([paid(1, 1501)], [paid(1)], [BillDoubt.OTHER_AMOUNT]),
        ([replace(paid(1), out_trade_no="H9")], [paid(1)], [BillDoubt.OTHER_NUMBER]),
        ([paid(1), paid(1)], [paid(1)], [BillDoubt.REPEATED]),
        ([refunded(1)], [], [BillDoubt.REFUND_MISSING_HERE]),
        ([], [refunded(1)], [BillDoubt.REFUND_MISSING_THERE]),
        ([refunded(1, 499)], [refunded(1)], [BillDoubt.REFUND_OTHER_AMOUNT]),
        (
            [replace(refunded(1), transaction_id="T9")],
            [refunded(1)],
            [BillDoubt.REFUND_OTHER_NUMBER],
        ),
        ([refunded(1), refunded(1)], [refunded(1)], [BillDoubt.REFUND_REPEATED]),
    ],
)
def test_each_difference_has_a_name_of_its_own(
    bill: list[Movement], ours: list[Movement], found: list[BillDoubt]
) -> None:
    assert kinds(bill, ours) == found


def at(day: date, clock_time: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock_time}+08:00")


def test_a_payment_at_midnight_may_stand_in_either_bill() -> None:
    late = paid(1, at=at(DAY, "23:59:59"))
    assert kinds([late], [late]) == []
    assert kinds([], [late]) == []  # tomorrow's bill may have it
    tomorrow = DAY + timedelta(days=1)
    assert compare(tomorrow, [late], before=[], ours=[late]).differences == ()
    [missing] = compare(tomorrow, [], before=[], ours=[late]).differences
    assert missing.kind is BillDoubt.MISSING_THERE

    early = paid(2, at=at(DAY, "00:00:30"))
    assert kinds([], [early], before=[early]) == []
    assert kinds([], [early], before=None) == []  # the day before is not known
    assert kinds([], [early], before=[]) == [BillDoubt.MISSING_THERE]
    assert kinds([], [early], before=[], elsewhere=[early]) == []


def test_what_stands_in_two_bills_is_repeated() -> None:
    assert kinds([paid(1)], [paid(1)], before=[paid(1)]) == [BillDoubt.REPEATED]


movements = st.builds(
    lambda kind, number, fen, seconds: Movement(
        kind,
        f"H{number}",
        f"T{number}",
        f"R{number}" if kind is MovementKind.REFUND else "",
        fen,
        at(DAY, "00:00:00") + timedelta(seconds=seconds),
    ),
    st.sampled_from(MovementKind),
    st.integers(1, 12),
    st.integers(1, 10**9),
    st.integers(-80_000, 160_000),
)


@given(bill=st.lists(movements), ours=st.lists(movements, unique_by=lambda one: one.key))
def test_the_differences_explain_both_sums_to_the_fen(
    bill: list[Movement], ours: list[Movement]
) -> None:
    # case 58
    found = compare(DAY, bill, before=[], ours=ours)
    for kind in MovementKind:
        explained = sum(
            (one.told_fen or 0) - (one.expected_fen or 0)
            for one in found.differences
            if one.kind.startswith("bill_refund") == (kind is MovementKind.REFUND)
        )
        assert found.there[kind].fen == sum(one.amount_fen for one in bill if one.kind is kind)
        assert found.there[kind].fen - found.here[kind].fen == explained


@given(ours=st.lists(movements, unique_by=lambda one: one.key), data=st.data())
def test_books_that_agree_raise_nothing(ours: list[Movement], data: st.DataObject) -> None:
    # whichever of two neighbouring bills has it
    bills = [data.draw(st.booleans()) for _ in ours]
    today = [one for one, here in zip(ours, bills, strict=True) if here]
    beside = [one for one, here in zip(ours, bills, strict=True) if not here]
    assert compare(DAY, today, before=beside, ours=ours).differences == ()


@pytest.mark.parametrize(
    ("now", "last"),
    [("09:59", DAY - timedelta(days=2)), ("10:00", DAY - timedelta(days=1))],
)
def test_yesterdays_bill_is_wanted_from_ten_o_clock_on(now: str, last: date) -> None:
    days = days_to_have(at(DAY, now), first=DAY - timedelta(days=400))
    assert (days[-1], days[0]) == (last, DAY - timedelta(days=90))
    assert days_to_have(at(DAY, now), first=None) == []
    assert days_to_have(at(DAY, now), first=DAY) == []
