"""Study time through the front doors: what counts, what doesn't, and why."""

import asyncio

from services.progress import wire
from tests.conftest import Running
from tests.progress.conftest import INTERVAL, PARKED, MakeLearner, course, courseware


async def test_playing_time_is_credited_by_the_servers_clock(learner: MakeLearner) -> None:
    # P-2
    item = courseware(required_seconds=60)
    page = await (await learner(course(item))).open(item)
    await page.study(until=60)
    shown = await page.look()
    assert (shown["credited_seconds"], shown["state"]) == (60, "counting")
    assert shown["missing"] == {"seconds": 0, "exercise": False, "question": False}
    assert shown["reasons"] == []


async def test_a_beat_posted_over_http_is_credited(learner: MakeLearner) -> None:
    # P-2: heartbeat → bus → credit
    item = courseware()
    page = await (await learner(course(item))).open(item)
    await asyncio.sleep(0.3)
    answer = await page.post(page.make(0.3))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    row = await page.progress.pool.fetchrow("SELECT * FROM beats")
    assert row is not None
    assert 250 <= row["credited_ms"] <= 2000


async def test_paused_hidden_and_idle_time_is_not_credited_and_says_why(
    learner: MakeLearner,
) -> None:
    # P-3, P-9
    item = courseware()
    page = await (await learner(course(item))).open(item)
    await page.study(until=30)
    await page.study(since=30, until=60, playing=False, position_seconds=30)
    assert (await page.look())["state"] == "paused"
    await page.study(since=60, until=90, visible=False, position_seconds=30)
    assert (await page.look())["state"] == "hidden"
    await page.deliver(105, page.make(105, position_seconds=45, idle_seconds=310))
    shown = await page.look()
    assert shown["state"] == "idle"
    assert shown["credited_seconds"] == 30 + 5  # the idle limit was passed 10 s ago
    assert [(r["reason"], r["seconds"]) for r in shown["reasons"]] == [
        ("paused", 30),
        ("hidden", 30),
        ("idle", 10),
    ]


async def test_the_same_message_twice_counts_once(learner: MakeLearner) -> None:
    # P-8
    item = courseware()
    page = await (await learner(course(item))).open(item)
    bodies = [await page.deliver(at, page.make(at)) for at in (15, 30, 45)]
    for body in [*bodies, *reversed(bodies)]:
        await page.learner.deliver(body)
    assert await page.credited() == 45


async def test_beats_queued_while_offline_are_credited_once_they_arrive(
    learner: MakeLearner,
) -> None:
    # P-8
    item = courseware(required_seconds=600)
    page = await (await learner(course(item))).open(item)
    await page.study(until=30)
    queued = [page.make(at) for at in range(45, 301, 15)]
    await page.deliver(302, *queued)
    assert await page.credited() == 300


async def test_beats_later_than_ten_minutes_earn_nothing(learner: MakeLearner) -> None:
    # P-8
    item = courseware(required_seconds=3000)
    page = await (await learner(course(item))).open(item)
    queued = [page.make(at) for at in range(15, 1201, 15)]
    await page.deliver(1200, *queued)
    shown = await page.look()
    assert 585 <= shown["credited_seconds"] <= 600
    assert shown["reasons"][0]["reason"] == "lost_network"


async def test_a_batch_earns_no_more_than_the_time_that_passed(learner: MakeLearner) -> None:
    # P-8: ten minutes claimed, one minute passed
    item = courseware(required_seconds=3000)
    page = await (await learner(course(item))).open(item)
    await page.deliver(60, *[page.make(at) for at in range(15, 601, 15)])
    assert await page.credited() <= 60


async def test_reordered_beats_earn_what_they_would_have_in_order(learner: MakeLearner) -> None:
    # P-8
    item = courseware()
    page = await (await learner(course(item))).open(item)
    beats = [page.make(at) for at in (15, 30, 45, 60)]
    for at, beat in ((15, beats[0]), (45, beats[2]), (45.2, beats[1]), (60, beats[3])):
        await page.deliver(at, beat)
    shown = await page.look()
    assert shown["credited_seconds"] == 60
    assert shown["reasons"] == []


async def test_a_late_beat_takes_nothing_back(learner: MakeLearner) -> None:
    # P-8: what was credited stays, and the late beat can't move time about
    item = courseware()
    page = await (await learner(course(item))).open(item)
    beats = [page.make(15), page.make(30, playing=False), page.make(45)]
    await page.deliver(15, beats[0])
    await page.deliver(45, beats[2])
    before = await page.credited()
    assert before == 37
    await page.deliver(46, beats[1])
    assert await page.credited() == before
    await page.study(since=45, until=60)
    assert await page.credited() == before + 15


async def test_two_coursewares_open_count_for_neither(learner: MakeLearner) -> None:
    # P-4
    first, second = courseware(), courseware()
    studying = await learner(course(first, second))
    one = await studying.open(first)
    await one.study(until=30)
    two = await studying.open(second)
    assert (await one.look())["state"] == "suspended"
    assert (await two.look())["state"] == "suspended"
    for at in (45, 60):
        await two.deliver(at, two.make(at))
        await one.deliver(at, one.make(at))
    assert (await one.credited(), await two.credited()) == (30, 0)
    assert (await two.look())["reasons"][0]["reason"] == "second_courseware"
    await two.leave()
    assert (await one.look())["state"] == "counting"


async def test_unreadable_messages_are_parked_and_do_not_stop_the_others(
    progress: Running, learner: MakeLearner
) -> None:
    item = courseware()
    page = await (await learner(course(item))).open(item)
    unreadable = [b"", b"\xff", wire.pack([wire.WireRequest(b"x", b"y", 0, [])])]
    foreign = wire.pack([wire.WireRequest(b"x" * 16, b"y" * 16, 0, [])])
    for body in (*unreadable, wire.pack([]), foreign):
        await page.learner.deliver(body)
    await page.study(until=INTERVAL)
    assert await page.credited() == INTERVAL
    assert await progress.pool.fetchval(PARKED) == len(unreadable)
    await progress.pool.execute("DELETE FROM inbox WHERE state = 'parked'")
