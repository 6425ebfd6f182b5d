"""Money back and the daily bill, spoken with the provider (API v2); no order is changed here."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from services.payments import checkout
from services.payments.model.attempts import TradeState
from services.payments.providers.port import (
    BillNotReady,
    BillRowKind,
    RefundAsked,
    RefundState,
    Refused,
    Unknown,
)
from services.payments.store import attempts
from tests.payments.conftest import MakeShop, Shop

DAY_SECONDS = 24 * 3600


@pytest.fixture(params=["v2", "v3"])
async def shop(request: pytest.FixtureRequest, make_shop: MakeShop) -> Shop:
    """Everything here holds for both versions of WeChat's API."""
    return await make_shop(wechat_api_version=request.param)


async def paid(shop: Shop, *, hours: int = 1) -> RefundAsked:
    """A paid order of so many hours, and a third of it asked back."""
    learner = shop.learner()
    order = await shop.open_order(learner, hours=hours)
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])
    attempt = await shop.running.pool.fetchrow(
        "SELECT out_trade_no, transaction_id, amount_fen FROM attempts WHERE out_trade_no = $1",
        order["out_trade_no"],
    )
    assert attempt is not None
    return RefundAsked(
        out_refund_no=f"R{order['number']}-1",
        out_trade_no=attempt["out_trade_no"],
        transaction_id=attempt["transaction_id"],
        amount_fen=attempt["amount_fen"] // 3,
        total_fen=attempt["amount_fen"],
        reason="课程未学习",
    )


async def control(shop: Shop, path: str, **body: Any) -> None:
    answer = await shop.till.post(f"/control{path}", json=body)
    assert answer.status_code < 300, answer.text


async def test_a_refund_is_accepted_first_and_done_later(shop: Shop) -> None:  # $-8
    asked = await paid(shop)
    await shop.fault("refund", "processing")
    accepted = await shop.wechat.refund(asked)
    assert (accepted.state, accepted.amount_fen) == (RefundState.PROCESSING, 500)
    assert (await shop.wechat.query_refund(asked.out_refund_no)).state is RefundState.PROCESSING
    await control(shop, "/refunds", out_refund_no=asked.out_refund_no, status="SUCCESS")
    done = await shop.wechat.query_refund(asked.out_refund_no)
    assert (done.state, done.refund_id) == (RefundState.SUCCESS, accepted.refund_id)
    assert done.amount_fen == 500
    assert done.settled_at is not None
    assert abs(done.settled_at - clock.now()) < timedelta(minutes=1)


async def test_a_repeated_refund_is_one_refund(shop: Shop) -> None:  # case 34
    asked = await paid(shop)
    await shop.fault("refund", "system_error_after")
    with pytest.raises(Unknown):
        await shop.wechat.refund(asked)
    for _ in range(3):
        assert (await shop.wechat.refund(asked)).amount_fen == 500
    assert len((await shop.provider_state())["refunds"]) == 1


async def test_the_same_number_for_another_amount_is_refused(shop: Shop) -> None:
    asked = await paid(shop)
    await shop.wechat.refund(asked)
    with pytest.raises(Refused, match=r"REFUND_FEE_MISMATCH|INVALID_REQUEST"):
        await shop.wechat.refund(replace(asked, amount_fen=501))


async def test_a_second_refund_within_the_minute_is_to_be_asked_again(
    make_shop: MakeShop,
) -> None:  # case 33
    shop = await make_shop(time_scale=1)
    asked = await paid(shop)
    await shop.wechat.refund(asked)
    second = replace(asked, out_refund_no=asked.out_refund_no + "2")
    with pytest.raises(Unknown, match="FREQUENCY_LIMITED"):
        await shop.wechat.refund(second)
    await control(shop, "/clock", advance_seconds=61)
    assert (await shop.wechat.refund(second)).state is RefundState.PROCESSING


@pytest.mark.parametrize(
    ("kind", "state"), [("abnormal", RefundState.ABNORMAL), ("closed", RefundState.CLOSED)]
)
async def test_a_refund_that_failed_says_how(
    shop: Shop, kind: str, state: RefundState
) -> None:  # case 35
    asked = await paid(shop)
    await shop.fault("refund", kind)
    assert (await shop.wechat.refund(asked)).state is RefundState.PROCESSING
    assert (await shop.wechat.query_refund(asked.out_refund_no)).state is state


