"""Our xAPI statements before independent programs: a strict validator and a record store."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.db import transaction
from contracts.catalogue import Courseware
from services.progress import statements
from tests.conftest import MakeService, Running, ServerLoop
from tests.progress.conftest import (
    INTERVAL,
    Learner,
    MakeLearner,
    course,
    courseware,
    question,
)
from tests.progress.record_store import until_sent, working
from tests.xapi import peers

ASKED = {"X-Experience-API-Version": "1.0.3"}


@pytest.fixture(scope="session")
def modules() -> Path:
    """Where npm's packages stand."""
    return peers.find_or_install()


@pytest.fixture(scope="session")
def endpoint(
    modules: Path, server_loop: ServerLoop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an independent record store."""
    store = peers.PeerStore(tmp_path_factory.mktemp("record-store"))
    yield server_loop.run(store.start())
    server_loop.run(store.stop())


@pytest.fixture
async def progress(service: MakeService, endpoint: str) -> Running:
    """The service, reporting there."""
    return await service(
        "progress",
        beat_interval_seconds=INTERVAL,
        beat_batch_milliseconds=1,
        xapi_endpoint=endpoint,
        xapi_key="key",
        xapi_secret="secret",
        xapi_poll_seconds=0.02,
        question_every_seconds=36_000,  # none interrupts
    )


@pytest.fixture
async def peer(endpoint: str) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever asks the record store for what it keeps."""
    async with httpx.AsyncClient(auth=("key", "secret"), headers=ASKED, trust_env=False) as client:
        yield client


async def learns_everything(who: Learner, item: Courseware) -> list[dict[str, Any]]:
    """Everything that makes a statement, once; what was written of it, oldest first."""
    await who.has_studied(item)
    await who.answers(item, rightly=True)
    assert (await who.press(item)).status_code == 201
    rows = await who.progress.pool.fetch("SELECT body FROM statements ORDER BY statement_id")
    return [row["body"] for row in rows]


async def test_every_statement_satisfies_a_strict_validator(
    learner: MakeLearner, modules: Path
) -> None:
    item = courseware(required_seconds=600, exercise=[question()])
    written = await learns_everything(await learner(course(item)), item)
    verbs = [each["verb"]["id"].rpartition("/")[2] for each in written]
    assert verbs == ["initialized", "progressed", "progressed", "passed", "completed"]
    assert peers.complaints(modules, written) == [[]] * 5

    wrong = [
        {**written[0], "timestamp": "yesterday"},
        {**written[-1], "result": {"duration": "10 minutes"}},
        {**written[-1], "actor": {"account": {"name": "x"}}},
    ]
    assert all(peers.complaints(modules, wrong))


async def test_an_independent_record_store_takes_our_statements_and_gives_them_back(
    learner: MakeLearner, progress: Running, endpoint: str, peer: httpx.AsyncClient
) -> None:
    item = courseware(required_seconds=600, exercise=[question()])
    written = await learns_everything(await learner(course(item)), item)
    async with working(progress):
        await until_sent(progress, len(written))
    for statement in written:
        kept = await peer.get(f"{endpoint}/statements", params={"statementId": statement["id"]})
        assert kept.status_code == 200, kept.text
        assert {name: kept.json()[name] for name in statement} == statement


async def test_sending_again_counts_nothing_twice(
    learner: MakeLearner, progress: Running, endpoint: str, peer: httpx.AsyncClient
) -> None:
    """As after a lost answer: the record store has it already."""
    item = courseware()
    who = await learner(course(item))
    page = await who.open(item)
    registration = await progress.pool.fetchval("SELECT enrolment_id FROM sessions")
    async with working(progress):
        await until_sent(progress, 1)
        await progress.pool.execute("UPDATE statements SET sent_at = NULL, next_try_at = now()")
        await until_sent(progress, 1)
    assert await page.leave()
    asked = {"registration": str(registration)}
    kept = (await peer.get(f"{endpoint}/statements", params=asked)).json()["statements"]
    assert len(kept) == 1


async def test_the_record_stores_own_word_stands_beside_a_refused_statement(
    learner: MakeLearner, progress: Running
) -> None:
    item = courseware()
    who = await learner(course(item))
    await who.open(item)
    await progress.pool.execute(
        "UPDATE statements SET body = jsonb_set(body, '{verb,id}', '\"no verb\"')"
    )
    async with transaction(progress.pool) as tx:
        await statements.resend_all(tx, now=who.pages[0].opened_at)
    async with working(progress):
        await who.open(item)
        await until_sent(progress, 1)
    [parked] = await progress.pool.fetch("SELECT * FROM statements WHERE parked_at IS NOT NULL")
    assert "verb.id" in parked["error"]
    assert "no verb" in json.dumps(parked["body"])
