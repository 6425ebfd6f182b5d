"""Batches of anonymous cards: two persons, one sheet, worth nothing before delivery ($-3)."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from chassis import clock, ids
from chassis.db import transaction
from services.payments.actions import batches
from services.payments.model.batches import Sheet, draw
from services.payments.store import cards as cards_store
from tests.payments.card_desk_steps import CARDS, Desk, batch_of, codes_on, desk
from tests.payments.cards_steps import redeem, terms_of, wallet_of

__all__ = ["desk"]


async def cards_in(desk: Desk, path: str) -> Counter[str]:
    rows = await desk.shop.running.pool.fetch(
        "SELECT status, replaced_by FROM cards WHERE batch_id = $1", UUID(path.rpartition("/")[2])
    )
    return Counter("replaced" if row["replaced_by"] else row["status"] for row in rows)


async def test_a_batch_goes_from_its_draft_to_the_learners(desk: Desk) -> None:  # $-3
    path = await desk.drafted(cards=3)
    assert await desk.shop.balances() == {"asset:bank": 45000, "liability:receipts": -45000}
    assert (await desk.chief.post(f"{path}/approval")).status_code == 303
    assert await cards_in(desk, path) == {"inert": 3}
    balances = await desk.shop.balances()
    assert (balances["liability:receipts"], balances["liability:cards"]) == (0, -45000)
    assert await cards_store.get_outstanding(desk.shop.running.pool) == (3, 45000)

    codes = codes_on(await desk.chief.post(f"{path}/sheet", form="csv"))
    learner = desk.shop.learner()
    assert (await redeem(learner, codes[0])).status_code == 409  # a stolen sheet is worth nothing
    assert (await desk.chief.post(f"{path}/activation")).status_code == 303
    assert (await redeem(learner, codes[0])).status_code == 201
    assert (await wallet_of(learner))["balance_fen"] == 15000
    assert await cards_in(desk, path) == {"active": 2, "redeemed": 1}


async def test_whoever_drafted_or_recorded_does_not_approve(desk: Desk) -> None:  # case 48
    path = await desk.drafted()
    own = await desk.clerk.post(f"{path}/approval")
    assert own.status_code == 403
    assert "须由另一位同事审批" in own.text
    by_chief = await desk.draft(by=desk.chief)
    for person in (desk.chief, desk.clerk):  # the drafter, the receipt's recorder
        refused = await person.post(f"{by_chief.headers['location']}/approval")
        assert refused.status_code == 403
    assert await cards_in(desk, path) == {}


async def test_the_database_knows_the_rule_of_two_persons(desk: Desk) -> None:  # case 48
    path = await desk.drafted()
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await desk.shop.running.pool.execute(
            "UPDATE card_batches SET status = 'approved', approved_by = drafted_by,"
            " approved_by_name = '', approved_at = now() WHERE batch_id = $1",
            UUID(path.rpartition("/")[2]),
        )
    assert refused.value.constraint_name == "batch_two_persons"


async def test_a_batch_never_holds_more_than_its_receipt(desk: Desk) -> None:  # case 48
    receipt_id = await desk.receive(44999)
    refused = await desk.draft(cards=3, receipt_id=receipt_id)
    assert refused.status_code == 409
    assert "449.99" in refused.text


async def test_two_batches_of_one_receipt_share_its_money(desk: Desk) -> None:  # case 48
    receipt_id = await desk.receive(60000)
    paths = [await desk.drafted(cards=3, receipt_id=receipt_id) for _ in range(2)]
    answers = await asyncio.gather(*(desk.chief.post(f"{path}/approval") for path in paths))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await cards_store.get_outstanding(desk.shop.running.pool) == (3, 45000)


async def test_a_draft_sent_twice_is_one_draft(desk: Desk) -> None:  # case 49
    batch_id, receipt_id = ids.new_id(), await desk.receive(45000)
    tries = [desk.draft(batch_id=batch_id, receipt_id=receipt_id) for _ in range(5)]
    answers = await asyncio.gather(*tries)
    assert {answer.status_code for answer in answers} == {303}
    other = await desk.draft(batch_id=batch_id, receipt_id=receipt_id, cards=2)
    assert other.status_code == 409
    assert await desk.shop.running.pool.fetchval("SELECT count(*) FROM card_batches") == 1


async def test_a_batch_is_approved_once(desk: Desk) -> None:  # case 49
    path = await desk.drafted(cards=20)
    answers = await asyncio.gather(*(desk.chief.post(f"{path}/approval") for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: 7}
    assert await cards_in(desk, path) == {"inert": 20}
    codes = codes_on(await desk.chief.post(f"{path}/sheet", form="csv"))
    assert len(set(codes)) == 20


async def test_a_batch_that_is_killed_midway_leaves_nothing(desk: Desk) -> None:  # case 49
    path = await desk.drafted(cards=20)
    batch, now, terms = await batch_of(desk, path), clock.now(), terms_of(desk.shop)
    sheet = Sheet(ids.new_id(), now + timedelta(hours=1), terms.expires_on(now), draw(20, now))
    connection = await desk.shop.running.pool.acquire()
    work = connection.transaction()
    await work.start()
    await batches.approve(
        connection,
        batch_id=batch.batch_id,
        sheet=sheet,
        terms=terms,
        by=desk.chief.staff,
        now=now,
    )
    connection.terminate()
    await desk.shop.running.pool.release(connection)
    assert await cards_in(desk, path) == {}
    assert await desk.shop.balances() == {"asset:bank": 300000, "liability:receipts": -300000}
    assert (await desk.chief.post(f"{path}/approval")).status_code == 303
    assert await cards_store.get_outstanding(desk.shop.running.pool) == (20, 300000)


async def test_a_batch_with_a_card_too_few_is_refused_at_commit(desk: Desk) -> None:  # case 49
    path = await desk.drafted(cards=3)
    batch, now, terms = await batch_of(desk, path), clock.now(), terms_of(desk.shop)
    sheet = Sheet(ids.new_id(), now + timedelta(hours=1), terms.expires_on(now), draw(2, now))
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with transaction(desk.shop.running.pool) as tx:
            await batches.approve(
                tx,
                batch_id=batch.batch_id,
                sheet=sheet,
                terms=terms,
                by=desk.chief.staff,
                now=now,
            )
    assert refused.value.constraint_name == "batch_is_whole"


async def test_printing_again_makes_new_codes_of_the_same_value(desk: Desk) -> None:
    path, old = await desk.printed(cards=3)
    own = await desk.clerk.post(f"{path}/reprint", reason="打印件受潮")
    assert own.status_code == 403
    again = await desk.chief.post(f"{path}/reprint", reason="打印件受潮")
    assert again.status_code == 303
    assert await cards_in(desk, path) == {"replaced": 3, "inert": 3}
    new = codes_on(await desk.chief.post(f"{path}/sheet", form="csv"))
    await desk.chief.post(f"{path}/activation")
    assert not set(old) & set(new)
    learner = desk.shop.learner()
    assert (await redeem(learner, old[0])).status_code == 409
    assert (await redeem(learner, new[0])).status_code == 201
    assert (await desk.shop.balances())["liability:cards"] == -30000
    assert await cards_store.get_outstanding(desk.shop.running.pool) == (2, 30000)


async def test_a_reprint_says_why(desk: Desk) -> None:
    path, _ = await desk.printed()
    refused = await desk.chief.post(f"{path}/reprint", reason="")
    assert refused.status_code == 422
    assert await cards_in(desk, path) == {"inert": 3}


async def test_cards_are_activated_after_they_were_printed(desk: Desk) -> None:
    path = await desk.approved()
    early = await desk.chief.post(f"{path}/activation")
    assert early.status_code == 409
    await desk.chief.post(f"{path}/sheet", form="csv")
    for _ in range(2):
        assert (await desk.chief.post(f"{path}/activation")).status_code == 303


async def test_what_a_void_batch_still_held_is_bank_money_again(desk: Desk) -> None:
    path, codes = await desk.delivered(cards=3)
    learner = desk.shop.learner()
    await redeem(learner, codes[0])
    for _ in range(2):
        voided = await desk.chief.post(f"{path}/voiding", reason="培训班取消")
        assert voided.status_code == 303
    assert (await redeem(learner, codes[1])).status_code == 409
    assert await cards_in(desk, path) == {"void": 2, "redeemed": 1}
    balances = await desk.shop.balances()
    assert (balances["liability:receipts"], balances["liability:cards"]) == (-30000, 0)
    allocated = await desk.shop.running.pool.fetchval("SELECT allocated_fen FROM receipts")
    assert allocated == 15000


async def test_a_batch_voided_while_it_is_redeemed_counts_each_card_once(desk: Desk) -> None:
    path, codes = await desk.delivered(cards=10)
    learners = [desk.shop.learner() for _ in codes]
    await asyncio.gather(
        desk.chief.post(f"{path}/voiding", reason="款项退回"),
        *(redeem(learner, code) for learner, code in zip(learners, codes, strict=True)),
    )
    counted = await cards_in(desk, path)
    assert counted["void"] + counted["redeemed"] == 10
    balances = await desk.shop.balances()
    assert balances["liability:cards"] == 0
    assert balances["liability:receipts"] == -15000 * counted["void"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("cards", "0"), ("cards", "2001"), ("cards", "1.5"), ("face", "15.005"), ("face", "-1"),
     ("face", "0"), ("face", "60000"), ("note", ""), ("receipt_id", "x")],
)  # fmt: skip
async def test_a_wrong_entry_is_refused_and_the_rest_is_kept(
    desk: Desk, field: str, value: str
) -> None:
    fields = {
        "batch_id": ids.new_id(),
        "receipt_id": await desk.receive(45000),
        "cards": 2,
        "face": "150",
        "note": "青岛培训班",
        field: value,
    }
    refused = await desk.clerk.post(f"{CARDS}/batches", **fields)
    assert refused.status_code in (409, 422)
    if field != "note":
        assert "青岛培训班" in refused.text
    assert await desk.shop.running.pool.fetchval("SELECT count(*) FROM card_batches") == 0


async def test_the_desk_shows_what_waits_for_whom(desk: Desk) -> None:
    empty = await desk.reader.get(CARDS)
    assert "没有待处理的批次" in empty.text
    path = await desk.drafted()
    shown = await desk.reader.get(CARDS)
    assert "青岛培训班" in shown.text
    assert "待审批" in shown.text
    assert "approval" not in (await desk.reader.get(path)).text
    assert "approval" not in (await desk.clerk.get(path)).text
    assert f"{path}/approval" in (await desk.chief.get(path)).text
    assert (await desk.reader.get(f"{CARDS}/batches/new")).status_code == 403
    assert "青岛检验有限公司" in (await desk.clerk.get(f"{CARDS}/batches/new")).text
    assert (await desk.chief.get(f"{CARDS}/batches/{ids.new_id()}")).status_code == 404
