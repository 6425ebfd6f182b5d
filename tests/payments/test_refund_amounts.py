"""How much goes back of an order ($-8): the value of what is not studied, in one part or more."""

import asyncio
from uuid import UUID

from chassis import clock, ids
from contracts.payments import ItemKind, PaymentMethod, RefundTarget
from services.payments.model.orders import Line, Order, OrderStatus
from services.payments.model.withdrawals import WithdrawnCourse, unstudied_fen
from tests.payments.cards_steps import top_up
from tests.payments.conftest import Shop
from tests.payments.refund_steps import (
    Desk,
    answer_to,
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
    refunded_fen,
    send,
)

__all__ = ["desk"]


async def test_the_unstudied_hours_go_back_into_the_account(shop: Shop, desk: Desk) -> None:
    # $-8, $-9: 7 of 10 hours; the studied ones stay paid
    learner = shop.learner()
    order = await paid_order(shop, learner)
    refund_id = await asked(learner, order, target="wallet")
    assert (await desk.approve(refund_id)).status_code == 303
    [question] = await questions(shop)
    assert (str(question.refund_id), str(question.order_id)) == (refund_id, order["order_id"])
    assert (await look(learner, refund_id))["status"] == "withdrawing"
    await count_hours(shop, studied=3)
    shown = await look(learner, refund_id)
    assert (shown["status"], shown["amount_fen"]) == ("refunded", 10_500)
    assert await balance(shop, learner) == 10_500
    assert (await shop.balances())["revenue:hours"] == -4_500
    [event] = await refunded(shop)
    assert (event.amount_fen, event.target, event.course_ids) == (10_500, RefundTarget.WALLET, [])


async def test_progress_heard_twice_refunds_once(shop: Shop, desk: Desk) -> None:
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await desk.approve(await asked(learner, order, target="wallet"))
    [question] = await questions(shop)
    answer = answer_to(question, hours=10, studied=0)
    assert await shop.running.deliver(answer) is True
    assert await shop.running.deliver(answer) is False
    await shop.running.deliver(answer_to(question, hours=10, studied=5))
    assert await balance(shop, learner) == 15_000
    assert len(await refunded(shop)) == 1


async def test_a_course_of_which_nothing_was_studied_can_be_bought_again(
    shop: Shop, desk: Desk
) -> None:
    # $-8
    learner = shop.learner()
    course_id = await shop.sell(hours=10)
    order = (await learner.order(course_id)).json()
    started = (await learner.start_payment(order["order_id"])).json()
    await shop.scan(started["code_url"])
    await shop.until_paid(learner, order["order_id"])
    assert (await learner.order(course_id)).json()["code"] == "CourseAlreadyOwned"
    await desk.approve(await asked(learner, order, target="wallet"))
    await count_hours(shop)
    [event] = await refunded(shop)
    assert event.course_ids == [course_id]
    assert (await learner.order(course_id)).status_code == 201


async def test_hours_that_are_all_studied_decline_the_refund_by_themselves(
    shop: Shop, desk: Desk
) -> None:
    # case 37, $-8
    learner = shop.learner()
    order = await paid_order(shop, learner)
    refund_id = await asked(learner, order)
    await desk.approve(refund_id)
    await count_hours(shop, studied=10)
    shown = await look(learner, refund_id)
    assert shown["status"] == "declined"
    assert shown["answer"].startswith("All hours of this order are studied.")
    [event] = await declined(shop)
    assert event.reason == "这个订单的学时都已学习，已学习的学时不退款。"
    assert (await ask(learner, order)).json()["code"] == "AllStudied"
    assert await refunded_fen(shop, order) == 0
    page = await shop.running.client.get("/refunds?lang=en", headers=learner.headers)
    assert "All hours of this order are studied." in page.text


async def test_staff_refund_parts_until_nothing_is_left(shop: Shop, desk: Desk) -> None:
    # case 32, $-8: 5 of 15 yuan, then 10, then 0.01
    learner = shop.learner()
    order = await paid_order(shop, learner, hours=1)
    await desk.start(order, yuan="5.00", target="wallet")
    await count_hours(shop, hours=1)
    assert await balance(shop, learner) == 500
    refund_id_of(await desk.start(order, yuan="10", target="wallet"))
    assert await balance(shop, learner) == 1500
    third = await desk.start(order, yuan="0.01", target="wallet")
    assert third.status_code == 409
    assert "Nothing of this order is left to be refunded." in third.text
    assert await refunded_fen(shop, order) == 1500
    assert [event.amount_fen for event in await refunded(shop)] == [500, 1000]