async def test_a_refund_that_nobody_asked_for_is_not_there(shop: Shop) -> None:
    state = (await shop.wechat.query_refund("R-unknown")).state
    assert state is RefundState.UNKNOWN_NUMBER


@pytest.mark.parametrize(
    "kind",
    [
        *("error_500", "redirect", "not_xml", "truncated", "system_error", "system_error_after"),
        *("forged", "unsigned"),
    ],
)
async def test_an_answer_about_a_refund_that_cannot_be_believed_is_unknown(
    shop: Shop, kind: str
) -> None:
    asked = await paid(shop)
    await shop.fault("refund", kind)
    with pytest.raises(Unknown):
        await shop.wechat.refund(asked)
    await shop.fault("refund_query", kind)
    with pytest.raises(Unknown):
        await shop.wechat.query_refund(asked.out_refund_no)


@pytest.mark.parametrize("kind", ["foreign_appid", "foreign_mch_id"])
async def test_an_answer_for_another_merchant_is_unknown(make_shop: MakeShop, kind: str) -> None:
    shop = await make_shop()  # API v3 names no merchant there
    asked = await paid(shop)
    await shop.fault("refund", kind)
    with pytest.raises(Unknown):
        await shop.wechat.refund(asked)


async def test_our_own_refund_is_no_discrepancy(shop: Shop) -> None:
    asked = await paid(shop)
    await shop.wechat.refund(asked)
    attempt = await attempts.find_attempt(shop.running.pool, asked.out_trade_no)
    assert attempt is not None
    state = await checkout.collect(shop.running.pool, shop.wechat, attempt)
    assert state is TradeState.REFUND
    assert await shop.discrepancies() == []


async def test_a_refund_of_money_that_we_never_had_is_one(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    [seen] = (await shop.provider_state())["orders"]
    await shop.wechat.refund(
        RefundAsked("R-by-hand", seen["out_trade_no"], seen["transaction_id"], 1, 15000, "")
    )
    await shop.sweep()
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == ["refunded_outside"]


async def test_the_bill_tells_payments_and_refunds_to_the_fen(shop: Shop) -> None:  # case 58
    asked = await paid(shop)
    await shop.wechat.refund(asked)
    await shop.wechat.query_refund(asked.out_refund_no)
    await control(shop, "/clock", advance_seconds=2 * DAY_SECONDS)
    bill = await shop.wechat.download_bill(clock.today())
    assert [(row.kind, row.amount_fen) for row in bill.rows] == [
        (BillRowKind.PAYMENT, 1500),
        (BillRowKind.REFUND, 500),
    ]
    payment, refund = bill.rows
    assert (payment.out_trade_no, payment.out_refund_no) == (asked.out_trade_no, "")
    assert (refund.transaction_id, refund.out_refund_no) == (
        asked.transaction_id,
        asked.out_refund_no,
    )


async def test_a_bill_that_is_not_made_yet_is_no_error(shop: Shop) -> None:  # case 58
    await paid(shop)
    with pytest.raises(BillNotReady):
        await shop.wechat.download_bill(clock.today())


@pytest.mark.parametrize(
    ("kind", "amounts"),
    [
        ("comma", [1500, 3000]),
        ("missing_row", [3000]),
        ("extra_row", [1, 1500, 3000]),
        ("other_amount", [1, 3000]),
    ],
)
async def test_a_bill_that_differs_is_read_as_it_is(
    shop: Shop, kind: str, amounts: list[int]
) -> None:  # case 58
    for hours in (1, 2):
        await paid(shop, hours=hours)
    await control(shop, "/clock", advance_seconds=2 * DAY_SECONDS)
    await shop.fault("bill", kind)
    bill = await shop.wechat.download_bill(clock.today())
    assert sorted(row.amount_fen for row in bill.rows) == amounts


@pytest.mark.parametrize("kind", ["wrong_total", "truncated", "not_xml", "error_500", "redirect"])
async def test_a_bill_that_contradicts_itself_is_not_believed(shop: Shop, kind: str) -> None:
    await paid(shop)
    await control(shop, "/clock", advance_seconds=2 * DAY_SECONDS)
    await shop.fault("bill", kind)
    with pytest.raises(Unknown):
        await shop.wechat.download_bill(clock.today())
