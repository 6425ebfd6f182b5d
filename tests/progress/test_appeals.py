"""Appeals against a day's uncredited time, as the learner opens them."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis import clock
from contracts.catalogue import Courseware
from tests.progress.conftest import Learner, MakeLearner, course, courseware


async def appeal(
    who: Learner, item: Courseware, words: str = "网络断了，我一直在看。", **more: Any
) -> httpx.Response:
    body = {"day": clock.today().isoformat(), "words": words, **more}
    return await who.post(f"/api/progress/coursewares/{item.courseware_id}/appeals", body)


async def pauses(who: Learner, item: Courseware) -> None:
    """Some of today's time has a reason why it was not credited."""
    page = await who.open(item)
    await page.study(until=30, playing=False)
    await page.leave()


async def test_a_learner_appeals_against_a_days_uncredited_time(learner: MakeLearner) -> None:
    # P-9
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    await pauses(who, item)
    answer = await appeal(who, item)
    assert (answer.status_code, answer.json()["state"]) == (201, "open")
    [row] = await who.progress.pool.fetch("SELECT * FROM appeals")
    assert str(row["appeal_id"]) == answer.json()["appeal_id"]
    assert (row["learner_id"], row["courseware_id"]) == (who.learner_id, item.courseware_id)
    assert (row["day"], row["words"]) == (clock.today(), "网络断了，我一直在看。")
    assert row["enrolment_id"] == await who.progress.pool.fetchval(
        "SELECT enrolment_id FROM enrolments WHERE learner_id = $1", who.learner_id
    )


async def test_where_everything_was_credited_there_is_nothing_to_appeal(
    learner: MakeLearner,
) -> None:
    # P-9
    item = courseware()
    who = await learner(course(item))
    assert (await appeal(who, item)).json()["code"] == "NothingToAppeal"
    await who.has_studied(item, 30)
    refused = await appeal(who, item)
    assert (refused.status_code, refused.json()["code"]) == (409, "NothingToAppeal")
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    await pauses(who, item)
    assert (await appeal(who, item, day=yesterday)).json()["code"] == "NothingToAppeal"


async def test_many_clicks_at_once_open_one_appeal(learner: MakeLearner) -> None:
    # P-9: the race
    item = courseware()
    who = await learner(course(item))
    await pauses(who, item)
    answers = await asyncio.gather(*(appeal(who, item) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 5
    assert {a.json().get("code") for a in answers} == {None, "AppealOpen"}
    assert await who.progress.pool.fetchval("SELECT count(*) FROM appeals") == 1


@pytest.mark.parametrize("words", ["", "   ", "长" * 1001, "nul \0"])
async def test_an_appeal_says_something_and_not_too_much(learner: MakeLearner, words: str) -> None:
    item = courseware()
    who = await learner(course(item))
    await pauses(who, item)
    refused = await appeal(who, item, words)
    assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, ["words"])


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1999-12-31", "2026-02-30", 7, None])
async def test_a_day_out_of_reach_is_refused(learner: MakeLearner, day: object) -> None:
    item = courseware()
    who = await learner(course(item))
    refused = await appeal(who, item, day=day)
    assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, ["day"])
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    assert (await appeal(who, item, day=tomorrow)).status_code == 409


async def test_nobody_appeals_about_a_course_of_others(learner: MakeLearner) -> None:
    item = courseware()
    owner = await learner(course(item))
    await pauses(owner, item)
    stranger = await learner()
    assert (await appeal(stranger, item)).status_code == 403
    assert (await appeal(stranger, courseware())).status_code == 404