async def test_fifty_parts_at_once_stop_at_what_was_paid(shop: Shop, desk: Desk) -> None:
    # case 33: 1 yuan each of what a first fen has left of 15 yuan
    learner = shop.learner()
    order = await paid_order(shop, learner, hours=1)
    await desk.start(order, yuan="0.01", target="wallet")
    await count_hours(shop, hours=1)
    answers = await asyncio.gather(
        *(desk.colleague().start(order, yuan="1", target="wallet") for _ in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [303] * 14 + [409] * 36
    assert await refunded_fen(shop, order) == 1401


async def test_parts_asked_before_the_count_share_what_is_left(shop: Shop, desk: Desk) -> None:
    # $-8: those that find nothing decline by themselves
    learner = shop.learner()
    order = await paid_order(shop, learner, hours=2)
    for yuan in ("15", "10", "20"):
        refund_id_of(await desk.start(order, yuan=yuan, target="wallet"))
    assert len(await questions(shop)) == 1
    await count_hours(shop, hours=2, studied=0)
    assert await balance(shop, learner) == 2500
    assert [event.reason for event in await declined(shop)] == ["订单剩余可退的金额不足。"]


async def test_studied_hours_bound_an_amount_that_staff_choose(shop: Shop, desk: Desk) -> None:
    # $-8, case 37
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await desk.start(order, yuan="15", target="wallet")
    await count_hours(shop, studied=8)
    refused = await desk.start(order, yuan="15.01", target="wallet")
    assert refused.status_code == 409
    assert "Only 15.00 yuan of this order can still be refunded." in refused.text
    assert (await desk.start(order, target="wallet")).status_code == 303
    assert await balance(shop, learner) == 3000


async def test_spending_and_refunding_at_once_stay_within_what_was_paid(
    shop: Shop, desk: Desk
) -> None:
    # case 39: whatever progress says last, consumed + refunded ≤ paid
    for studied in (0, 4, 10):
        learner = shop.learner()
        order = await paid_order(shop, learner)
        refund_id = await asked(learner, order, target="wallet")
        await desk.approve(refund_id)
        question = (await questions(shop))[-1]
        await asyncio.gather(
            *(
                shop.running.deliver(answer_to(question, hours=10, studied=studied))
                for _ in range(10)
            ),
            *(desk.colleague().start(order, target="wallet") for _ in range(10)),
        )
        assert await balance(shop, learner) + studied * 1500 == 15_000


def test_a_line_is_worth_the_share_of_its_unstudied_hours_in_whole_fen() -> None:
    # $-8: packages hold several courses; what does not divide stays
    one, two, three = (ids.new_id() for _ in range(3))
    lines = (line(1000, one), line(60_000, two, three))
    counted = [
        WithdrawnCourse(one, 3, 1),
        WithdrawnCourse(two, 30, 30),
        WithdrawnCourse(three, 10, 3),
    ]
    assert unstudied_fen(bought(61_000, *lines), counted) == 666 + 10_500
    assert unstudied_fen(bought(61_000, *lines), counted[:2]) == 666
    assert unstudied_fen(bought(500, *lines), counted) == 500


def line(amount_fen: int, *course_ids: UUID) -> Line:
    return Line(ItemKind.PACKAGE, ids.new_id(), "课程", 1, amount_fen, course_ids)


def bought(amount_fen: int, *lines: Line) -> Order:
    now = clock.now()
    return Order(
        order_id=ids.new_id(),
        number="H261128000000000000",
        learner_id=ids.new_id(),
        learner_name="钟检",
        status=OrderStatus.PAID,
        amount_fen=amount_fen,
        created_at=now,
        expires_at=now,
        paid_at=now,
        method=PaymentMethod.WECHAT,
        lines=lines,
    )


async def test_nothing_is_sent_to_wechat_before_the_hours_are_counted(
    shop: Shop, desk: Desk
) -> None:
    # $-8
    learner = shop.learner()
    order = await paid_order(shop, learner)
    await desk.approve(await asked(learner, order))
    await send(shop)
    assert await refunded_fen(shop, order) == 0
    assert (await shop.provider_state())["refunds"] == []


async def test_what_the_account_paid_goes_back_into_the_account(shop: Shop, desk: Desk) -> None:
    # $-8: its source
    learner = shop.learner()
    await top_up(shop, learner, 20_000)
    order = (await learner.order(await shop.sell(hours=10))).json()
    await learner.start_payment(order["order_id"], "wallet")
    refund_id = await asked(learner, order)
    assert (await look(learner, refund_id))["target"] == "wallet"
    await desk.approve(refund_id)
    await count_hours(shop, studied=2)
    assert await balance(shop, learner) == 5_000 + 12_000
    assert (await shop.balances())["revenue:hours"] == -3_000


async def test_the_account_is_spent_and_refunded_at_once_without_making_money(
    shop: Shop, desk: Desk
) -> None:
    # case 39: the same 150 yuan; what was studied + what is left = what came in
    learner = shop.learner()
    await top_up(shop, learner, 15_000)
    first, *more = [(await learner.order(await shop.sell(hours=10))).json() for _ in range(6)]
    await learner.start_payment(first["order_id"], "wallet")
    await desk.approve(await asked(learner, first))
    [question] = await questions(shop)
    await asyncio.gather(
        shop.running.deliver(answer_to(question, hours=10, studied=0)),
        *(learner.start_payment(each["order_id"], "wallet") for each in more),
    )
    balances = await shop.balances()
    paid = await shop.running.pool.fetchval(
        "SELECT sum(amount_fen - refunded_fen) FROM orders WHERE status = 'paid'"
    )
    assert await balance(shop, learner) + paid == 15_000
    assert -balances["revenue:hours"] == paid <= 15_000
