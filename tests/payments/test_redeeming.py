"""A study card tops up its learner's account: once, and whoever guesses learns nothing ($-4)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from chassis import clock, ids
from chassis.db import Pool
from contracts.payments import StudyCardRedeemed
from services.payments.model.codes import draw_code
from tests.payments.cards_steps import (
    dump_of,
    issue,
    issue_one,
    new_card,
    proxied,
    redeem,
    tries_of,
    wallet_of,
)
from tests.payments.conftest import Learner, Shop

__all__ = ["proxied"]


async def anonymous_card(shop: Shop, amount_fen: int = 15000) -> str:
    """The code of an active card that is in nobody's name."""
    card = await issue_one(shop, shop.learner(), amount_fen)
    batch = """
        INSERT INTO card_batches (batch_id, receipt_id, cards, face_fen, note, status, drafted_by,
                                  drafted_by_name, drafted_at, approved_by, approved_by_name,
                                  approved_at)
             SELECT card_id, receipt_id, 1, amount_fen, '', 'active', $2, '', now(), $1, '', now()
               FROM cards
              WHERE card_id = $1
        """
    async with shop.running.pool.acquire() as connection, connection.transaction():
        await connection.execute(batch, card.card_id, ids.new_id())
        await connection.execute(
            "UPDATE cards SET batch_id = card_id, holder_name = NULL, learner_id = NULL"
            " WHERE card_id = $1",
            card.card_id,
        )
    return card.code


async def test_a_card_tops_up_the_account(shop: Shop) -> None:  # $-4, $-9
    learner = shop.learner()
    card = await issue_one(shop, learner, 15000)
    answer = await redeem(learner, card.code)
    assert (answer.status_code, answer.json()) == (
        201,
        {"amount_fen": 15000, "balance_fen": 15000},
    )
    wallet = await wallet_of(learner)
    assert wallet["balance_fen"] == 15000
    [entry] = wallet["entries"]
    assert (entry["kind"], entry["label"], entry["amount_fen"], entry["balance_fen"]) == (
        "card_redeemed",
        card.serial,
        15000,
        15000,
    )
    assert await shop.balances() == {
        "asset:bank": 15000,
        "liability:receipts": 0,
        "liability:cards": 0,
        f"liability:wallet:{learner.learner_id}": -15000,
    }
    [told] = await shop.running.told()
    event = StudyCardRedeemed.model_validate_json(told.body)
    assert (event.serial, event.learner_id, event.balance_fen) == (
        card.serial,
        learner.learner_id,
        15000,
    )


async def test_redeeming_again_gives_the_first_answer_and_no_money(shop: Shop) -> None:  # case 43
    learner = shop.learner()
    card = await issue_one(shop, learner, 15000)
    first = await redeem(learner, card.code)
    await redeem(learner, (await issue_one(shop, learner, 1500)).code)
    again = await redeem(learner, card.code.lower())
    assert (again.status_code, again.content) == (200, first.content)
    assert (await wallet_of(learner))["balance_fen"] == 16500
    assert len(await shop.running.told()) == 2


