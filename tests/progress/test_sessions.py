"""Sessions through the API: who may open what, two at once, and the stream of states."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from starlette.types import Message

from services.progress.store import sessions
from services.progress.streams import Watch
from tests.conftest import ORIGIN, Running, bearer
from tests.progress.conftest import Learner, MakeLearner, Page, course, courseware


async def test_opening_answers_with_all_that_the_page_needs(learner: MakeLearner) -> None:
    item = courseware(required_seconds=2700)
    page = await (await learner(course(item))).open(item)
    said = page.opened
    assert set(said) >= {"session_id", "session_token", "beat_interval_seconds"}
    assert (said["state"], said["beat_interval_seconds"]) == ("counting", 15)
    assert (said["credited_seconds"], said["required_seconds"]) == (0, 2700)
    assert (said["position_seconds"], said["reasons"], said["last_seq"]) == (0, [], None)


async def test_a_courseware_is_resumed_where_it_was_left(learner: MakeLearner) -> None:
    # P-1
    item = courseware(required_seconds=300)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=45)
    await page.leave()
    again = await who.open(item)
    assert (again.opened["position_seconds"], again.opened["credited_seconds"]) == (45, 45)
    [owned] = (await who.get("/api/progress/enrolments")).json()["items"]
    assert owned["coursewares"][0]["state"] == "started"
    assert owned["coursewares"][0]["position_seconds"] == 45


async def test_only_owned_coursewares_open(learner: MakeLearner, progress: Running) -> None:
    # P-1
    item = courseware()
    await learner(course(item))
    stranger = await learner()
    body = {"courseware_id": str(item.courseware_id)}
    refused = await stranger.post("/api/progress/sessions", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "NotEnrolled")
    unknown = await stranger.post("/api/progress/sessions", {"courseware_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NoSuchCourseware")
    assert (await progress.client.post("/api/progress/sessions", json=body)).status_code == 401
    wrongs: list[Any] = [{}, {"courseware_id": "x"}, body | {"state": "counting"}, [], None]
    for wrong in wrongs:
        assert (await stranger.post("/api/progress/sessions", wrong)).status_code == 422
    path = f"/api/progress/coursewares/{item.courseware_id}"
    for refused in (
        await stranger.get(f"{path}/exercise"),
        await stranger.post(f"{path}/exercise", {"answers": {}}),
        await stranger.post(f"{path}/completion"),
    ):
        assert refused.status_code == 403


async def test_another_persons_session_is_not_there(learner: MakeLearner) -> None:
    item = courseware()
    page = await (await learner(course(item))).open(item)
    stranger = await learner()
    path = f"/api/progress/sessions/{page.session_id}"
    for answer in (
        await stranger.get(path),
        await stranger.delete(path),
        await stranger.get(f"{path}/events"),
        await stranger.get(f"/api/progress/sessions/{uuid4()}"),
    ):
        assert answer.status_code == 404
    assert (await page.look())["state"] == "counting"


async def test_a_second_courseware_suspends_both_until_one_is_left(learner: MakeLearner) -> None:
    # P-4
    first, second = courseware(), courseware()
    who = await learner(course(first), course(second))
    one, two = await who.open(first), await who.open(second)
    assert two.opened["state"] == "suspended"
    assert (await one.look())["state"] == "suspended"
    assert (await one.leave()).status_code == 204
    assert (await one.leave()).status_code == 204
    assert (await two.look())["state"] == "counting"
    assert (await one.look())["state"] == "ended"


async def test_two_pages_of_one_courseware_are_two(learner: MakeLearner) -> None:
    # P-4: the same course on two devices
    item = courseware()
    who = await learner(course(item))
    await who.open(item)
    assert (await who.open(item)).opened["state"] == "suspended"


async def test_opening_two_at_once_suspends_both(learner: MakeLearner) -> None:
    # P-4: the race
    items = [courseware() for _ in range(4)]
    who = await learner(course(*items))
    pages = await asyncio.gather(*(who.open(item) for item in items))
    assert {(await page.look())["state"] for page in pages} == {"suspended"}
    assert sorted(page.opened["state"] for page in pages)[0] == "counting"


async def test_a_page_that_fell_silent_does_not_suspend_others(learner: MakeLearner) -> None:
    # P-4: three intervals without a beat
    first, second = courseware(), courseware()
    who = await learner(course(first, second))
    lost = await who.open(first)
    await who.progress.pool.execute(
        "UPDATE sessions SET started_at = s, heard_at = s, accounted_at = s"
        "  FROM (SELECT now() - interval '46 seconds' AS s) AS earlier"
    )
    assert (await lost.look())["state"] == "silent"
    assert (await who.open(second)).opened["state"] == "counting"


async def test_completing_one_of_two_lets_the_other_count(learner: MakeLearner) -> None:
    # P-4
    first, second = courseware(required_seconds=15), courseware()
    who = await learner(course(first, second))
    one = await who.open(first)
    await one.study(until=15)
    two = await who.open(second)
    assert (await who.press(first)).status_code == 201
    assert (await one.look())["state"] == "completed"
    assert (await two.look())["state"] == "counting"
    review = await who.open(first)
    assert review.opened["state"] == "completed"
    assert (await two.look())["state"] == "counting"
    await review.study(until=30)
    assert await review.credited() == 15


async def test_too_many_open_coursewares_are_refused(learner: MakeLearner) -> None:
    item = courseware()
    who = await learner(course(item))
    for _ in range(20):
        await who.open(item)
    body = {"courseware_id": str(item.courseware_id)}
    refused = await who.post("/api/progress/sessions", body)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")


async def test_forgotten_sessions_end_where_they_fell_silent(learner: MakeLearner) -> None:
    item = courseware()
    page = await (await learner(course(item))).open(item)
    pool = page.progress.pool
    assert await sessions.end_silent(pool, page.opened_at, 45) == 0
    now = await pool.fetchval("SELECT now()")
    assert await sessions.end_silent(pool, now, 45) == 1
    assert await sessions.end_silent(pool, now, 45) == 0
    assert (await page.look())["state"] == "silent"


@pytest.fixture
async def watched(progress: Running) -> AsyncIterator[Watch]:
    watch: Watch = progress.service.app.state.watch
    running = asyncio.create_task(watch.run())
    yield watch
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


Next = Callable[[], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def stream(page: Page) -> AsyncIterator[Next]:
    """The page's event stream, read as it comes: httpx's ASGI transport would wait for its end."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    path = f"/api/progress/sessions/{page.session_id}/events"
    headers = {"host": ORIGIN.removeprefix("http://"), **bearer(page.learner.token)}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    first = [{"type": "http.request", "body": b"", "more_body": False}]
    forever = asyncio.Event()

    async def receive() -> Message:
        if first:
            return first.pop()
        await forever.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body"):
            await chunks.put(message["body"])

    async def following() -> dict[str, Any]:
        while True:
            chunk = (await asyncio.wait_for(chunks.get(), 10)).decode()
            if chunk.startswith("event: state\ndata: "):
                return dict(json.loads(chunk.split("data: ", 1)[1]))

    task = asyncio.create_task(page.progress.service.app(scope, receive, send))
    try:
        yield following
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listening(watch: Watch, who: Learner) -> None:
    async with asyncio.timeout(10):
        while not watch.is_listening or who.learner_id not in watch.watched:
            await asyncio.sleep(0.01)


async def test_the_first_page_is_told_at_once_that_a_second_was_opened(
    learner: MakeLearner, watched: Watch
) -> None:
    # P-4
    first, second = courseware(), courseware()
    who = await learner(course(first, second))
    one = await who.open(first)
    async with stream(one) as following:
        assert (await following())["state"] == "counting"
        await listening(watched, who)
        two = await who.open(second)
        assert (await following())["state"] == "suspended"
        await two.leave()
        assert (await following())["state"] == "counting"
        await one.deliver(15, one.make(15, playing=False))
        assert (await following())["state"] == "paused"
        await one.leave()
        assert (await following())["state"] == "ended"


async def test_streams_end_when_the_process_does(learner: MakeLearner, watched: Watch) -> None:
    item = courseware()
    page = await (await learner(course(item))).open(item)
    async with stream(page) as following:
        await following()
        await listening(watched, page.learner)
        watched.stop()
        async with asyncio.timeout(5):
            while watched.watched:
                await asyncio.sleep(0.01)
        assert not watched.watched
