"""Exercises, 「学过了」, and the hour account, through the API."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from chassis import clock
from contracts.catalogue import CourseKind, Courseware, CoursewareKind
from contracts.identity import LearnerKind
from services.progress.cycles import years_later
from tests.conftest import Running
from tests.progress.conftest import (
    Learner,
    MakeLearner,
    course,
    courseware,
    paid,
    question,
    registered,
)


async def done_at_once(learner: Learner, *items: Courseware) -> None:
    """Give a learner the study time of these coursewares without a minute's wait."""
    for item in items:
        await learner.open(item)
    await learner.progress.pool.execute(
        "UPDATE courseware_progress SET credited_ms = 3600000 WHERE learner_id = $1",
        learner.learner_id,
    )
    await learner.progress.pool.execute(
        "UPDATE sessions SET ended_at = started_at, ended_by = 'left' WHERE ended_at IS NULL"
    )


async def test_only_pressing_the_button_completes_the_hour(learner: MakeLearner) -> None:
    # P-7
    item = courseware(required_seconds=30)
    who = await learner(course(item))
    await who.has_studied(item)
    [owned] = (await who.get("/api/progress/enrolments")).json()["items"]
    assert (owned["hours_done"], owned["coursewares"][0]["state"]) == (0, "studied")

    answer = await who.press(item)
    assert (answer.status_code, answer.json()) == (201, {"hours_total": 1})
    [owned] = (await who.get("/api/progress/enrolments")).json()["items"]
    assert (owned["hours_done"], owned["coursewares"][0]["state"]) == (1, "completed")
    assert await who.progress.told_names() == ["progress.courseware_completed.v1"]


async def test_pressing_early_is_refused_with_what_is_missing(learner: MakeLearner) -> None:
    # P-7
    item = courseware(required_seconds=60, exercise=[question()])
    who = await learner(course(item))
    await who.has_studied(item, 15)
    answer = await who.press(item)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["missing_seconds"], problem["missing_exercise"]) == (
        "StillMissing",
        45,
        True,
    )
    assert "45" in problem["detail"]
    assert await who.progress.told_names() == []


async def test_pressing_before_opening_is_refused(learner: MakeLearner) -> None:
    item = courseware()
    assert (await (await learner(course(item))).press(item)).status_code == 409


async def test_pressing_again_is_harmless(learner: MakeLearner) -> None:
    # P-7
    item = courseware(required_seconds=15)
    who = await learner(course(item))
    first = await who.completes(item)
    again = [await who.press(item) for _ in range(3)]
    assert {a.status_code for a in again} == {200}
    assert all(a.json() == first.json() for a in again)
    assert len(await who.progress.told()) == 1


async def test_many_clicks_at_once_complete_an_hour_once(learner: MakeLearner) -> None:
    # P-7: the race
    items = [courseware(required_seconds=15) for _ in range(5)]
    who = await learner(course(*items))
    await done_at_once(who, *items)
    for item in items:
        answers = await asyncio.gather(*(who.press(item) for _ in range(6)))
        assert sorted(a.status_code for a in answers) == [200] * 5 + [201]
    assert len(await who.progress.told()) == 5


async def test_an_exercise_must_be_done_before_the_hour_counts(learner: MakeLearner) -> None:
    # P-6
    right, other = question(correct=[0]), question(correct=[1])
    item = courseware(required_seconds=15, exercise=[right, other])
    who = await learner(course(item))
    await who.has_studied(item)
    assert (await who.press(item)).json()["missing_exercise"] is True

    path = f"/api/progress/coursewares/{item.courseware_id}/exercise"

    async def answer(first: str, second: str) -> tuple[int, int, bool]:
        """To the two questions, by the words of the choice."""
        shown = (await who.get(path)).json()["questions"]
        assert set(shown[0]) == {"question_id", "kind", "text", "choices"}
        words = {str(right.question_id): first, str(other.question_id): second}
        answers = {q["question_id"]: [q["choices"].index(words[q["question_id"]])] for q in shown}
        done = await who.post(path, {"answers": answers})
        return done.status_code, done.json()["score"], done.json()["passed"]

    assert await answer("核对批次", "核对批次") == (201, 50, False)
    assert await answer("核对批次", "出具证书") == (201, 100, True)
    assert (await who.press(item)).status_code == 201


