"""Suspicious patterns: found with figures, judged by a person, nothing follows by itself (P-12)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from random import Random
from statistics import pstdev
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis import clock, ids
from chassis.permissions import Permission
from services.progress import patterns, scanning
from services.progress.patterns import Arrivals, FastAnswers, LongDay, SharedAddress
from services.progress.settings import ProgressSettings
from tests.conftest import Running
from tests.progress.conftest import Learner, MakeLearner, course, courseware
from tests.progress.desk import Desk

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def arrivals(count: int, *, jitter_ms: float, seed: int = 1) -> Arrivals:
    """Beats every 15 seconds, each late by a random part of a second."""
    random = Random(seed)
    late = [random.gauss(0, jitter_ms / 1000) for _ in range(count)]
    run = tuple(START + timedelta(seconds=15 * n + late[n]) for n in range(count))
    return Arrivals(uuid4(), uuid4(), (run,))


def test_forty_even_beats_are_a_pattern() -> None:
    found = patterns.even_beats([arrivals(60, jitter_ms=2)])
    assert len(found) == 1
    assert found[0].strength == 60
    assert found[0].evidence["deviation_ms"] < 20
    assert found[0].evidence["interval_ms"] == 15000


@pytest.mark.parametrize("seed", range(20))
def test_a_browser_is_no_pattern(seed: int) -> None:
    assert patterns.even_beats([arrivals(100, jitter_ms=40, seed=seed)]) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([14.9, 15.0, 15.01, 15.05, 16.0]), min_size=39, max_size=90))
def test_every_forty_beats_of_what_is_found_are_even(distances: list[float]) -> None:
    run = tuple(START + timedelta(seconds=at) for at in accumulate(distances, initial=0.0))
    even = [
        pstdev(distances[start : start + 39]) * 1000 < 20 for start in range(len(distances) - 38)
    ]
    found = patterns.even_beats([Arrivals(uuid4(), uuid4(), (run,))])
    longest = max((len(list(run)) for is_even, run in groupby(even) if is_even), default=0)
    assert [each.strength for each in found] == ([longest + 39] if longest else [])


def test_fewer_than_forty_beats_are_no_pattern() -> None:
    assert patterns.even_beats([arrivals(39, jitter_ms=0)]) == []


def test_a_gap_ends_a_run() -> None:
    run = arrivals(60, jitter_ms=0).runs[0]
    assert patterns.even_beats([Arrivals(uuid4(), uuid4(), (run[:30], run[30:]))]) == []


def test_even_beats_are_found_between_uneven_ones() -> None:
    even = arrivals(45, jitter_ms=1).runs[0]
    after = [even[-1] + timedelta(seconds=20 + 17 * n) for n in range(3)]
    found = patterns.even_beats([Arrivals(uuid4(), uuid4(), ((*even, *after),))])
    assert [each.strength for each in found] == [45]


def test_the_other_patterns_begin_where_they_say() -> None:
    who, day = uuid4(), START.date()
    assert patterns.fast_answers([FastAnswers(who, day, answers=2, fastest_ms=900)]) == []
    assert patterns.fast_answers([FastAnswers(who, day, answers=3, fastest_ms=900)])
    hours = 3_600_000
    assert patterns.long_days([LongDay(who, day, credited_ms=16 * hours)]) == []
    assert patterns.long_days([LongDay(who, day, credited_ms=16 * hours + 1)])
    room = tuple(uuid4() for _ in range(5))
    assert patterns.shared_addresses([SharedAddress("10.0.0.7", day, room[:4])]) == []
    assert len(patterns.shared_addresses([SharedAddress("10.0.0.7", day, room)])) == 5


@pytest.fixture
def desk(progress: Running, staff_token: Callable[..., str]) -> Desk:
    return Desk(progress, staff_token(Permission.PROGRESS_READ, Permission.PROGRESS_CORRECT))


async def scan(progress: Running) -> int:
    told = progress.kit.settings
    assert isinstance(told, ProgressSettings)
    return await scanning.scan(progress.pool, told)


async def studied_for_hours(progress: Running, who: Learner, hours: float) -> None:
    await progress.pool.execute(
        """
        INSERT INTO study_days (learner_id, day, credited_ms)
             VALUES ($1, $2, $3)
        ON CONFLICT (learner_id, day) DO UPDATE SET credited_ms = EXCLUDED.credited_ms
        """,
        who.learner_id,
        clock.today(),
        round(hours * 3_600_000),
    )


async def test_a_machine_that_beats_evenly_is_found(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=900)
    assert await scan(progress) == 1
    shown = await desk.get("/patterns")
    assert "心跳过于均匀" in shown.text
    assert "间隔 15.0 秒" in shown.text


async def test_beats_that_waited_in_the_page_say_nothing(
    learner: MakeLearner, progress: Running
) -> None:
    # P-8: an outage of the network is no pattern
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    page = await who.open(item)
    await page.deliver(900, *(page.make(after) for after in range(15, 900, 15)))
    assert await scan(progress) == 0


async def test_answers_faster_than_reading_are_found(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    page = await (await learner(course(item))).open(item)
    for seconds in (1, 2, 1.5, 30):
        await progress.pool.execute(
            """
            INSERT INTO questions (asking_id, question_id, learner_id, enrolment_id, courseware_id,
                                   session_id, asked, asked_at, seen_at, deadline, state,
                                   chosen, answered_at, credited_ms, position_ms)
                 SELECT $1, $1, learner_id, enrolment_id, courseware_id, session_id, '{}', $2, $2,
                        $2, 'right', '{0}', $2::timestamptz + $3 * interval '1 second', 0, 0
                   FROM sessions
                  WHERE session_id = $4
            """,
            ids.new_id(),
            clock.now(),
            seconds,
            page.session_id,
        )
    assert await scan(progress) == 1
    assert "3 次在两秒内作答，最快 1000 毫秒" in (await desk.get("/patterns")).text


async def test_a_day_without_an_end_is_found_once_and_keeps_the_stronger_figures(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    who = await learner()
    await studied_for_hours(progress, who, 17)
    assert await scan(progress) == 1
    await studied_for_hours(progress, who, 18)
    assert await scan(progress) == 0
    assert "一天计入 18 小时" in (await desk.get("/patterns")).text


async def test_many_learners_on_one_address_are_found(
    learner: MakeLearner, progress: Running
) -> None:
    item = courseware()
    for number in range(6):
        page = await (await learner(course(item))).open(item)
        address = "10.1.2.3" if number < 5 else "10.1.2.4"
        await progress.pool.execute(
            "UPDATE sessions SET address = $2::text::inet WHERE session_id = $1",
            page.session_id,
            address,
        )
    assert await scan(progress) == 5
    found = await progress.pool.fetch("SELECT evidence FROM flags")
    assert {row["evidence"]["address"] for row in found} == {"10.1.2.3"}


async def test_a_flag_changes_nothing_by_itself(learner: MakeLearner, progress: Running) -> None:
    who = await learner()
    await studied_for_hours(progress, who, 17)
    told, account = await progress.told_names(), (await who.get("/api/progress/hours")).json()
    await scan(progress)
    assert await progress.told_names() == told
    assert (await who.get("/api/progress/hours")).json() == account


async def test_two_colleagues_judge_a_flag_once(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    await studied_for_hours(progress, await learner(), 17)
    await scan(progress)
    flag_id = await progress.pool.fetchval("SELECT flag_id FROM flags")
    form = {"judgement": "cleared", "note": "电话核实，本人值班"}
    answers = await asyncio.gather(*(desk.post(f"/patterns/{flag_id}", form) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert "没有等待查看的情况" in (await desk.get("/patterns")).text
    shown = await desk.get("/patterns?show=all")
    assert "已排除" in shown.text
    assert "电话核实，本人值班" in (await desk.get(f"/patterns/{flag_id}")).text


async def test_what_was_judged_is_not_raised_again_that_day(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    who = await learner()
    await studied_for_hours(progress, who, 17)
    await scan(progress)
    flag_id = await progress.pool.fetchval("SELECT flag_id FROM flags")
    await desk.post(f"/patterns/{flag_id}", {"judgement": "confirmed", "note": "多人共用"})
    await studied_for_hours(progress, who, 20)
    assert await scan(progress) == 0
    assert await progress.pool.fetchval("SELECT state FROM flags") == "confirmed"


async def test_a_judgement_needs_a_note_and_the_right(
    learner: MakeLearner, desk: Desk, progress: Running, staff_token: Callable[..., str]
) -> None:
    await studied_for_hours(progress, await learner(), 17)
    await scan(progress)
    flag_id = await progress.pool.fetchval("SELECT flag_id FROM flags")
    no_note = await desk.post(f"/patterns/{flag_id}", {"judgement": "cleared", "note": ""})
    assert no_note.status_code == 422
    reader = Desk(progress, staff_token(Permission.PROGRESS_READ))
    form = {"judgement": "cleared", "note": "电话核实"}
    assert (await reader.post(f"/patterns/{flag_id}", form)).status_code == 403
