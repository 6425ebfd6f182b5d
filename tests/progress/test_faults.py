"""What goes wrong between page and server, and what a liar tries: credit is what the model says."""

from datetime import timedelta

from services.progress import tokens
from tests.conftest import Running
from tests.progress.conftest import INTERVAL, MakeLearner, course, courseware


async def test_five_minutes_offline_are_credited_to_the_second(learner: MakeLearner) -> None:
    # P-8: one minute online, five offline, everything that waited at once, and one minute online
    item = courseware(required_seconds=900)
    page = await (await learner(course(item))).open(item)
    await page.study(until=60)
    waited = [page.make(at) for at in range(60 + INTERVAL, 361, INTERVAL)]
    body = await page.deliver(361, *waited)
    await page.learner.deliver(body)
    await page.study(since=360, until=420)
    shown = await page.look()
    assert (shown["credited_seconds"], shown["reasons"]) == (420, [])


async def test_nobody_beats_for_the_session_of_another(learner: MakeLearner) -> None:
    # P-2: the token names both, and its halves can't be exchanged
    item = courseware()
    bought = course(item)
    one, other = await learner(bought), await learner(bought)
    mine, theirs = await one.open(item), await other.open(item)
    beat = theirs.make(15)
    spliced = mine.opened["session_token"][:20] + theirs.opened["session_token"][20:]
    assert len(spliced) == tokens.LENGTH
    answer = await theirs.post(beat, session_token=spliced)
    assert (answer.status_code, answer.json()["code"]) == (401, "SessionTokenInvalid")
    assert (await theirs.look())["last_seq"] is None
    assert (await mine.look())["last_seq"] is None
    looked = await one.get(f"/api/progress/sessions/{theirs.session_id}")
    assert looked.status_code == 404


async def test_beats_from_the_future_and_from_long_ago_earn_nothing(
    learner: MakeLearner, progress: Running
) -> None:
    # P-2: only time that has passed here counts, whatever the page's clock says
    item = courseware(required_seconds=900)
    page = await (await learner(course(item))).open(item)
    moments = [
        (page.opened_at + timedelta(hours=1)).isoformat(),
        "9999-12-31T23:59:59+00:00",
        "0001-01-01T00:00:00+00:00",
    ]
    for at in moments:
        beat = page.make(15) | {"at": at, "position_seconds": 3600}
        answer = await page.post(beat)
        assert answer.status_code == 202
    assert await page.credited() <= 1
    assert await progress.pool.fetchval("SELECT count(*) FROM beats") == len(moments)
