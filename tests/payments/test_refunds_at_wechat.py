"""Refunds on their way back through WeChat ($-8): promised first, settled by WeChat's own word."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from chassis import clock
from services.payments import returning
from services.payments.store import refunds as refunds_store
from tests.payments.conftest import MakeShop, Shop
from tests.payments.invoice_steps import COMPANY
from tests.payments.refund_steps import (
    Desk,
    asked,
    assert_books_hold,
    at_wechat,
    balance,
    count_hours,
    declined,
    desk,
    look,
    paid_order,
    paybacks,
    promised,
    refund_id_of,
    refunded,
    refunded_fen,
    said,
    send,
)

__all__ = ["desk"]


async def test_money_is_promised_first_and_refunded_when_wechat_says_so(
    shop: Shop, desk: Desk
) -> None:
    # $-8, $-9
    learner = shop.learner()
    order, refund_id = await promised(shop, desk, learner, studied=4)
    assert await refunded_fen(shop, order) == 9_000
    assert (await shop.balances())["liability:refunds"] == -9_000
    [(number, status, fen)] = await paybacks(shop)
    assert (status, fen, await at_wechat(shop)) == ("waiting", 9_000, [])
    await send(shop, times=1)
    assert [status for _, status, _ in await paybacks(shop)] == ["processing"]
    assert await refunded(shop) == []
    assert (await look(learner, refund_id))["status"] == "sending"
    await send(shop, times=1)
    assert (await look(learner, refund_id))["status"] == "refunded"
    [there] = await at_wechat(shop)
    assert (there["out_refund_no"], there["refund_fee"]) == (number, 9_000)
    assert await shop.balances() == {
        "asset:wechat": 6_000,
        "revenue:hours": -6_000,
        "liability:refunds": 0,
    }
    [event] = await refunded(shop)
    assert (event.amount_fen, event.number) == (9_000, order["number"])


@pytest.mark.parametrize("kind", ["hang", "system_error_after"])
async def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_number(
    shop: Shop, desk: Desk, kind: str
) -> None:
    # case 34
    learner = shop.learner()
    await shop.fault("refund", kind, seconds=0.1)
    _, refund_id = await promised(shop, desk, learner)
    await send(shop, times=1)
    [(number, status, _)] = await paybacks(shop)
    assert status == "submitting"
    await send(shop, times=3)
    assert (await look(learner, refund_id))["status"] == "refunded"
    assert [there["out_refund_no"] for there in await at_wechat(shop)] == [number]
    assert len(await refunded(shop)) == 1


async def test_a_refusal_after_a_lost_answer_is_not_believed_before_it_is_looked_for(
    shop: Shop, desk: Desk
) -> None:
    # case 34: the first call got there
    learner = shop.learner()
    await shop.fault("refund", "system_error_after")
    await promised(shop, desk, learner)
    await send(shop, times=1)
    await shop.fault("refund", "no_balance")
    await send(shop, times=3)
    assert len(await refunded(shop)) == 1
    assert [status for _, status, _ in await paybacks(shop)] == ["success"]


async def test_a_card_that_is_gone_keeps_the_promise_and_calls_for_a_person(
    shop: Shop, desk: Desk
) -> None:
    # case 35
    learner = shop.learner()
    await shop.fault("refund", "abnormal")
    order, refund_id = await promised(shop, desk, learner)
    await send(shop)
    assert (await look(learner, refund_id))["status"] == "sending"
    assert await refunded_fen(shop, order) == 15_000
    assert await refunded(shop) == []
    queue = said(await desk.get())
    assert "1 refund waits for a person." in queue
    assert "The payer's card is gone" in queue or "The payer&#39;s card is gone" in queue
    [(number, _, _)] = await paybacks(shop)
    await shop.till.post("/control/refunds", json={"out_refund_no": number, "status": "SUCCESS"})
    await send(shop)
    assert (await look(learner, refund_id))["status"] == "refunded"


async def test_a_closed_refund_frees_the_money_and_goes_on_under_a_new_number(
    shop: Shop, desk: Desk
) -> None:
    # case 35: the promise ends with CLOSED, and with nothing less
    learner = shop.learner()
    await shop.fault("refund", "closed")
    order, refund_id = await promised(shop, desk, learner)
    await send(shop)
    assert await refunded_fen(shop, order) == 0
    assert (await shop.balances())["revenue:hours"] == -15_000
    assert (await look(learner, refund_id))["status"] == "failed"
    assert "Did not get back" in said(await desk.get())
    shown = said(await desk.get(f"/{refund_id}"))
    assert "WeChat closed this refund: no money has left." in shown
    await assert_books_hold(shop)
    assert (await desk.go_on(refund_id)).status_code == 303
    await send(shop)
    assert [status for _, status, _ in await paybacks(shop)] == ["closed", "success"]
    assert (await look(learner, refund_id))["status"] == "refunded"


async def test_what_wechat_refuses_comes_back_to_the_desk_and_may_go_elsewhere(
    shop: Shop, desk: Desk
) -> None:
    # $-8
    learner = shop.learner()
    await shop.fault("refund", "no_balance")
    order, refund_id = await promised(shop, desk, learner)
    await send(shop)
    assert [status for _, status, _ in await paybacks(shop)] == ["refused"]
    assert await refunded_fen(shop, order) == 0
    shown = said(await desk.get(f"/{refund_id}"))
    assert "WeChat did not take this refund." in shown
    assert "NOTENOUGH" in shown
    assert (await desk.go_on(refund_id, "wallet")).status_code == 303
    assert (await desk.go_on(refund_id, "wallet")).status_code == 409
    assert await balance(shop, learner) == 15_000
    assert (await at_wechat(shop)) == []


async def test_fifty_parts_are_fifteen_and_wechat_hears_one_in_its_minute(
    make_shop: MakeShop, staff_token: Callable[..., str]
) -> None:
    # case 33: 1 yuan each of 15; a minute takes 60 ms there, and 150 ms here
    shop = await make_shop(time_scale=0.001, refund_spacing_seconds=0.15)
    one, learner = Desk(shop, staff_token), shop.learner()
    order = await paid_order(shop, learner, hours=1)
    started = await asyncio.gather(*(one.colleague().start(order, yuan="1") for _ in range(50)))
    assert {answer.status_code for answer in started} == {303}
    await count_hours(shop, hours=1)
    assert len(await declined(shop)) == 35
    assert await refunded_fen(shop, order) == 1500
    async with asyncio.timeout(30):
        while len(await refunded(shop)) < 15:
            await asyncio.gather(
                *(
                    returning.sweep(shop.running.pool, shop.wechat, timedelta(seconds=0.15))
                    for _ in range(3)
                )
            )
            await shop.running.pool.execute(
                "UPDATE paybacks SET next_try_at = now() WHERE status = 'processing'"
            )
            await asyncio.sleep(0.01)
    there = await at_wechat(shop)
    assert (len(there), sum(each["refund_fee"] for each in there)) == (15, 1500)
    asked_at = sorted(each["created_at"] for each in there)
    assert min(after - before for before, after in pairwise(asked_at)) >= 0.06
    calls = [c for c in (await shop.provider_state())["calls"] if c["endpoint"] == "refund"]
    assert "FREQUENCY_LIMITED" not in {call["outcome"] for call in calls}
    await assert_books_hold(shop)


async def test_at_most_fifty_parts_of_one_payment_go_to_wechat(shop: Shop, desk: Desk) -> None:
    # $-8
    learner = shop.learner()
    order = await paid_order(shop, learner, hours=1)
    await desk.start(order, yuan="0.01")
    await count_hours(shop, hours=1)
    for _ in range(49):
        await desk.start(order, yuan="0.01")
    refund_id = refund_id_of(await desk.start(order, yuan="0.01"))
    assert (await look(learner, refund_id))["status"] == "failed"
    assert "at most 50 parts of one payment" in said(await desk.get(f"/{refund_id}"))
    await desk.go_on(refund_id, "wallet")
    assert await balance(shop, learner) == 1


async def test_an_invoice_that_covers_the_money_is_red_flushed_first(
    shop: Shop, desk: Desk
) -> None:
    # case 56, $-7
    learner = shop.learner()
    order = await paid_order(shop, learner)
    body = {**COMPANY, "amount_fen": 15_000, "email": "wang@example.com"}
    invoice = await learner.ask("POST", "/invoices", json=body)
    assert invoice.status_code == 201, invoice.text
    refund_id = await asked(learner, order)
    await desk.approve(refund_id)
    await count_hours(shop)
    assert (await look(learner, refund_id))["status"] == "blocked_by_invoice"
    assert await refunded_fen(shop, order) == 0
    assert "An invoice comes first" in said(await desk.get())
    await desk.go_on(refund_id)
    assert (await look(learner, refund_id))["status"] == "blocked_by_invoice"
    path = f"/invoices/{invoice.json()['invoice_id']}/cancellation"
    assert (await learner.ask("POST", path)).status_code == 200
    await desk.go_on(refund_id)
    await send(shop)
    assert (await look(learner, refund_id))["status"] == "refunded"


async def test_what_went_back_is_listed_by_its_day_in_china(shop: Shop, desk: Desk) -> None:
    # $-9: for comparing with WeChat's bill
    learner = shop.learner()
    await promised(shop, desk, learner)
    await send(shop)
    [(number, _, _)] = await paybacks(shop)
    today = clock.today()
    [listed] = await refunds_store.list_refunded(shop.running.pool, today)
    assert (listed.out_refund_no, listed.amount_fen) == (number, 15_000)
    midnight = datetime.combine(today, datetime.min.time(), clock.CHINA)
    for settled_at, days in ((midnight, [0]), (midnight - timedelta(microseconds=1), [-1])):
        await shop.running.pool.execute("UPDATE paybacks SET settled_at = $1", settled_at)
        found = [
            away
            for away in (-1, 0, 1)
            if await refunds_store.list_refunded(shop.running.pool, today + timedelta(days=away))
        ]
        assert found == days
