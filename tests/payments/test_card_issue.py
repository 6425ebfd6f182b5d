"""Cards are issued against bank money, by a second person ($-3)."""

import asyncio
import random
import string
from collections.abc import Callable

import pytest

from chassis import clock, ids
from services.payments.model import codes
from services.payments.model.cards import CardAmountOutOfBounds
from services.payments.model.orders import NUMBER_ALPHABET
from services.payments.model.receipts import OwnReceipt, ReceiptSpent
from services.payments.store import cards as store
from tests.payments.cards_steps import CLERK, issue, new_card, receive
from tests.payments.conftest import Shop


def test_a_code_has_75_random_bits_and_a_check_character() -> None:
    drawn = {codes.draw_code() for _ in range(1000)}
    assert len(drawn) == 1000
    for code in drawn:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4]
        assert codes.normalise(code) == code.replace("-", "")


@pytest.mark.parametrize(  # case 46
    "spell",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.replace('-', ' ')} ",
        lambda code: code.replace("0", "O").replace("1", "I"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("-", "\uff0d"),
    ],
)
def test_a_code_may_be_typed_in_many_ways(spell: Callable[[str], str]) -> None:
    code = "0123-4567-89AB-CD1" + codes.check_character("0123456789ABCD1")
    assert codes.normalise(spell(code)) == code.replace("-", "")


def test_every_single_wrong_character_is_noticed() -> None:  # case 46
    code = codes.normalise(codes.draw_code())
    for place in range(len(code)):
        for wrong in set(NUMBER_ALPHABET) - {code[place]}:
            with pytest.raises(codes.MistypedCode):
                codes.normalise(code[:place] + wrong + code[place + 1 :])


def test_what_is_no_code_is_refused() -> None:
    letters = string.ascii_letters + string.digits + "-_ 中文\x00U"
    random.seed(7)
    noise = ["".join(random.choices(letters, k=n)) for n in range(40)]
    for text in [*noise, "", "U" * 16, "0" * 17, "0" * 10_000]:
        with pytest.raises(codes.MistypedCode):
            codes.normalise(text)


async def test_a_named_card_is_active_at_once_and_books_the_bank_money(shop: Shop) -> None:  # $-3
    learner = shop.learner()
    receipt_id = await receive(shop, 60000)
    issued = await issue(
        shop,
        new_card(learner, 15000),
        new_card(None, 30000, id_number_mac="m"),
        receipt_id=receipt_id,
    )
    assert [card.amount_fen for card in issued] == [15000, 30000]
    assert issued[0].expires_on.year == clock.today().year + 3
    assert await shop.balances() == {
        "asset:bank": 60000,
        "liability:receipts": -15000,
        "liability:cards": -45000,
    }
    assert await store.get_outstanding(shop.running.pool) == (2, 45000)


async def test_whoever_recorded_the_money_does_not_issue_cards(shop: Shop) -> None:  # $-3
    with pytest.raises(OwnReceipt):
        await issue(shop, new_card(shop.learner()), by=CLERK)
    assert await store.get_outstanding(shop.running.pool) == (0, 0)


async def test_more_than_the_receipt_holds_is_never_issued(shop: Shop) -> None:  # $-3
    receipt_id = await receive(shop, 10 * 1500)
    learner = shop.learner()
    tries = [issue(shop, new_card(learner, 1500), receipt_id=receipt_id) for _ in range(50)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(refusal) for refusal in refused} == {ReceiptSpent}
    assert len(refused) == 40
    assert await store.get_outstanding(shop.running.pool) == (10, 15000)


def test_a_named_card_names_somebody_who_can_redeem_it() -> None:
    with pytest.raises(ValueError, match="somebody"):
        new_card(None)
    with pytest.raises(CardAmountOutOfBounds):
        new_card(None, 0, id_number_mac=ids.new_id().hex)