async def test_an_incomplete_or_foreign_exercise_is_refused_beside_the_question(
    learner: MakeLearner,
) -> None:
    # P-6
    asked = question()
    item = courseware(exercise=[asked])
    who = await learner(course(item))
    path = f"/api/progress/coursewares/{item.courseware_id}/exercise"
    key = str(asked.question_id)
    wrong: list[Any] = [
        {},
        {key: []},
        {key: [2]},
        {key: [-1]},
        {key: [0, 1]},
        {key: [0], str(uuid4()): [0]},
        {key: ["x"]},
        {"x": [0]},
        None,
        7,
    ]
    for answers in wrong:
        refused = await who.post(path, {"answers": answers})
        assert refused.status_code == 422, answers
        assert refused.json()["errors"]
    assert (await who.press(item)).json()["missing_exercise"] is True


async def test_a_courseware_without_an_exercise_needs_none(learner: MakeLearner) -> None:
    # P-6
    item = courseware(required_seconds=15)
    who = await learner(course(item))
    path = f"/api/progress/coursewares/{item.courseware_id}/exercise"
    assert (await who.get(path)).json() == {"attempt": 1, "questions": []}
    assert (await who.post(path, {"answers": {}})).status_code == 201
    assert (await who.completes(item)).status_code == 201


async def test_a_document_is_studied_without_a_player(learner: MakeLearner) -> None:
    # P-2
    item = courseware(required_seconds=30, kind=CoursewareKind.DOCUMENT)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=30, playing=False, position_seconds=0)
    assert (await who.press(item)).status_code == 201


async def forty_hours(learner: MakeLearner, **facts: Any) -> tuple[Learner, list[Courseware]]:
    required = [courseware() for _ in range(10)]
    elective = [courseware() for _ in range(25)]
    certification = [courseware() for _ in range(5)]
    who = await learner(
        course(*required, kind=CourseKind.REQUIRED),
        course(*elective, kind=CourseKind.ELECTIVE),
        course(*certification, kind=CourseKind.CERTIFICATION),
        **facts,
    )
    items = [*required, *elective, *certification]
    for first in range(0, len(items), 15):
        await done_at_once(who, *items[first : first + 15])
    return who, items


async def test_forty_hours_satisfy_a_holders_cycle_once(learner: MakeLearner) -> None:
    # P-10, P-11
    expires_on = clock.today() + timedelta(days=100)
    who, items = await forty_hours(learner, expires_on=expires_on)
    for item in items[:-1]:
        assert (await who.press(item)).status_code == 201
    shown = (await who.get("/api/progress/hours")).json()
    assert shown["cycle"]["ends_on"] == expires_on.isoformat()
    assert [(p["needed"], p["done"]) for p in shown["requirement"]] == [(10, 10), (30, 29)]
    assert (shown["satisfied"], shown["hours_missing"], shown["days_left"]) == (False, 1, 100)

    answers = await asyncio.gather(*(who.press(items[-1]) for _ in range(4)))
    assert {a.json()["hours_total"] for a in answers} == {40}
    shown = (await who.get("/api/progress/hours")).json()
    assert (shown["satisfied"], shown["hours_missing"]) == (True, 0)
    [satisfied] = [m for m in await who.progress.told() if "cycle_satisfied" in m.name]
    told = json.loads(satisfied.body)
    assert told["hours"] == 40
    assert told["cycle_ends_on"] == expires_on.isoformat()
    assert told["cycle_starts_on"] == (years_later(expires_on, -4) + timedelta(1)).isoformat()
    assert told["study_started_on"] <= clock.today().isoformat()


