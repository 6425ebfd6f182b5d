"""Putting an hour account right: an entry with a reason, never an edit (P-12)."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from chassis import clock
from chassis.permissions import Permission
from tests.conftest import Running
from tests.progress.conftest import Learner, MakeLearner, course, courseware
from tests.progress.desk import Desk


@pytest.fixture
def desk(progress: Running, staff_token: Callable[..., str]) -> Desk:
    rights = (Permission.PROGRESS_READ, Permission.PROGRESS_CORRECT)
    return Desk(progress, staff_token(*rights))


async def correct(desk: Desk, who: Learner, hours: int, **more: str) -> httpx.Response:
    form = {"course_kind": "required", "reason": "线下补学，有签到表", "hours": str(hours), **more}
    return await desk.post(f"/learners/{who.learner_id}/corrections/hours", form)


async def hours_done(who: Learner) -> int:
    answer = await who.get("/api/progress/hours")
    done: int = answer.json()["hours_done"]
    return done


async def test_staff_add_hours_and_the_account_counts_them(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    # P-12
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    answer = await correct(desk, who, 2)
    assert answer.status_code == 303
    account = (await who.get("/api/progress/hours")).json()
    assert account["hours_done"] == 3
    assert account["requirement"][0]["done"] == 3
    told = [m for m in await progress.told() if m.name == "progress.hours_corrected.v1"]
    event: dict[str, Any] = json.loads(told[0].body)
    assert (event["hours"], event["hours_total"]) == (2, 3)
    assert event["reason"] == "线下补学，有签到表"


async def test_the_learner_reads_the_correction_and_its_reason(
    learner: MakeLearner, desk: Desk
) -> None:
    who = await learner(course(courseware()))
    await correct(desk, who, 1)
    shown = await desk.get(f"/learners/{who.learner_id}")
    assert "线下补学，有签到表" in shown.text
    assert "李文" in shown.text
    own = await who.get("/hours")
    assert "线下补学，有签到表" in own.text


async def test_hours_are_taken_away_but_never_below_zero(learner: MakeLearner, desk: Desk) -> None:
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    assert (await correct(desk, who, -1)).status_code == 303
    assert await hours_done(who) == 0
    refused = await correct(desk, who, -1)
    assert refused.status_code == 409
    assert "只有 0 学时" in refused.text
    assert await hours_done(who) == 0


async def test_hours_of_one_kind_are_not_taken_from_another(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    assert (await correct(desk, who, -1, course_kind="elective")).status_code == 409


async def test_two_staff_take_the_same_last_hour_away_once(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    answers = await asyncio.gather(*(correct(desk, who, -1) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert await hours_done(who) == 0


async def test_the_last_missing_hours_satisfy_the_cycle(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    # P-10: nothing was studied, all hours are known from elsewhere
    who = await learner()
    await correct(desk, who, 10)
    assert "progress.cycle_satisfied.v1" not in await progress.told_names()
    await correct(desk, who, 30, course_kind="elective")
    told = [m for m in await progress.told() if m.name == "progress.cycle_satisfied.v1"]
    event = json.loads(told[0].body)
    assert event["hours"] == 40
    assert event["study_started_on"] == clock.today().isoformat()


@pytest.mark.parametrize(
    "said", [{"hours": "0"}, {"hours": "41"}, {"hours": "x"}, {"hours": "1", "reason": ""}]
)
async def test_a_correction_needs_hours_and_a_reason(
    learner: MakeLearner, desk: Desk, said: dict[str, str]
) -> None:
    who = await learner()
    form = {"course_kind": "required", "reason": "线下补学", **said}
    answer = await desk.post(f"/learners/{who.learner_id}/corrections/hours", form)
    assert answer.status_code == 422
    assert await hours_done(who) == 0


async def test_a_correction_is_never_rewritten(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    # P-12: "never by editing history"
    await correct(desk, await learner(), 1)
    for statement in ("UPDATE hour_corrections SET hours = 9", "DELETE FROM hour_corrections"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await progress.pool.execute(statement)


async def test_nobody_corrects_without_the_right(
    learner: MakeLearner, progress: Running, staff_token: Callable[..., str]
) -> None:
    reader = Desk(progress, staff_token(Permission.PROGRESS_READ))
    who = await learner()
    assert (await correct(reader, who, 1)).status_code == 403
    assert (await reader.get(f"/learners/{who.learner_id}/corrections")).status_code == 403
    shown = await reader.get(f"/learners/{who.learner_id}")
    assert shown.status_code == 200
    assert "更正记录" not in shown.text


async def test_who_is_not_known_has_no_record(desk: Desk) -> None:
    stranger = "01990000-0000-7000-8000-000000000000"
    assert (await desk.get(f"/learners/{stranger}")).status_code == 404
    form = {"course_kind": "required", "hours": "1", "reason": "线下补学"}
    answer = await desk.post(f"/learners/{stranger}/corrections/hours", form)
    assert answer.status_code == 404
