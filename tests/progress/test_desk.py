"""The study desk, and the reference of the API."""

import re
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from chassis import clock
from chassis.permissions import Permission
from services.progress.staff import learners, studying
from tests.conftest import Running, bearer
from tests.progress.conftest import MakeLearner, course, courseware
from tests.progress.desk import PLACE, Desk


@pytest.fixture
def desk(progress: Running, staff_token: Callable[..., str]) -> Desk:
    return Desk(progress, staff_token(Permission.PROGRESS_READ))


def next_page(answer: httpx.Response) -> str:
    """Where 「下一页」 leads."""
    found = re.search(r'href="([^"]+)" rel="next"', answer.text)
    assert found is not None
    return found[1].replace("&amp;", "&").removeprefix(PLACE)


async def test_staff_see_who_is_studying(
    learner: MakeLearner, progress: Running, staff_token: Callable[..., str]
) -> None:
    # P-12, the first part
    staff = bearer(staff_token(Permission.PROGRESS_READ))
    empty = await progress.client.get("/staff/progress", headers=staff)
    assert "现在没有人在学习" in empty.text
    first, second = courseware(), courseware()
    who = await learner(course(first, second))
    await who.open(first)
    shown = await progress.client.get("/staff/progress", headers=staff)
    assert "钟检" in shown.text
    assert "正在计时" in shown.text
    await who.open(second)
    shown = await progress.client.get("/staff/progress?lang=en", headers=staff)
    assert "Today: 1 learners, 0 hours completed." in shown.text
    rows = shown.text.partition("<tbody")[2]
    assert rows.count("Two coursewares are open") == 2
    assert "2 pages are open" in shown.text


async def test_the_list_that_the_page_fetches_again_is_a_part_of_it(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware()
    who = await learner(course(item))
    await who.open(item)
    part = await desk.get("/now")
    assert part.status_code == 200
    assert part.text.strip().splitlines()[0] == '<div class="section-head">'
    assert part.text.strip() in (await desk.get()).text


async def test_a_long_list_of_who_studies_goes_on(
    learner: MakeLearner, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studying, "PAGE_ROWS", 2)
    for number in range(3):
        item = courseware()
        who = await learner(course(item, title=f"课程{number}"))
        await who.open(item)
    first = await desk.get()
    assert "课程2" in first.text
    assert "课程0" not in first.text
    second = await desk.get(next_page(first))
    assert "课程0" in second.text
    assert "课程2" not in second.text
    assert "3 个课件打开着" in second.text


async def test_the_days_of_all_learners_stand_in_a_chart_with_its_table(
    learner: MakeLearner, desk: Desk, progress: Running
) -> None:
    for _ in range(2):
        who = await learner()
        await progress.pool.execute(
            "INSERT INTO study_days (learner_id, day, credited_ms) VALUES ($1, $2, 3600000)",
            who.learner_id,
            clock.today(),
        )
    shown = await desk.get("?lang=en")
    assert "2 hours in the last 30 days" in shown.text
    assert '<tr><th scope="row">Today</th><td class="amount">2</td></tr>' in shown.text


async def test_a_learner_is_found_by_the_beginning_of_name_or_account_id(
    learner: MakeLearner, desk: Desk
) -> None:
    who = await learner()
    for wanted in ("钟", "钟检", str(who.learner_id)[:8], str(who.learner_id)):
        found = await desk.get(f"/learners?q={wanted}")
        assert f"/learners/{who.learner_id}" in found.text, wanted
    for wanted in ("检", "%", "abcdef0123"):
        found = await desk.get(f"/learners?q={quote(wanted)}")
        assert f"/learners/{who.learner_id}" not in found.text, wanted


async def test_the_search_goes_on_in_the_order_of_names(
    learner: MakeLearner, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learners, "PAGE_ROWS", 2)
    made = sorted([(await learner()).learner_id for _ in range(5)])
    seen: list[str] = []
    answer = await desk.get(f"/learners?q={quote('钟')}")
    for _ in range(3):
        seen += re.findall(r'href="/staff/progress/learners/([0-9a-f-]{36})"', answer.text)
        if 'rel="next"' in answer.text:
            answer = await desk.get(next_page(answer))
    assert seen == [str(one) for one in made]


async def test_the_name_search_uses_its_index(progress: Running) -> None:
    async with progress.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(
            """
            EXPLAIN SELECT learner_id FROM learners
             WHERE real_name COLLATE "C" >= '钟' AND real_name COLLATE "C" < '钟\U0010ffff'
             ORDER BY real_name COLLATE "C", learner_id LIMIT 50
            """
        )
    assert "learners_by_name" in str(plan)


async def test_a_learners_page_shows_what_is_recorded(learner: MakeLearner, desk: Desk) -> None:
    # P-11, P-12
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    shown = await desk.get(f"/learners/{who.learner_id}?lang=en")
    assert "<strong>39</strong> are missing" in shown.text
    assert item.title in shown.text
    assert "Completed" in shown.text


async def test_the_desk_is_for_staff_with_the_right(
    progress: Running, staff_token: Callable[..., str], learner_token: Callable[..., str]
) -> None:
    for token, status in (
        (staff_token(Permission.PAYMENTS_READ), 403),
        (learner_token(), 303),
    ):
        answer = await progress.client.get("/staff/progress", headers=bearer(token))
        assert answer.status_code == status


async def test_the_reference_describes_the_hot_path(progress: Running) -> None:
    answer = await progress.client.get("/api/progress/openapi.json")
    assert answer.status_code == 200
    described = answer.json()["paths"]["/api/progress/heartbeats"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) == {"session_token", "beats"}
    assert "seq" in body["properties"]["beats"]["items"]["properties"]


async def test_a_coursewares_day_shows_each_stretch_with_its_reason(
    learner: MakeLearner, desk: Desk
) -> None:
    # P-9: also for staff
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=60)
    await page.study(since=60, until=180, visible=False)
    place = f"/learners/{who.learner_id}/coursewares/{item.courseware_id}?lang=en"
    shown = await desk.get(place)
    assert "1 minute credited" in shown.text
    assert "Page not visible" in shown.text


async def test_there_is_no_record_of_what_a_learner_does_not_own(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware()
    await learner(course(item))
    other = await learner()
    answer = await desk.get(f"/learners/{other.learner_id}/coursewares/{item.courseware_id}")
    assert answer.status_code == 404
