"""The appeals desk: decided once, never more than that day lost (P-9, P-12)."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from chassis import clock
from chassis.permissions import Permission
from contracts.catalogue import Courseware
from services.progress.audit import audit
from tests.conftest import Running
from tests.progress.conftest import Learner, MakeLearner, course, courseware
from tests.progress.desk import Desk

ANSWER = "机房断电，已核实"


@pytest.fixture
def desk(progress: Running, staff_token: Callable[..., str]) -> Desk:
    return Desk(progress, staff_token(Permission.PROGRESS_READ, Permission.PROGRESS_CORRECT))


async def appeal(who: Learner, item: Courseware) -> str:
    """Study ten minutes with nobody there, and say that it was not so."""
    page = await who.open(item)
    await page.study(until=600, idle_seconds=600)
    body = {"day": clock.today().isoformat(), "words": "我一直在看"}
    answer = await who.post(f"/api/progress/coursewares/{item.courseware_id}/appeals", body)
    assert answer.status_code == 201, answer.text
    appeal_id: str = answer.json()["appeal_id"]
    return appeal_id


async def decide(desk: Desk, appeal_id: str, **form: str) -> httpx.Response:
    said = {"decision": "grant", "minutes": "5", "answer": ANSWER, **form}
    return await desk.post(f"/appeals/{appeal_id}", said)


async def credited_ms(progress: Running) -> int:
    credited: int = await progress.pool.fetchval("SELECT credited_ms FROM courseware_progress")
    return credited


async def test_an_appeal_waits_with_its_words_and_that_day(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware(required_seconds=3600)
    appeal_id = await appeal(await learner(course(item)), item)
    waiting = await desk.get("/appeals")
    assert appeal_id in waiting.text
    assert "我一直在看" in waiting.text
    shown = await desk.get(f"/appeals/{appeal_id}")
    assert "我一直在看" in shown.text
    assert "10 分钟" in shown.text


async def test_granted_minutes_are_credited_by_an_entry_with_the_answer(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    appeal_id = await appeal(who, item)
    before = await credited_ms(progress)
    assert (await decide(desk, appeal_id)).status_code == 303
    assert await credited_ms(progress) == before + 300_000
    shown = await desk.get(f"/learners/{who.learner_id}")
    assert ANSWER in shown.text
    assert "已补计 5 分钟" in shown.text


async def test_no_more_is_granted_than_that_day_lost(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    appeal_id = await appeal(who, item)
    before = await credited_ms(progress)
    refused = await decide(desk, appeal_id, minutes="11")
    assert refused.status_code == 409
    assert "10 分钟" in refused.text
    assert (await decide(desk, appeal_id, minutes="10")).status_code == 303
    body = {"day": clock.today().isoformat(), "words": "再看一次"}
    again = await who.post(f"/api/progress/coursewares/{item.courseware_id}/appeals", body)
    refused = await decide(desk, again.json()["appeal_id"], minutes="1")
    assert refused.status_code == 409
    assert await credited_ms(progress) == before + 600_000


async def test_a_declined_appeal_changes_nothing_and_has_an_answer(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    appeal_id = await appeal(await learner(course(item)), item)
    before = await credited_ms(progress)
    assert (await decide(desk, appeal_id, decision="decline", minutes="")).status_code == 303
    assert await credited_ms(progress) == before
    shown = await desk.get(f"/appeals/{appeal_id}")
    assert ANSWER in shown.text
    assert "未采纳" in shown.text


async def test_two_colleagues_decide_an_appeal_once(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    item = courseware(required_seconds=3600)
    appeal_id = await appeal(await learner(course(item)), item)
    before = await credited_ms(progress)
    answers = await asyncio.gather(*(decide(desk, appeal_id) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert await credited_ms(progress) == before + 300_000


@pytest.mark.parametrize(
    "form", [{"answer": ""}, {"minutes": ""}, {"minutes": "0"}, {"decision": "perhaps"}]
)
async def test_a_decision_says_how_much_and_why(
    learner: MakeLearner, desk: Desk, form: dict[str, str]
) -> None:
    item = courseware(required_seconds=3600)
    appeal_id = await appeal(await learner(course(item)), item)
    assert (await decide(desk, appeal_id, **form)).status_code == 422


async def test_study_time_is_corrected_but_never_below_zero(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    # P-12
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    await who.has_studied(item, 120)
    form = {"courseware": str(item.courseware_id), "why": "教室停电", "minutes": "3"}
    path = f"/learners/{who.learner_id}/corrections/time"
    assert (await desk.post(path, form)).status_code == 303
    assert await credited_ms(progress) == 300_000
    refused = await desk.post(path, {**form, "minutes": "-6"})
    assert refused.status_code == 409
    answers = await asyncio.gather(*(desk.post(path, {**form, "minutes": "-5"}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]
    assert await credited_ms(progress) == 0


async def test_the_audit_agrees_after_grants_and_corrections(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    # P-12: entries stand beside the beats, and the sum is what is credited
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    await decide(desk, await appeal(who, item))
    form = {"courseware": str(item.courseware_id), "why": "教室停电", "minutes": "-2"}
    answer = await desk.post(f"/learners/{who.learner_id}/corrections/time", form)
    assert answer.status_code == 303
    report = await audit(progress.pool)
    assert report.learners == 1
    assert report.differences == []