async def test_the_same_learner_redeems_once_however_often_it_is_sent(shop: Shop) -> None:
    learner = shop.learner()
    card = await issue_one(shop, learner, 15000)
    answers = await asyncio.gather(*(redeem(learner, card.code) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (await wallet_of(learner))["balance_fen"] == 15000


async def test_of_fifty_learners_with_one_card_one_is_topped_up(proxied: Shop) -> None:  # case 42
    code = await anonymous_card(proxied)
    learners = [proxied.learner() for _ in range(50)]
    answers = await asyncio.gather(
        *(redeem(learner, code, address=f"10.0.0.{n}") for n, learner in enumerate(learners))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    assert len({answer.content for answer in answers if answer.status_code == 409}) == 1
    booked = await proxied.running.pool.fetchval(
        "SELECT count(*) FROM journals WHERE kind = 'card_redeemed'"
    )
    assert booked == 1
    assert await tries_of(proxied) == {"redeemed": 1, "used": 49}


FAILURES = {
    "unknown": "",
    "void": "UPDATE cards SET status = 'void' WHERE serial = $1",
    "expired": "UPDATE cards SET expires_on = '2020-01-01' WHERE serial = $1",
    "inert": "UPDATE cards SET status = 'inert' WHERE serial = $1",
    "not_yours": "UPDATE cards SET learner_id = gen_random_uuid() WHERE serial = $1",
    "used": "",
}


async def spoil(shop: Shop, learner: Learner, how: str) -> str:
    """A code that fails in this way, for this learner."""
    if how == "unknown":
        return draw_code()
    if how == "used":
        other = shop.learner()
        code = await anonymous_card(shop)
        assert (await redeem(other, code)).status_code == 201
        return code
    card = await issue_one(shop, learner)
    await shop.running.pool.execute(FAILURES[how], card.serial)
    return card.code


async def test_all_failures_look_the_same_and_do_the_same_work(proxied: Shop) -> None:  # case 44
    answers: list[httpx.Response] = []
    work: list[list[str]] = []
    for n, how in enumerate(FAILURES):
        learner = proxied.learner()
        code = await spoil(proxied, learner, how)
        async with statements(proxied.running.pool) as seen:
            answers.append(await redeem(learner, code, address=f"10.0.1.{n}"))
            work.append(list(seen))
    assert {answer.status_code for answer in answers} == {409}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert {tuple(statements) for statements in work} == {tuple(work[0])}
    assert len(work[0]) > 5
    reasons = await tries_of(proxied)
    assert {how: reasons[how] for how in FAILURES} == dict.fromkeys(FAILURES, 1)


OF_THE_DRIVER = ("typeinfo_tree", "'jit'", "pg_advisory_unlock_all")


@asynccontextmanager
async def statements(pool: Pool) -> AsyncIterator[list[str]]:
    """The SQL that the service sends meanwhile, in order, over whatever connection."""
    seen: list[str] = []

    def hear(record: asyncpg.connection.LoggedQuery) -> None:
        if not any(word in record.query for word in OF_THE_DRIVER):
            seen.append(record.query)

    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
        for connection in held:
            connection.add_query_logger(hear)
    yield seen
    for _ in held:
        async with pool.acquire() as connection:
            connection.remove_query_logger(hear)


async def test_a_named_card_is_its_holders_only(shop: Shop) -> None:  # $-3
    holder, other = shop.learner(), shop.learner()
    card = await issue_one(shop, holder)
    assert (await redeem(other, card.code)).status_code == 409
    assert (await redeem(holder, card.code)).status_code == 201


async def test_a_mistyped_code_is_no_guess(shop: Shop) -> None:  # case 46
    learner = shop.learner()
    card = await issue_one(shop, learner)
    wrong = card.code[:-1] + ("0" if card.code[-1] != "0" else "1")
    for _ in range(12):
        answer = await redeem(learner, wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "code"
    assert await tries_of(shop) == {}
    spelt = card.code.lower().replace("-", " ").replace("0", "O").replace("1", "l")
    assert (await redeem(learner, spelt)).status_code == 201


@pytest.mark.parametrize("body", [{}, {"code": 7}, {"code": ""}, {"code": "x", "more": 1}, []])
async def test_a_request_of_another_form_is_refused(shop: Shop, body: object) -> None:
    answer = await shop.learner().ask("POST", "/study-cards/redemptions", json=body)
    assert answer.status_code == 422


async def test_no_code_is_left_in_clear(shop: Shop, log_file: Path) -> None:  # case 47
    learner, other = shop.learner(), shop.learner()
    one, two = await issue(shop, new_card(learner), new_card(other, id_number_mac="m"))
    await redeem(learner, one.code)
    await redeem(learner, two.code)
    await redeem(learner, f"{two.code}X")
    dump = await dump_of(shop.running.pool) + log_file.read_text(encoding="utf-8")
    for code in (one.code, two.code):
        assert code not in dump
        assert code.replace("-", "") not in dump
        assert code[:14] not in dump
    assert one.serial in dump


async def test_the_day_of_expiry_is_the_last_good_one(shop: Shop) -> None:
    learner = shop.learner()
    one, two = await issue(shop, new_card(learner), new_card(learner))
    for card, day in ((one, clock.today()), (two, clock.today() - timedelta(days=1))):
        await shop.running.pool.execute(
            "UPDATE cards SET expires_on = $2 WHERE serial = $1", card.serial, day
        )
    assert (await redeem(learner, one.code)).status_code == 201
    assert (await redeem(learner, two.code)).status_code == 409
    assert (await shop.balances())["liability:cards"] == -15000  # its value stays owed
