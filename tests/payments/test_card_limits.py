"""How often codes may be tried: counted in the database, for accounts and addresses ($-4)."""

import asyncio
from collections import Counter
from datetime import timedelta

import httpx

from deploy import prepare
from services.payments.model.codes import draw_code
from tests.conftest import ORIGIN
from tests.payments.cards_steps import issue_one, proxied, redeem, tries_of
from tests.payments.conftest import Learner, Shop

__all__ = ["proxied"]


async def test_after_five_failures_even_a_good_code_waits(proxied: Shop) -> None:  # case 45
    learner = proxied.learner()
    card = await issue_one(proxied, learner)
    instances = [learner, await instance(proxied, learner), await instance(proxied, learner)]
    for n in range(5):
        answer = await redeem(instances[n % 3], draw_code(), address=f"10.0.2.{n}")
        assert answer.status_code == 409
    for n, one in enumerate(instances):
        refused = await redeem(one, card.code, address=f"10.0.3.{n}")
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert (await tries_of(proxied))["unknown"] == 5

    await age_tries(proxied, timedelta(minutes=11))
    assert (await redeem(learner, card.code)).status_code == 201


async def instance(shop: Shop, learner: Learner) -> Learner:
    """The same learner at another process of the service, on the same database."""
    kit = shop.running.kit
    app = prepare.module("payments", "app").create(kit.settings, kit).app
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)
    return Learner(learner.learner_id, client, learner.headers)


async def age_tries(shop: Shop, by: timedelta) -> None:
    await shop.running.pool.execute("UPDATE card_tries SET tried_at = tried_at - $1::interval", by)


async def test_guesses_sent_at_once_gain_nothing(proxied: Shop) -> None:  # case 45
    learner = proxied.learner()
    answers = await asyncio.gather(
        *(redeem(learner, draw_code(), address=f"10.0.4.{n}") for n in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {409: 5, 429: 15}


async def test_twenty_failures_a_day_are_the_end_of_the_day(proxied: Shop) -> None:  # case 45
    learner = proxied.learner()
    for n in range(20):
        if n % 5 == 0:
            await age_tries(proxied, timedelta(minutes=11))
        assert (await redeem(learner, draw_code(), address=f"10.0.5.{n}")).status_code == 409
    await age_tries(proxied, timedelta(minutes=11))
    refused = await redeem(learner, draw_code(), address="10.0.5.99")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 20 * 3600


async def test_thirty_failures_from_one_address_stop_it(proxied: Shop) -> None:  # case 45
    answers = await asyncio.gather(
        *(redeem(proxied.learner(), draw_code(), address="10.0.6.1") for _ in range(40))
    )
    assert Counter(answer.status_code for answer in answers) == {409: 30, 429: 10}
    assert (await redeem(proxied.learner(), draw_code(), address="10.0.6.2")).status_code == 409
