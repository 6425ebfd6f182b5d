"""The study desk, and the reference of the API."""

from collections.abc import Callable

from chassis.permissions import Permission
from tests.conftest import Running, bearer
from tests.progress.conftest import MakeLearner, course, courseware


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
    assert shown.text.count("Two coursewares are open") == 2


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
