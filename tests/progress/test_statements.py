"""xAPI statements: when they are written, and how they reach a record store that is moody."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from chassis.permissions import Permission
from contracts.catalogue import Courseware
from deploy import prepare
from services.progress import lrs
from services.progress.statement_sender import Patience, Sender
from services.progress.store.statements import list_parked
from services.progress.xapi import Author, Studied, percent
from tests.conftest import ORIGIN, MakeService, Running, bearer
from tests.progress.conftest import INTERVAL, Learner, MakeLearner, course, courseware, question
from tests.progress.record_store import RecordStore, Statements, until, until_sent, working

WAITING = "sent_at IS NULL AND parked_at IS NULL"
PARKED = "parked_at IS NOT NULL"
CSRF = "A" * 43
DESK = "/staff/progress/statements"


@pytest.fixture
def record_store() -> RecordStore:
    return RecordStore()


@pytest.fixture
def reports() -> bool:
    return True


@pytest.fixture
async def progress(service: MakeService, record_store: RecordStore, reports: bool) -> Running:
    """The service, reporting to the record store; its workers are at rest."""
    there = {"xapi_endpoint": record_store.endpoint, "xapi_key": "key", "xapi_secret": "secret"}
    return await service(
        "progress",
        beat_interval_seconds=INTERVAL,
        beat_batch_milliseconds=1,
        question_every_seconds=36_000,  # none interrupts
        xapi_poll_seconds=0.02,
        xapi_first_wait_seconds=0.05,
        xapi_longest_wait_seconds=0.2,
        **(there if reports else {}),
    )


@pytest.fixture
async def listening(record_store: RecordStore) -> AsyncIterator[RecordStore]:
    async with record_store.listening():
        yield record_store


async def written(progress: Running) -> Statements:
    rows = await progress.pool.fetch("SELECT body FROM statements ORDER BY statement_id")
    return [row["body"] for row in rows]


def verbs(told: Statements) -> list[str]:
    return [each["verb"]["id"].rpartition("/")[2] for each in told]


async def opens(learner: MakeLearner, count: int) -> Statements:
    """A learner opens so many coursewares: a statement for each."""
    items = [courseware() for _ in range(count)]
    who = await learner(course(*items))
    for item in items:
        await who.open(item)
    return await written(who.progress)


async def answer_exercise(who: Learner, item: Courseware, *, rightly: bool) -> None:
    assert (await who.answers(item, rightly=rightly)).status_code == 201


@pytest.mark.parametrize("reports", [False])
async def test_nothing_is_written_where_no_record_store_is_set_up(
    learner: MakeLearner, staff_token: Callable[..., str]
) -> None:
    item = courseware(required_seconds=300, exercise=[question()])
    who = await learner(course(item))
    await who.has_studied(item)
    await answer_exercise(who, item, rightly=True)
    assert (await who.press(item)).status_code == 201
    assert await written(who.progress) == []
    staff = bearer(staff_token(Permission.PROGRESS_READ))
    assert "不报送任何记录" in (await who.progress.client.get(DESK, headers=staff)).text


async def test_what_a_statement_says(learner: MakeLearner, progress: Running) -> None:
    item = courseware(required_seconds=600, exercise=[question()])
    outline = course(item)
    who = await learner(outline)
    await who.has_studied(item)
    await answer_exercise(who, item, rightly=True)
    assert (await who.press(item)).status_code == 201
    told = await written(progress)
    assert verbs(told) == ["initialized", "progressed", "progressed", "passed", "completed"]
    opened, half, whole, passed, completed = told

    home = progress.kit.settings.public_url
    enrolment_id = await progress.pool.fetchval("SELECT enrolment_id FROM enrolments")
    assert opened["object"]["id"] == f"{home}/activities/coursewares/{item.courseware_id}"
    assert opened["object"]["definition"]["name"] == {"zh-CN": item.title}
    [parent] = opened["context"]["contextActivities"]["parent"]
    assert parent["id"] == f"{home}/activities/courses/{outline.course_id}"
    assert opened["context"]["registration"] == str(enrolment_id)
    assert [list(each["result"]["extensions"].values()) for each in (half, whole)] == [[50], [100]]
    assert half["result"]["duration"] == "PT0H5M0S"
    assert passed["result"] == {
        "success": True,
        "score": {"scaled": 1.0, "raw": 100, "min": 0, "max": 100},
    }
    assert completed["result"] == {"completion": True, "duration": "PT0H10M0S"}


async def test_a_statement_names_nobody(learner: MakeLearner, progress: Running) -> None:
    """The actor is an account that only we can lead back to a learner, the same each time."""
    first, second = courseware(), courseware()
    who = await learner(course(first, second))
    await who.open(first)
    await who.open(second)
    other = await learner(course(courseware()))
    assert other.learner_id != who.learner_id
    one, again = await written(progress)
    assert one["actor"] == again["actor"]
    assert set(one["actor"]) == {"objectType", "account"}
    text = json.dumps([one, again], ensure_ascii=False)
    for personal in ("钟检", "zhong@example.com", "110105", "mbox", str(who.learner_id)):
        assert personal not in text
    assert who.learner_id.hex not in text

    what = Studied(who.learner_id, uuid4(), uuid4(), "", uuid4(), "")
    elsewhere = Author("https://learn.example", bytes(32)).initialized(what, at=datetime.now(UTC))
    assert elsewhere["actor"]["account"]["name"] != one["actor"]["account"]["name"]


async def test_a_question_alone_is_no_five_minutes(learner: MakeLearner, progress: Running) -> None:
    # P-5
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    page = await who.open(item)
    await progress.pool.execute("UPDATE courseware_progress SET question_due_ms = 20000")
    await page.study(until=30)
    assert (await page.look())["question"] is not None
    assert verbs(await written(progress)) == ["initialized"]


async def test_a_refused_change_tells_nothing(learner: MakeLearner, progress: Running) -> None:
    item = courseware(required_seconds=60)
    who = await learner(course(item))
    await who.has_studied(item, 15)
    assert (await who.press(item)).status_code == 409
    assert verbs(await written(progress)) == ["initialized"]


async def test_passing_and_completing_are_told_once_under_many_clicks(
    learner: MakeLearner, progress: Running
) -> None:
    # P-6, P-7: the races
    item = courseware(required_seconds=15, exercise=[question()])
    who = await learner(course(item))
    await answer_exercise(who, item, rightly=False)
    await asyncio.gather(*(answer_exercise(who, item, rightly=True) for _ in range(6)))
    await answer_exercise(who, item, rightly=False)
    await answer_exercise(who, item, rightly=True)
    await who.has_studied(item)
    await asyncio.gather(*(who.press(item) for _ in range(6)))
    assert verbs(await written(progress)) == ["passed", "initialized", "completed"]


async def test_statements_go_out_together_with_key_and_version(
    learner: MakeLearner, progress: Running, listening: RecordStore
) -> None:
    told = await opens(learner, 3)
    async with working(progress):
        await until_sent(progress, 3)
    assert list(listening.kept.values()) == told
    assert [len(posted) for posted in listening.posts] == [3]
    [headers] = listening.headers
    assert headers["x-experience-api-version"] == "1.0.3"
    assert headers["authorization"].startswith("Basic ")


async def test_a_record_store_that_is_not_there_loses_nothing(
    learner: MakeLearner, progress: Running, record_store: RecordStore
) -> None:
    told = await opens(learner, 3)
    async with working(progress):
        await until(progress, "attempts > 1", 1)
        await until(progress, WAITING, 3)
        async with record_store.listening():
            await until_sent(progress, 3)
    assert sorted(record_store.kept) == [each["id"] for each in told]


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
async def test_an_answer_that_says_nothing_of_the_statements_parks_none(
    learner: MakeLearner, progress: Running, listening: RecordStore, status: int
) -> None:
    elsewhere = {"Location": f"{listening.endpoint}/statements"}
    for _ in range(3):
        listening.whims.append(lambda _: Response(status_code=status, headers=elsewhere))
    await opens(learner, 2)
    async with working(progress):
        await until_sent(progress, 2)
    assert len(listening.kept) == 2
    assert [len(posted) for posted in listening.posts[:4]] == [2, 1, 1, 1]  # then one knocks


@pytest.mark.parametrize("as_date", [False, True])
async def test_retry_after_is_waited_for(
    learner: MakeLearner, progress: Running, listening: RecordStore, as_date: bool
) -> None:
    back_at = datetime.now(UTC) + timedelta(seconds=1000)
    told = format_datetime(back_at, usegmt=True) if as_date else "1000"
    listening.whims.append(lambda _: Response(status_code=503, headers={"Retry-After": told}))
    await opens(learner, 2)
    async with working(progress):
        await until(progress, "attempts = 1 AND next_try_at > now() + interval '15 minutes'", 2)
        await asyncio.sleep(0.5)
    assert len(listening.posts) == 1


async def test_no_record_store_makes_us_wait_longer_than_an_hour(
    learner: MakeLearner, progress: Running, listening: RecordStore
) -> None:
    week = {"Retry-After": "999999999999"}
    listening.whims.append(lambda _: Response(status_code=503, headers=week))
    await opens(learner, 1)
    async with working(progress):
        about_an_hour = "now() + interval '59 minutes' AND now() + interval '61 minutes'"
        await until(progress, f"next_try_at BETWEEN {about_an_hour}", 1)
    assert len(listening.posts) == 1


async def test_one_bad_statement_holds_up_no_other(
    learner: MakeLearner, progress: Running, listening: RecordStore, staff_token: Callable[..., str]
) -> None:
    told = await opens(learner, 3)
    bad = told[1]["id"]
    listening.refuses = lambda each: (
        JSONResponse({"warnings": ["<b>no such lesson</b>", "x" * 5000]}, 400)
        if each["id"] == bad
        else None
    )
    async with working(progress):
        await until_sent(progress, 2)
        await until(progress, PARKED, 1)
    assert set(listening.kept) == {each["id"] for each in told} - {bad}
    [parked] = await list_parked(progress.pool, before=None, limit=10)
    assert str(parked.statement_id) == bad
    assert len(parked.error) == 500

    staff = bearer(staff_token(Permission.PROGRESS_READ))
    shown = (await progress.client.get(DESK, headers=staff)).text
    assert "打开课件" in shown
    assert "400: {&#34;warnings&#34;:[&#34;&lt;b&gt;no such lesson" in shown
    assert "/resend" not in shown  # who may only read


async def test_staff_send_a_refused_statement_again_once(
    learner: MakeLearner, progress: Running, listening: RecordStore, staff_token: Callable[..., str]
) -> None:
    for _ in range(3):
        listening.whims.append(lambda _: Response(status_code=400, content="a fault of yours"))
    await opens(learner, 2)
    async with working(progress):
        await until(progress, PARKED, 2)
    staff = bearer(staff_token(Permission.PROGRESS_READ, Permission.PROGRESS_EVENTS))
    first = await progress.pool.fetchval("SELECT min(statement_id::text) FROM statements")

    async def resend(path: str) -> int:
        answer = await progress.client.post(
            f"{DESK}/{path}",
            data={"csrf": CSRF},
            headers=staff | {"Origin": ORIGIN, "Cookie": f"csrf={CSRF}"},
        )
        return answer.status_code

    shown = (await progress.client.get(DESK, headers=staff)).text
    assert f'action="{DESK}/{first}/resend"' in shown
    answers = await asyncio.gather(*(resend(f"{first}/resend") for _ in range(4)))
    assert sorted(answers) == [303, 409, 409, 409]
    assert await resend(f"{uuid4()}/resend") == 409
    assert await resend("resend") == 303
    async with working(progress):
        await until_sent(progress, 2)
    assert "没有被拒收的记录" in (await progress.client.get(DESK, headers=staff)).text


async def test_a_conflict_with_the_very_same_statement_is_an_arrival(
    learner: MakeLearner, progress: Running, listening: RecordStore
) -> None:
    """Some record stores refuse what they have; the whole list with it."""
    first, second, third = await opens(learner, 3)
    listening.kept[first["id"]] = {**first, "stored": "2026-01-01T00:00:00Z", "version": "1.0.3"}
    listening.kept[third["id"]] = {**third, "verb": second["verb"] | {"id": "http://x.example/y"}}
    listening.refuses = lambda each: (
        JSONResponse({"message": "conflict"}, 409) if each["id"] in listening.kept else None
    )
    async with working(progress):
        await until_sent(progress, 2)
        await until(progress, PARKED, 1)
    [parked] = await list_parked(progress.pool, before=None, limit=10)
    assert parked.statement_id == UUID(third["id"])
    assert listening.kept[second["id"]] == second


async def test_replicas_share_the_work(
    learner: MakeLearner, progress: Running, listening: RecordStore
) -> None:
    """SKIP LOCKED: while one sends, the others take other statements or nothing."""
    told = await opens(learner, 8)
    copies = [{**told[0], "id": str(UUID(int=UUID(told[0]["id"]).int + n))} for n in range(1, 193)]
    await progress.pool.executemany(
        "INSERT INTO statements (statement_id, body, next_try_at) VALUES ($1, $2, now())",
        [(UUID(each["id"]), each) for each in copies],
    )
    patience = Patience(timedelta(seconds=1), timedelta(seconds=1))
    async with lrs.RecordStore(listening.endpoint, key="k", secret="s") as client:
        senders = [Sender(progress.pool, client, patience) for _ in range(4)]
        await asyncio.gather(*(sender.send_due() for sender in senders))
    posted = [each["id"] for post in listening.posts for each in post]
    assert len(posted) == len(set(posted)) == 200
    assert max(map(len, listening.posts)) == 50


async def test_sent_statements_are_forgotten_after_a_week(
    learner: MakeLearner, progress: Running, listening: RecordStore
) -> None:
    _, second, third = await opens(learner, 3)
    age = "UPDATE statements SET sent_at = now() - $2::interval WHERE statement_id = $1"
    await progress.pool.execute(age, UUID(second["id"]), timedelta(days=8))
    await progress.pool.execute(age, UUID(third["id"]), timedelta(days=6))
    async with working(progress), asyncio.timeout(30):
        while second in await written(progress):
            await asyncio.sleep(0.02)
    assert third in await written(progress)


@pytest.mark.parametrize(
    "told",
    [
        {"xapi_endpoint": "https://lrs.example/xAPI"},
        {"xapi_key": "key", "xapi_secret": "secret"},
        {"xapi_endpoint": "lrs.example", "xapi_key": "key", "xapi_secret": "secret"},
        {
            "app_env": "production",
            "public_url": "https://learn.example",
            "xapi_endpoint": "http://lrs.example",
            "xapi_key": "key",
            "xapi_secret": "secret",
        },
    ],
)
def test_half_a_record_store_is_refused_at_the_start(
    keys: dict[str, str], told: dict[str, str]
) -> None:
    given = {name.lower(): value for name, value in keys.items()}
    with pytest.raises(ValidationError, match="XAPI_ENDPOINT"):
        prepare.settings_for("progress", **{**given, "database_url": "postgresql://x", **told})


def test_percent_is_whole_and_bounded() -> None:
    assert [percent(ms, 600) for ms in (0, 5_999, 6_000, 599_999, 600_000, 900_000)] == [
        0, 0, 1, 99, 100, 100,
    ]  # fmt: skip
    assert percent(0, 0) == 100