async def test_the_last_hours_of_two_coursewares_at_once_tell_it_once(
    learner: MakeLearner, progress: Running
) -> None:
    # P-10: the race, again and again, with a rule of two hours
    parts = [{"label": "Required courses", "kinds": ["required"], "needed": 2}]
    await progress.pool.execute("UPDATE requirement_rules SET parts = $1", parts)
    items = courseware(), courseware()
    outline = course(*items)
    for _ in range(12):
        who = await learner(outline)
        await done_at_once(who, *items)
        await asyncio.gather(*(who.press(item) for item in items))
    names = await progress.told_names()
    assert names.count("progress.cycle_satisfied.v1") == 12
    assert names.count("progress.courseware_completed.v1") == 24


async def test_a_newcomer_needs_forty_hours_that_are_not_required_ones(
    learner: MakeLearner,
) -> None:
    # P-10
    who, items = await forty_hours(learner, kind=LearnerKind.NEWCOMER)
    for item in items:
        await who.press(item)
    shown = (await who.get("/api/progress/hours")).json()
    assert [(p["needed"], p["done"]) for p in shown["requirement"]] == [(40, 30)]
    assert (shown["satisfied"], shown["hours_done"], shown["hours_missing"]) == (False, 40, 10)
    assert "progress.cycle_satisfied.v1" not in await who.progress.told_names()


async def test_hours_finished_after_the_expiry_satisfy_the_old_cycle(learner: MakeLearner) -> None:
    # P-10
    who, items = await forty_hours(learner, expires_on=date(2023, 7, 6))
    for item in items:
        await who.press(item)
    shown = (await who.get("/api/progress/hours")).json()
    assert shown["cycle"] == {"starts_on": "2019-07-07", "ends_on": "2023-07-06"}
    assert shown["satisfied"] is True


async def test_the_account_waits_for_the_facts_and_then_tells_the_cycle(
    progress: Running, learner: MakeLearner
) -> None:
    # P-10: the facts arrive after the study
    who, items = await forty_hours(learner)
    await progress.pool.execute("UPDATE learners SET version = 0, kind = NULL")
    for item in items:
        assert (await who.press(item)).status_code == 201
    waiting = await who.get("/api/progress/hours")
    assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "2")
    assert "progress.cycle_satisfied.v1" not in await progress.told_names()
    await progress.deliver(registered(who.learner_id))
    assert (await who.get("/api/progress/hours")).json()["satisfied"] is True
    assert (await progress.told_names())[-1] == "progress.cycle_satisfied.v1"


async def test_a_course_bought_again_in_one_cycle_does_not_begin_again(
    learner: MakeLearner,
) -> None:
    # P-10
    item = courseware(required_seconds=15)
    bought = course(item)
    who = await learner(bought)
    await who.completes(item)
    await who.progress.deliver(paid(who.learner_id, bought.course_id))
    [owned] = (await who.get("/api/progress/enrolments")).json()["items"]
    assert owned["hours_done"] == 1
    assert (await who.press(item)).status_code == 200


async def test_a_course_bought_again_in_the_next_cycle_counts_again(learner: MakeLearner) -> None:
    # P-10, P-11: the old hours stay in the account
    who, items = await forty_hours(learner, expires_on=date(2023, 7, 6))
    for item in items:
        await who.press(item)
    fresh = await who.progress.pool.fetchval(
        "SELECT course_id FROM coursewares WHERE courseware_id = $1", items[0].courseware_id
    )
    await who.progress.deliver(paid(who.learner_id, fresh))
    await done_at_once(who, items[0])
    assert (await who.press(items[0])).json() == {"hours_total": 1}
    shown = (await who.get("/api/progress/hours")).json()
    assert shown["cycle"]["starts_on"] == "2023-07-07"
    assert await who.progress.pool.fetchval("SELECT count(*) FROM hour_entries") == 41
