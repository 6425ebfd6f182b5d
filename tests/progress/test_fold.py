"""The consumer of the shards under repetition, disorder and company."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from services.progress import wire
from tests.conftest import Running
from tests.progress.conftest import INTERVAL, Learner, MakeLearner, Page, course, courseware


async def stored(progress: Running) -> dict[str, Any]:
    """All that a fold writes."""
    return {
        table: [
            tuple(row)
            for row in await progress.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608
        ]
        for table in ("beats", "sessions", "courseware_progress", "uncredited", "study_days")
    }


async def pages_of(learner: MakeLearner, number: int) -> list[Page]:
    pages = []
    for _ in range(number):
        item = courseware(required_seconds=600)
        pages.append(await (await learner(course(item))).open(item))
    return pages


def life(page: Page, dice: random.Random) -> list[dict[str, Any]]:
    """Three minutes of somebody who pauses, hides and goes idle now and then."""
    beats, position, flags = [], 0.0, {"playing": True, "visible": True, "idle_seconds": 0}
    for step in range(1, 13):
        if dice.random() < 0.3:
            flags = {
                "playing": dice.random() < 0.7,
                "visible": dice.random() < 0.8,
                "idle_seconds": dice.choice([0, 0, 305]),
            }
        position += INTERVAL if flags["playing"] else 0
        beats.append(page.make(step * INTERVAL, position_seconds=position, **flags))
    return beats


def reference(beats: list[dict[str, Any]]) -> int:
    """What an honest page has earned, interval by interval."""
    return sum(
        INTERVAL - min(INTERVAL, max(0, beat["idle_seconds"] - 300))
        for beat in beats
        if beat["playing"] and beat["visible"]
    )


async def test_duplicates_and_disorder_earn_exactly_what_order_would(
    learner: MakeLearner, progress: Running
) -> None:
    # P-2, P-8: 10 % twice, 20 % out of order, many learners in one message
    dice = random.Random(20261122)
    pages = await pages_of(learner, 6)
    lives = {page.session_id: life(page, dice) for page in pages}
    sent: list[tuple[float, wire.WireRequest]] = []
    for page in pages:
        for number, beat in enumerate(lives[page.session_id], 1):
            on_time = number * INTERVAL
            delay = dice.choice([0, 0, 0, 0, 20]) if number > 1 else 0
            sent.append((on_time + delay, page.request(on_time + delay, beat)))
            if dice.random() < 0.1:
                sent.append((on_time + 40, page.request(on_time + 40, beat)))
    sent.sort(key=lambda pair: pair[0])
    for first in range(0, len(sent), 7):
        body = wire.pack([request for _, request in sent[first : first + 7]])
        await progress.kit.bus.send_to_shard(0, body)
    for page in pages:
        assert abs(await page.credited() - reference(lives[page.session_id])) <= 1
    await totals_are_rederivable(progress)


async def totals_are_rederivable(progress: Running) -> None:
    wrong = await progress.pool.fetch(
        """
        SELECT p.courseware_id
          FROM courseware_progress AS p
          LEFT JOIN sessions AS s USING (enrolment_id, courseware_id)
          LEFT JOIN beats AS b USING (session_id)
      GROUP BY p.enrolment_id, p.courseware_id
        HAVING p.credited_ms <> coalesce(sum(b.credited_ms), 0)
        """
    )
    assert wrong == []
    days = await progress.pool.fetchval("SELECT sum(credited_ms) FROM study_days")
    assert (days or 0) == (await progress.pool.fetchval("SELECT sum(credited_ms) FROM beats") or 0)


async def test_a_message_heard_twice_changes_nothing(
    learner: MakeLearner, progress: Running
) -> None:
    # P-8
    page = (await pages_of(learner, 1))[0]
    bodies = [
        wire.pack([page.request(at, page.make(at, **said))])
        for at, said in ((15, {}), (30, {"playing": False}), (45, {"visible": False}), (60, {}))
    ]
    for body in bodies:
        await page.learner.deliver(body)
    before = await stored(progress)
    for body in [*bodies, bodies[1], bodies[0]]:
        await page.learner.deliver(body)
    assert await stored(progress) == before


async def test_two_consumers_with_the_same_messages_count_them_once(
    learner: MakeLearner, progress: Running
) -> None:
    # P-8: the race, as when a shard moves to another process
    pages = await pages_of(learner, 4)
    receive = progress.service.beats
    assert receive is not None
    for at in range(INTERVAL, 91, INTERVAL):
        requests = [page.request(at, page.make(at)) for page in pages]
        bodies = [wire.pack([request]) for request in requests]
        await asyncio.gather(
            receive(bodies), receive(list(reversed(bodies))), receive(bodies[1:]), receive(bodies)
        )
    for page in pages:
        assert await page.credited() == 90
    await totals_are_rederivable(progress)


async def test_completing_while_beats_come_in_is_decided_once(
    learner: MakeLearner, progress: Running
) -> None:
    # P-7: the race of the button with the last beats
    item = courseware(required_seconds=30)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=30)
    late = [page.request(at, page.make(at)) for at in range(45, 181, 15)]
    answers = await asyncio.gather(
        who.press(item),
        *(who.deliver(wire.pack([request])) for request in late),
        who.press(item),
    )
    assert {answers[0].status_code, answers[-1].status_code} == {200, 201}  # type: ignore[union-attr]
    assert (await page.look())["state"] == "completed"
    await totals_are_rederivable(progress)


async def test_two_devices_never_earn_the_same_minute(learner: MakeLearner) -> None:
    # P-4, P-8: one offline, one online
    first, second = courseware(required_seconds=900), courseware(required_seconds=900)
    who: Learner = await learner(course(first, second))
    offline, online = await who.open(first), await who.open(second)
    queued = [offline.make(at) for at in range(15, 301, 15)]
    for at in range(15, 301, 15):
        await online.deliver(at, online.make(at))
    await offline.deliver(301, *queued)
    counted = await online.credited(), await offline.credited()
    assert counted[0] == 300 - 45  # the other page was open until it had been silent for 45 s
    assert counted[1] <= 1


def lie(page: Page, dice: random.Random, seq: int) -> dict[str, Any]:
    """Any beat that the door lets through."""
    return page.make(
        dice.choice([seq * 15, dice.randint(-90_000, 90_000), dice.randint(0, 700)]),
        seq=dice.choice([seq, seq, dice.randint(0, 30)]),
        position_seconds=dice.choice([seq * 15, dice.randint(0, 3000)]),
        playback_rate=dice.choice([1, 1, 1.5, 8, 0]),
        playing=dice.random() < 0.9,
        visible=dice.random() < 0.9,
        idle_seconds=dice.choice([0, 0, 100, 400]),
    )


@pytest.mark.parametrize("seed", range(6))
async def test_no_mixture_of_lies_earns_more_than_the_time_that_passed(
    learner: MakeLearner, progress: Running, seed: int
) -> None:
    # P-2, P-4, P-8: two sessions of one learner, each claiming whatever it likes
    dice = random.Random(seed)
    items = courseware(required_seconds=900), courseware(required_seconds=900)
    who = await learner(course(*items))
    pages = [await who.open(items[0])]
    now = 0.0
    for step in range(40):
        now += dice.choice([0, 1, 7, 15, 15, 15, 60, 200])
        if step == 12:
            pages.append(await who.open(items[1]))
        page = dice.choice(pages)
        beats = [lie(page, dice, step + n) for n in range(dice.choice([1, 1, 1, 5]))]
        await page.deliver(now, *beats)
    assert sum([await page.credited() for page in pages]) <= now
    await totals_are_rederivable(progress)


async def test_what_was_counted_is_never_rewritten(learner: MakeLearner, progress: Running) -> None:
    # P-11, P-12
    item = courseware(required_seconds=15)
    await (await learner(course(item))).completes(item)
    for statement in (
        "UPDATE beats SET credited_ms = 99",
        "DELETE FROM beats",
        "DELETE FROM hour_entries",
        "UPDATE hour_entries SET completed_at = now()",
        "TRUNCATE hour_entries",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await progress.pool.execute(statement)
