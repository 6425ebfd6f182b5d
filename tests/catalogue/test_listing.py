"""The course centre by API: kinds, search, sort, cursors, what one owns."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from contracts.catalogue import CourseKind
from tests.catalogue.conftest import Publish, a_courseware, order_paid, order_refunded
from tests.conftest import Running, bearer

COURSES = "/api/catalogue/courses"


async def titles(catalogue: Running, **params: Any) -> list[str]:
    response = await catalogue.client.get(COURSES, params=params)
    assert response.status_code == 200, response.text
    return [item["title"] for item in response.json()["items"]]


async def test_a_course_shows_its_hours_price_and_coursewares(
    catalogue: Running, publish: Publish
) -> None:
    course = await publish(hours=3)

    [item] = (await catalogue.client.get(COURSES)).json()["items"]

    assert item["course_id"] == str(course.course_id)
    assert (item["hours"], item["price_fen"]) == (3, 4500)  # C-2, $-1
    assert [w["title"] for w in item["coursewares"]] == [w.title for w in course.coursewares]
    assert item["coursewares"][0]["required_seconds"] == 60
    assert item["owned"] is False


async def test_courses_are_listed_by_kind(catalogue: Running, publish: Publish) -> None:  # C-1
    for kind in CourseKind:
        await publish(title=kind.value, kind=kind)

    for kind in CourseKind:
        assert await titles(catalogue, kind=kind.value) == [kind.value]
    assert len(await titles(catalogue, kind="")) == 3


async def test_an_unknown_kind_is_refused_beside_its_field(catalogue: Running) -> None:
    response = await catalogue.client.get(COURSES, params={"kind": "free"})

    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "kind", "message": "请从选项中选择一个。"}]


async def test_search_finds_a_part_of_a_chinese_title(  # C-4
    catalogue: Running, publish: Publish
) -> None:
    await publish(title="船舶水尺计重实务", summary="吃水")
    await publish(title="纺织品检测方法", summary="甲醛")

    assert await titles(catalogue, q="水尺") == ["船舶水尺计重实务"]
    assert await titles(catalogue, q="纺织 甲醛") == ["纺织品检测方法"]
    assert await titles(catalogue, q="纺织 吃水") == []


async def test_search_looks_into_the_coursewares(catalogue: Running, publish: Publish) -> None:
    await publish(title="重量鉴定", coursewares=(a_courseware(title="第 1 讲 海水密度的测定"),))
    await publish(title="别的")

    assert await titles(catalogue, q="密度") == ["重量鉴定"]


@pytest.mark.parametrize(
    ("word", "found"), [("%", "水分 9%"), ("_", "A_B"), ("\\", "C:\\x"), ("iso", "ISO 17025")]
)
async def test_search_takes_signs_as_themselves(
    catalogue: Running, publish: Publish, word: str, found: str
) -> None:
    for title in ("水分 9%", "A_B", "C:\\x", "ISO 17025"):
        await publish(title=title)

    assert await titles(catalogue, q=word) == [found]


async def test_search_bears_nul_and_refuses_what_is_too_long(
    catalogue: Running, publish: Publish
) -> None:
    await publish(title="水尺")

    assert await titles(catalogue, q="水\0") == ["水尺"]
    response = await catalogue.client.get(COURSES, params={"q": "水" * 61})
    assert response.json()["errors"] == [{"field": "q", "message": "最多 60 个字符。"}]


@pytest.mark.parametrize("sort", ["newest", "hours"])
async def test_walking_by_cursor_meets_every_course_once(
    catalogue: Running, publish: Publish, sort: str
) -> None:
    made = {str((await publish(hours=1 + number % 3)).course_id) for number in range(7)}

    met: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params: dict[str, Any] = {"limit": 2, "sort": sort, "cursor": cursor}
        answer = (await catalogue.client.get(COURSES, params=params)).json()
        met += [item["course_id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        assert len(met) <= len(made)

    assert len(met) == len(made)
    assert set(met) == made


async def test_a_course_published_meanwhile_moves_nothing_in_the_walk(
    catalogue: Running, publish: Publish
) -> None:
    made = [await publish(title=f"{number}") for number in range(4)]
    first = (await catalogue.client.get(COURSES, params={"limit": 2})).json()

    await publish(title="新")
    second = await titles(catalogue, cursor=first["next_cursor"])

    assert second == [made[1].title, made[0].title]


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "不是",
        "a" * 401,
        forged("hours", 2, str(uuid4())),
        forged("newest", "yesterday", str(uuid4())),
        forged("newest", "2026-01-01T00:00:00", str(uuid4())),
        forged("newest", "0001-01-01T00:00:00+14:00", str(uuid4())),
        forged("newest", "2026-01-01T00:00:00+00:00", 7),
        forged("newest", None, None),
        forged("newest"),
        forged({}),
    ],
)
async def test_a_bad_cursor_is_refused_with_a_sentence(catalogue: Running, cursor: str) -> None:
    response = await catalogue.client.get(COURSES, params={"cursor": cursor})

    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["field"] == "cursor"
    assert error["message"]


async def test_limits_have_bounds(catalogue: Running) -> None:
    for limit in (0, 101, "many"):
        response = await catalogue.client.get(COURSES, params={"limit": limit})
        assert response.status_code == 422


async def test_what_was_paid_for_is_marked_as_owned(  # C-4
    catalogue: Running, publish: Publish, learner_token: Callable[..., str]
) -> None:
    learner_id = uuid4()
    mine, other = await publish(title="我的"), await publish(title="别的")
    paid = order_paid(learner_id, mine.course_id)

    assert await catalogue.deliver(paid) is True
    assert await catalogue.deliver(paid) is False
    again = paid.model_copy(update={"event_id": uuid4()})
    assert await catalogue.deliver(again) is True

    assert await owned_by(catalogue, learner_token(learner_id)) == {str(mine.course_id)}
    assert await owned_by(catalogue, learner_token(uuid4())) == set()
    headers = bearer(learner_token(learner_id))
    for choice, course in (("yes", mine), ("no", other)):
        answer = await catalogue.client.get(COURSES, params={"owned": choice}, headers=headers)
        assert [item["title"] for item in answer.json()["items"]] == [course.title]


async def test_what_was_refunded_is_owned_no_more(  # $-8
    catalogue: Running, publish: Publish, learner_token: Callable[..., str]
) -> None:
    learner_id = uuid4()
    back, kept = await publish(title="退款的"), await publish(title="保留的")
    paid = order_paid(learner_id, back.course_id, kept.course_id)
    refunded = order_refunded(paid, back.course_id)
    await catalogue.deliver(paid)

    for _ in range(2):
        event_id = uuid4()
        await catalogue.deliver(refunded.model_copy(update={"event_id": event_id}))
        assert await owned_by(catalogue, learner_token(learner_id)) == {str(kept.course_id)}

    again = order_paid(learner_id, back.course_id)
    await catalogue.deliver(again)
    both = {str(back.course_id), str(kept.course_id)}
    assert await owned_by(catalogue, learner_token(learner_id)) == both
    await catalogue.deliver(refunded.model_copy(update={"event_id": uuid4()}))
    assert await owned_by(catalogue, learner_token(learner_id)) == both


async def test_a_refund_heard_before_its_order_keeps_the_mark_away(  # $-8
    catalogue: Running, publish: Publish, learner_token: Callable[..., str]
) -> None:
    course = await publish()
    paid = order_paid(uuid4(), course.course_id)

    await catalogue.deliver(order_refunded(paid, course.course_id))
    await catalogue.deliver(paid)

    assert await owned_by(catalogue, learner_token(paid.learner_id)) == set()


async def test_two_orders_of_one_course_at_once_are_noted_once(
    catalogue: Running, publish: Publish
) -> None:
    learner_id = uuid4()
    courses = [(await publish()).course_id for _ in range(4)]
    orders = [order_paid(learner_id, *courses), order_paid(learner_id, *reversed(courses))]

    for _ in range(5):
        await asyncio.gather(*(catalogue.deliver(order) for order in orders))

    assert await catalogue.pool.fetchval("SELECT count(*) FROM owned_courses") == 4


async def owned_by(catalogue: Running, token: str) -> set[str]:
    answer = await catalogue.client.get(COURSES, headers=bearer(token))
    return {item["course_id"] for item in answer.json()["items"] if item["owned"]}


async def test_one_course_is_told_without_its_answers(catalogue: Running, publish: Publish) -> None:
    course = await publish()

    response = await catalogue.client.get(f"{COURSES}/{course.course_id}")

    assert response.json()["description"] == "六讲。"
    assert "correct" not in response.text


@pytest.mark.parametrize("kind", ["courses", "packages"])
async def test_what_is_not_there_is_not_found(catalogue: Running, kind: str) -> None:
    response = await catalogue.client.get(f"/api/catalogue/{kind}/{uuid4()}")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] in ("CourseNotFound", "PackageNotFound")
    bad = await catalogue.client.get(f"/api/catalogue/{kind}/7")
    assert bad.status_code == 422
