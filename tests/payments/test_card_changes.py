"""What staff do to a card afterwards: void, reverse, extend, replace; each with its trail ($-3)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from chassis import clock, ids
from chassis.db import transaction
from contracts.identity import LearnerKind
from contracts.payments import StudyCardIssued
from services.payments import card_watch
from services.payments.model.cards import Card, IssuedCard
from services.payments.model.codes import draw_code
from services.payments.model.learners import Learner as Known
from services.payments.store import cards as store
from services.payments.store import learners
from tests.payments.card_desk_steps import CARDS, Desk, desk
from tests.payments.cards_steps import issue, issue_one, new_card, redeem, wallet_of

__all__ = ["desk"]


async def decide(
    desk: Desk, card: IssuedCard | Card, deed: str, reason: str = "汇款被银行退回"
) -> httpx.Response:
    return await desk.chief.post(f"{CARDS}/{card.card_id}/decisions", deed=deed, reason=reason)


async def issued_events(desk: Desk) -> list[StudyCardIssued]:
    return [
        StudyCardIssued.model_validate_json(message.body)
        for message in await desk.shop.running.told()
        if message.name == StudyCardIssued.name
    ]


async def test_an_unredeemed_card_is_void_and_its_money_free_again(desk: Desk) -> None:  # $-3
    learner = desk.shop.learner()
    card = await issue_one(desk.shop, learner)
    assert (await decide(desk, card, "void")).status_code == 303
    assert (await redeem(learner, card.code)).status_code == 409
    assert await desk.shop.balances() == {
        "asset:bank": 15000,
        "liability:receipts": -15000,
        "liability:cards": 0,
    }
    assert await desk.shop.running.pool.fetchval("SELECT allocated_fen FROM receipts") == 0
    again = await decide(desk, card, "void")
    assert again.status_code == 409
    assert "汇款被银行退回" in (await desk.reader.get(f"{CARDS}/{card.card_id}")).text


@pytest.mark.parametrize(
    ("spent_hours", "left", "owed"), [(0, 15000, 0), (4, 9000, 6000), (10, 0, 15000)]
)
async def test_a_reversed_card_takes_what_is_left_and_books_the_rest_as_owed(
    desk: Desk, spent_hours: int, left: int, owed: int
) -> None:  # $-9
    shop, learner = desk.shop, desk.shop.learner()
    card = await issue_one(shop, learner)
    await redeem(learner, card.code)
    if spent_hours:
        order = (await learner.order(await shop.sell(hours=spent_hours))).json()
        await learner.start_payment(order["order_id"], "wallet")
    assert (await wallet_of(learner))["balance_fen"] == left

    assert (await decide(desk, card, "reverse")).status_code == 303
    assert (await wallet_of(learner))["balance_fen"] == 0
    balances = await shop.balances()
    assert balances.get("asset:receivable", 0) == owed
    assert balances["liability:receipts"] == -15000
    kinds = await shop.running.pool.fetch(
        "SELECT kind FROM journals WHERE kind IN ('card_reversed', 'card_uncovered')"
    )
    expected = {"card_reversed"} if left else set()
    assert {row["kind"] for row in kinds} == expected | ({"card_uncovered"} if owed else set())
    assert (await redeem(learner, card.code)).status_code == 409
    assert (await decide(desk, card, "reverse")).status_code == 409


async def test_a_reversal_never_takes_the_money_of_another_card(desk: Desk) -> None:
    learner = desk.shop.learner()
    one, two = await issue(desk.shop, new_card(learner, 15000), new_card(learner, 6000))
    await redeem(learner, one.code)
    await redeem(learner, two.code)
    await decide(desk, one, "reverse")
    assert (await wallet_of(learner))["balance_fen"] == 6000


async def test_a_reversal_and_a_purchase_at_once_stay_above_zero(desk: Desk) -> None:
    shop, learner = desk.shop, desk.shop.learner()
    card = await issue_one(shop, learner)
    await redeem(learner, card.code)
    orders = [(await learner.order(await shop.sell(hours=2))).json() for _ in range(5)]
    await asyncio.gather(
        decide(desk, card, "reverse"),
        *(learner.start_payment(order["order_id"], "wallet") for order in orders),
    )
    balances = await shop.balances()
    spent = -balances.get("revenue:hours", 0)
    assert balances.get("asset:receivable", 0) == spent
    assert (await wallet_of(learner))["balance_fen"] == 0


async def test_a_card_voided_while_it_is_redeemed_is_one_or_the_other(desk: Desk) -> None:
    learner = desk.shop.learner()
    issued = await issue(desk.shop, *(new_card(learner, 1500) for _ in range(8)))
    await asyncio.gather(
        *(decide(desk, card, "void") for card in issued),
        *(redeem(learner, card.code) for card in issued),
    )
    rows = await desk.shop.running.pool.fetch("SELECT status FROM cards")
    redeemed = sum(row["status"] == "redeemed" for row in rows)
    assert {row["status"] for row in rows} <= {"void", "redeemed"}
    assert (await wallet_of(learner))["balance_fen"] == 1500 * redeemed
    balances = await desk.shop.balances()
    assert (balances["liability:cards"], balances["liability:receipts"]) == (
        0,
        -1500 * (8 - redeemed),
    )


async def test_a_receipt_whose_money_is_missing_takes_all_its_cards_back(desk: Desk) -> None:
    shop, one, two = desk.shop, desk.shop.learner(), desk.shop.learner()
    first, second = await issue(shop, new_card(one, 15000), new_card(two, 30000))
    await redeem(one, first.code)
    card = await store.get_card(shop.running.pool, first.card_id)
    assert card is not None
    path = f"{CARDS}/receipts/{card.receipt_id}"
    assert (await desk.reader.post(f"{path}/reversal", reason="退票")).status_code == 403
    assert (await desk.chief.post(f"{path}/reversal", reason="")).status_code == 422
    for _ in range(2):
        assert (await desk.chief.post(f"{path}/reversal", reason="银行退票")).status_code == 303
    assert (await wallet_of(one))["balance_fen"] == 0
    assert (await redeem(two, second.code)).status_code == 409
    assert await store.get_outstanding(shop.running.pool) == (0, 0)
    assert (await shop.balances())["liability:receipts"] == -45000
    assert "银行退票" in (await desk.reader.get(f"{CARDS}/{second.card_id}")).text
    unknown = f"{CARDS}/receipts/{ids.new_id()}"
    assert (await desk.chief.get(unknown)).status_code == 404
    assert (await desk.chief.post(f"{unknown}/reversal", reason="退票")).status_code == 404


async def test_a_card_whose_time_is_over_is_extended_with_a_reason(desk: Desk) -> None:
    learner = desk.shop.learner()
    card = await issue_one(desk.shop, learner)
    await desk.shop.running.pool.execute(
        "UPDATE cards SET expires_on = $1", clock.today() - timedelta(days=1)
    )
    assert "已过期" in (await desk.reader.get(f"{CARDS}?state=expired")).text
    assert (await desk.shop.balances())["liability:cards"] == -15000  # never revenue by itself
    assert (await decide(desk, card, "extend", reason="")).status_code == 422
    assert (await decide(desk, card, "extend", reason="学员生病")).status_code == 303
    assert (await redeem(learner, card.code)).status_code == 201
    assert (await decide(desk, card, "extend")).status_code == 409


async def test_a_lost_card_is_replaced_by_a_new_code_of_the_same_value(desk: Desk) -> None:  # $-3
    shop, learner = desk.shop, desk.shop.learner()
    card = await issue_one(shop, learner)
    answer = await decide(desk, card, "replace", reason="学员遗失")
    assert answer.status_code == 303
    new = await store.get_card(
        shop.running.pool, UUID(answer.headers["location"].rpartition("/")[2])
    )
    assert new is not None
    [event] = await issued_events(desk)
    assert (event.card_id, event.serial, event.learner_id) == (
        new.card_id,
        new.serial,
        learner.learner_id,
    )
    parcel = await shop.running.service.app.state.parcels.unseal(event.parcel_id)
    assert (await redeem(learner, card.code)).status_code == 409
    assert (await redeem(learner, parcel.fields["code"])).status_code == 201
    assert (await shop.balances())["liability:cards"] == 0
    assert (await decide(desk, card, "replace")).status_code == 409


async def test_a_lost_card_is_replaced_once_however_often_it_is_pressed(desk: Desk) -> None:
    card = await issue_one(desk.shop, desk.shop.learner())
    answers = await asyncio.gather(*(decide(desk, card, "replace") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303, *[409] * 5]
    assert await store.get_outstanding(desk.shop.running.pool) == (1, 15000)
    assert len(await issued_events(desk)) == 1


async def test_a_card_for_somebody_without_an_account_waits_for_their_registration(
    desk: Desk,
) -> None:  # $-5
    shop, learner = desk.shop, desk.shop.learner()
    [card] = await issue(shop, new_card(None, id_number_mac="a" * 64))
    assert (await decide(desk, card, "replace", reason="遗失")).status_code == 303
    assert await issued_events(desk) == []
    async with transaction(shop.running.pool) as tx:
        await learners.keep_learner(tx, known(learner.learner_id, "a" * 64))
    shown = await learner.client.get("/study-cards", headers=learner.headers)
    assert "可充值" in shown.text


def known(learner_id: UUID, mac: str) -> Known:
    return Known(
        learner_id=learner_id,
        version=1,
        real_name="王海燕",
        account_name="王海燕3702022442",
        email="w@example.com",
        kind=LearnerKind.HOLDER,
        id_number_masked="370202********442X",
        id_number_mac=mac,
        qualification_number=None,
        qualification_expires_on=None,
    )


async def test_a_card_in_nobodys_name_is_not_replaced(desk: Desk) -> None:
    path, _ = await desk.delivered(cards=1)
    card_id = await desk.shop.running.pool.fetchval("SELECT card_id FROM cards")
    refused = await desk.chief.post(f"{CARDS}/{card_id}/decisions", deed="replace", reason="遗失")
    assert refused.status_code == 409
    assert "不记名学习卡" in refused.text
    assert path in (await desk.reader.get(f"{CARDS}/{card_id}")).text


@pytest.mark.parametrize("deed", ["void", "reverse", "extend", "replace"])
async def test_only_those_who_may_issue_change_a_card(desk: Desk, deed: str) -> None:
    card = await issue_one(desk.shop, desk.shop.learner())
    path = f"{CARDS}/{card.card_id}/decisions"
    assert (await desk.reader.post(path, deed=deed, reason="试一试")).status_code == 403
    missing = f"{CARDS}/{ids.new_id()}/decisions"
    assert (await desk.chief.post(missing, deed=deed, reason="试一试")).status_code == 404
    assert (await desk.chief.post(path, deed="burn", reason="试一试")).status_code == 422


@pytest.mark.parametrize("search", ["serial", "end", "holder", "state"])
async def test_a_card_is_found_by_what_people_know_of_it(desk: Desk, search: str) -> None:
    card = await issue_one(desk.shop, desk.shop.learner())
    query = {
        "serial": f"q={card.serial.lower()}",
        "end": f"q={card.code[-4:]}",
        "holder": "q=海燕",
        "state": "state=active",
    }[search]
    assert card.serial in (await desk.reader.get(f"{CARDS}?{query}")).text
    assert card.serial not in (await desk.reader.get(f"{CARDS}?q=没有")).text


async def test_the_desk_says_why_a_code_was_refused_and_never_the_code(desk: Desk) -> None:
    card = await issue_one(desk.shop, desk.shop.learner())
    await redeem(desk.shop.learner(), card.code)
    shown = (await desk.reader.get(f"{CARDS}/{card.card_id}")).text
    assert "拒绝：属于其他学员" in shown
    assert card.code not in shown


async def test_many_refused_codes_raise_the_alarm(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:  # case 45
    for _ in range(12):
        await redeem(desk.shop.learner(), draw_code())
    parcels = desk.shop.running.service.app.state.parcels
    await card_watch.watch(desk.shop.running.pool, parcels, 13)
    assert "study_cards_guessed" not in caplog.text
    await card_watch.watch(desk.shop.running.pool, parcels, 12)
    assert "study_cards_guessed" in caplog.text
    assert "<b>12</b>" in (await desk.reader.get(CARDS)).text
