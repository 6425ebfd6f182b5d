"""Refunds ($-8): asked for, approved, counted; never more than paid, never what is studied."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from chassis.permissions import Permission
from contracts.payments import RefundTarget
from tests.conftest import bearer
from tests.payments.conftest import MakeShop, Shop
from tests.payments.refund_steps import (
    REASON,
    Desk,
    ask,
    asked,
    balance,
    count_hours,
    declined,
    desk,
    look,
    paid_order,
    questions,
    refund_id_of,
    refunded,
    said,
)

__all__ = ["desk"]


async def test_a_wish_is_kept_once_and_the_same_key_gives_the_same_answer(
    shop: Shop, desk: Desk
) -> None:
    # $-8
    learner = shop.learner()
    order = await paid_order(shop, learner)
    first = await ask(learner, order, key="one")
    assert first.status_code == 201
    assert first.json()["status"] == "requested"
    assert (await ask(learner, order, key="one")).json() == first.json()
    assert (await ask(learner, order)).json()["refund_id"] == first.json()["refund_id"]
    changed = await ask(learner, order, target="wallet", key="one")
    assert (changed.status_code, changed.json()["code"]) == (422, "KeyUsedForAnotherRequest")
    assert first.json()["case_number"] in said(await desk.get())
    listed = (await learner.ask("GET", "/refunds")).json()
    assert [one["refund_id"] for one in listed["items"]] == [first.json()["refund_id"]]
    assert await questions(shop) == []


async def test_fifty_wishes_at_once_are_one(shop: Shop, desk: Desk) -> None:
    # $-8: the race
    learner = shop.learner()
    order = await paid_order(shop, learner)
    answers = await asyncio.gather(*(ask(learner, order) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["refund_id"] for answer in answers}) == 1


async def test_what_is_not_paid_or_not_ones_own_is_refused(shop: Shop, desk: Desk) -> None:
    learner, stranger = shop.learner(), shop.learner()
    unpaid = await shop.open_order(learner)
    refused = await ask(learner, unpaid)
    assert (refused.status_code, refused.json()["code"]) == (409, "OrderNotPaid")
    order = await paid_order(shop, learner)
    assert (await ask(stranger, order)).status_code == 404
    refund_id = await asked(learner, order)
    assert (await stranger.ask("GET", f"/refunds/{refund_id}")).status_code == 404
    path = f"/orders/{order['order_id']}/refund"
    page = await shop.running.client.get(path, headers=stranger.headers)
    assert page.status_code == 404
    free = (await learner.order(await shop.sell(price_fen=0))).json()
    assert (await ask(learner, free)).json()["code"] == "NothingToRefund"
    for wrong in ({"target": "bank"}, {"reason": " "}, {"reason": "x" * 501}, {"more": 1}):
        body = {"order_id": order["order_id"], "target": "source", "reason": REASON, **wrong}
        assert (await learner.ask("POST", "/refunds", json=body)).status_code == 422


async def test_a_declined_refund_says_why_and_can_be_asked_for_again(
    shop: Shop, desk: Desk
) -> None:
    learner = shop.learner()
    order = await paid_order(shop, learner)
    refund_id = await asked(learner, order)
    assert (await desk.post(f"/{refund_id}/decline", answer=" ")).status_code == 422
    for _ in range(2):
        answer = await desk.post(f"/{refund_id}/decline", answer="请先完成作业")
        assert answer.status_code == 303
    assert (await look(learner, refund_id))["answer"] == "请先完成作业"
    assert [event.reason for event in await declined(shop)] == ["请先完成作业"]
    assert (await desk.approve(refund_id)).status_code == 409
    assert await asked(learner, order) != refund_id
    assert await questions(shop) == []


async def test_fifty_approvals_of_one_refund_are_one(shop: Shop, desk: Desk) -> None:
    # $-8: the race
    learner = shop.learner()
    refund_id = await asked(learner, await paid_order(shop, learner), target="wallet")
    people = [desk.colleague() for _ in range(50)]
    answers = await asyncio.gather(*(one.approve(refund_id) for one in people))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 49
    assert len(await questions(shop)) == 1
    await count_hours(shop)
    assert await balance(shop, learner) == 15_000


async def test_above_the_limit_a_second_person_must_approve(
    make_shop: MakeShop, staff_token: Callable[..., str]
) -> None:
    # $-8
    shop = await make_shop(refund_two_persons_above_fen=14_999)
    one = Desk(shop, staff_token)
    learner = shop.learner()
    refund_id = await asked(learner, await paid_order(shop, learner), target="wallet")
    assert (await one.approve(refund_id)).status_code == 303
    assert (await look(learner, refund_id))["status"] == "second_wanted"
    again = await one.approve(refund_id)
    assert again.status_code == 403
    assert "A second person must approve this refund" in again.text
    assert await questions(shop) == []
    others = [one.colleague() for _ in range(20)]
    answers = await asyncio.gather(*(other.approve(refund_id) for other in others))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 19
    assert len(await questions(shop)) == 1
    with pytest.raises(asyncpg.CheckViolationError, match="refund_second_is_another"):
        await shop.running.pool.execute("UPDATE refunds SET second_by = approved_by")
    with pytest.raises(asyncpg.CheckViolationError, match="refund_second_where_needed"):
        await shop.running.pool.execute("UPDATE refunds SET second_by = NULL")


@pytest.mark.parametrize(
    "form",
    [
        {"number": "H000"},
        {"amount": "15.005"},
        {"amount": "-1"},
        {"amount": "0"},
        {"target": "cash"},
        {"reason": ""},
    ],
)
async def test_a_wrong_form_says_so_beside_the_field_and_keeps_what_was_typed(
    shop: Shop, desk: Desk, form: dict[str, str]
) -> None:
    learner = shop.learner()
    order = await paid_order(shop, learner)
    good = {"number": order["number"], "amount": "", "target": "wallet", "reason": "协会同意"}
    answer = await desk.post("", **{**good, **form})
    assert answer.status_code == 422
    assert f'value="{form.get("number", order["number"])}"' in answer.text
    assert await questions(shop) == []


async def test_a_bank_payment_is_recorded_by_a_second_person_once(shop: Shop, desk: Desk) -> None:
    # case 37: the manual path
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await shop.running.pool.execute("UPDATE orders SET paid_at = paid_at - interval '366 days'")
    refused = await ask(learner, order)
    assert (refused.status_code, refused.json()["code"]) == (409, "TooOldForSource")
    form = await shop.running.client.get(
        f"/orders/{order['order_id']}/refund?lang=en", headers=learner.headers
    )
    assert "This payment can not go back to WeChat." in form.text
    assert 'value="wallet"' in form.text
    assert 'value="source"' not in form.text
    refund_id = refund_id_of(await desk.start(order, target="bank"))
    await count_hours(shop)
    assert (await shop.balances())["liability:refunds"] == -15_000
    path = f"/{refund_id}/bank-payment"
    own = await desk.post(path, reference="CCB0001")
    assert own.status_code == 403
    other = desk.colleague()
    for _ in range(2):
        assert (await other.post(path, reference="CCB0001")).status_code == 303
    assert (await shop.balances())["asset:bank"] == -15_000
    [event] = await refunded(shop)
    assert event.target is RefundTarget.BANK
    assert (await look(learner, refund_id))["status"] == "refunded"
    with pytest.raises(asyncpg.CheckViolationError, match="refund_bank_payment_by_another"):
        await shop.running.pool.execute("UPDATE refunds SET bank_by = approved_by")


async def test_a_bank_reference_is_used_once(shop: Shop, desk: Desk) -> None:
    learner = shop.learner()
    paid = []
    for _ in range(2):
        order = await paid_order(shop, learner)
        paid.append(refund_id_of(await desk.start(order, target="bank")))
        await count_hours(shop)
    other = desk.colleague()
    answers = [
        await other.post(f"/{refund_id}/bank-payment", reference="CCB0002") for refund_id in paid
    ]
    assert [answer.status_code for answer in answers] == [303, 409]
    await other.post(f"/{paid[1]}/bank-payment", reference="CCB0003")


async def test_reading_the_desk_gives_no_right_to_refund(
    shop: Shop, desk: Desk, staff_token: Callable[..., str]
) -> None:
    learner = shop.learner()
    refund_id = await asked(learner, await paid_order(shop, learner))
    headers = bearer(staff_token(Permission.PAYMENTS_READ))
    page = await shop.running.client.get(
        f"/staff/payments/refunds/{refund_id}?lang=en", headers=headers
    )
    assert page.status_code == 200
    assert "Approve the refund" not in page.text
    posted = await shop.running.client.post(
        f"/staff/payments/refunds/{refund_id}/approval",
        data={"csrf": "c" * 43},
        headers={**headers, "Cookie": f"csrf={'c' * 43}"},
    )
    assert posted.status_code == 403


async def test_a_learner_asks_on_the_page_of_the_order(shop: Shop, desk: Desk) -> None:
    learner = shop.learner()
    order = await paid_order(shop, learner)
    client, csrf = shop.running.client, "c" * 43
    page = await client.get(f"/orders/{order['order_id']}?lang=en", headers=learner.headers)
    path = f"/orders/{order['order_id']}/refund"
    assert f'href="{path}"' in page.text
    headers = {**learner.headers, "Cookie": f"csrf={csrf}; lang=en"}
    empty = await client.post(path, data={"csrf": csrf, "target": "source"}, headers=headers)
    assert empty.status_code == 422
    sent = await client.post(
        path, data={"csrf": csrf, "target": "source", "reason": REASON}, headers=headers
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "/refunds")
    mine = await client.get("/refunds?lang=en", headers=learner.headers)
    assert "Being looked at" in mine.text
    assert order["number"] in mine.text


async def test_the_page_of_a_refunded_order_says_what_went_back(shop: Shop, desk: Desk) -> None:
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await desk.approve(await asked(learner, order, target="wallet"))
    await count_hours(shop, studied=4)
    path = f"/orders/{order['order_id']}?lang=en"
    page = said(await shop.running.client.get(path, headers=learner.headers))
    assert "90.00 went back" in page
    assert "All courses of this order are open" not in page
    wallet = await shop.running.client.get("/wallet?lang=en", headers=learner.headers)
    assert "Refund" in said(wallet)
