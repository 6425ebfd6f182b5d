"""Publishing: told once, with a version that grows, and only what is fit to be sold."""

import asyncio
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from chassis import ids
from chassis.db import transaction
from chassis.refusals import Refusal
from contracts.catalogue import CourseKind, QuestionKind, QuestionRule
from contracts.identity import LearnerKind
from services.catalogue import actions
from services.catalogue.model import (
    Course,
    CourseInPackage,
    CourseNotFound,
    CourseWithoutCoursewares,
    Package,
    PackageCourseMissing,
    PackageHoursDiffer,
    PackageWithRequiredCourse,
    PlaybackRateUnsound,
    QuestionUnsound,
)
from tests.catalogue.conftest import Publish, a_course, a_courseware, a_question, order_paid
from tests.conftest import Running


async def publish_course(catalogue: Running, course: Course) -> int:
    async with transaction(catalogue.pool) as tx:
        return await actions.publish_course(tx, course)


async def retire(catalogue: Running, course: Course) -> None:
    async with transaction(catalogue.pool) as tx:
        await actions.retire_course(tx, course.course_id)


async def publish_package(catalogue: Running, package: Package) -> int:
    async with transaction(catalogue.pool) as tx:
        return await actions.publish_package(tx, package)


def a_package(*courses: Course, **values: Any) -> Package:
    hours = sum(course.hours for course in courses)
    standing: dict[str, Any] = {
        "package_id": ids.new_id(),
        "title": "打包课程",
        "summary": "几门课一次买齐。",
        "audience": (LearnerKind.HOLDER,),
        "hours": hours,
        "price_fen": 1500 * hours,
        "course_ids": tuple(course.course_id for course in courses),
    }
    return Package(**(standing | values))


async def told(catalogue: Running, name: str) -> list[dict[str, Any]]:
    return [json.loads(m.body) for m in await catalogue.told() if m.name == name]


async def test_a_course_is_told_with_its_questions(catalogue: Running) -> None:  # C-5
    question = a_question(explanation="左右各三处。")
    courseware = a_courseware(popup_questions=[question], exercise=[a_question()])
    course = a_course(coursewares=(courseware,), price_fen=1500)

    assert await publish_course(catalogue, course) == 1

    [event] = await told(catalogue, "catalogue.course_published.v1")
    assert (event["version"], event["hours"], event["price_fen"]) == (1, 1, 1500)
    [shown] = event["coursewares"]
    assert shown["popup_questions"] == [question.model_dump(mode="json")]
    assert len(shown["exercise"]) == 1


async def test_a_courseware_is_told_with_its_rules(catalogue: Running) -> None:  # P-2, P-5
    usual = a_courseware()
    own = a_courseware(2, question_rule=QuestionRule.CHECKPOINT, max_playback_rate=1.25)
    course = a_course(coursewares=(usual, own))
    await publish_course(catalogue, course)

    [event] = await told(catalogue, "catalogue.course_published.v1")
    page = (await catalogue.client.get(f"/api/catalogue/courses/{course.course_id}")).json()
    for coursewares in (event["coursewares"], page["coursewares"]):
        assert [(w["question_rule"], w["max_playback_rate"]) for w in coursewares] == [
            ("restart", 1.5),
            ("checkpoint", 1.25),
        ]


@pytest.mark.parametrize("rules", [{"question_rule": QuestionRule.NONE}, {"max_playback_rate": 2}])
async def test_a_changed_rule_is_told_once_with_the_next_version(
    catalogue: Running, rules: dict[str, Any]
) -> None:
    courseware = a_courseware(max_playback_rate=4 / 3)
    course = a_course(coursewares=(courseware,))
    changed = replace(course, coursewares=(courseware.model_copy(update=rules),))

    assert [await publish_course(catalogue, course) for _ in range(2)] == [1, 1]
    assert [await publish_course(catalogue, changed) for _ in range(2)] == [2, 2]

    assert await catalogue.told_names() == ["catalogue.course_published.v1"] * 2


@pytest.mark.parametrize(
    ("rate", "sound"),
    [(1, True), (2, True), (0.99, False), (2.01, False), (math.nan, False), (math.inf, False)],
)
async def test_a_courseware_runs_at_its_own_speed_up_to_twice_that(  # P-2
    catalogue: Running, rate: float, sound: bool
) -> None:
    course = a_course(coursewares=(a_courseware(max_playback_rate=rate),))

    if sound:
        assert await publish_course(catalogue, course) == 1
    else:
        with pytest.raises(PlaybackRateUnsound):
            await publish_course(catalogue, course)
        assert await catalogue.told_names() == []


async def test_publishing_the_same_again_tells_nothing(catalogue: Running) -> None:
    course = a_course(coursewares=(a_courseware(exercise=[a_question()]),))

    assert [await publish_course(catalogue, course) for _ in range(3)] == [1, 1, 1]

    assert await catalogue.told_names() == ["catalogue.course_published.v1"]


async def test_a_changed_course_is_told_with_the_next_version(catalogue: Running) -> None:
    course = a_course()
    await publish_course(catalogue, course)
    shorter = replace(course, title="新名", coursewares=course.coursewares[:1], price_fen=1500)

    assert await publish_course(catalogue, shorter) == 2
    turned = replace(course, coursewares=course.coursewares[::-1])
    assert await publish_course(catalogue, turned) == 3

    events = await told(catalogue, "catalogue.course_published.v1")
    assert [(event["version"], event["hours"]) for event in events] == [(1, 2), (2, 1), (3, 2)]
    page = (await catalogue.client.get(f"/api/catalogue/courses/{course.course_id}")).json()
    assert [w["courseware_id"] for w in page["coursewares"]] == [
        str(w.courseware_id) for w in turned.coursewares
    ]


async def test_one_course_published_by_two_at_once_is_told_once(catalogue: Running) -> None:
    for _ in range(10):
        course = a_course()
        versions = await asyncio.gather(*(publish_course(catalogue, course) for _ in range(3)))
        assert versions == [1, 1, 1]
    assert await catalogue.told_names() == ["catalogue.course_published.v1"] * 10


async def test_two_changes_at_once_get_two_versions(catalogue: Running) -> None:
    course = a_course()
    await publish_course(catalogue, course)
    changes = [replace(course, title=f"名 {number}") for number in range(3)]

    versions = await asyncio.gather(*(publish_course(catalogue, change) for change in changes))

    assert sorted(versions) == [2, 3, 4]


@pytest.mark.parametrize(
    ("question", "sound"),
    [
        (a_question(), True),
        (a_question(kind=QuestionKind.MULTIPLE, correct=[0, 1]), True),
        (a_question(kind=QuestionKind.TRUE_FALSE), True),
        (a_question(correct=[]), False),
        (a_question(correct=[2]), False),
        (a_question(correct=[0, 1]), False),
        (a_question(kind=QuestionKind.MULTIPLE, correct=[1, 1]), False),
        (a_question(choices=["只有一个"], correct=[0]), False),
        (a_question(kind=QuestionKind.TRUE_FALSE, choices=["对", "错", "不知道"]), False),
    ],
)
async def test_only_questions_that_can_be_scored_are_published(
    catalogue: Running, question: Any, sound: bool
) -> None:
    course = a_course(coursewares=(a_courseware(exercise=[question]),))

    if sound:
        assert await publish_course(catalogue, course) == 1
    else:
        with pytest.raises(QuestionUnsound):
            await publish_course(catalogue, course)
        assert await catalogue.told_names() == []


async def test_a_course_needs_a_courseware(catalogue: Running) -> None:  # C-2
    with pytest.raises(CourseWithoutCoursewares):
        await publish_course(catalogue, a_course(coursewares=()))


async def test_a_retired_course_is_gone_for_all_but_its_owners(
    catalogue: Running, publish: Publish, learner_token: Any
) -> None:
    course, learner_id = await publish(), ids.new_id()
    await catalogue.deliver(order_paid(learner_id, course.course_id))

    for _ in range(2):
        await retire(catalogue, course)

    [event] = await told(catalogue, "catalogue.course_retired.v1")
    assert event["version"] == 2
    address = f"/api/catalogue/courses/{course.course_id}"
    assert (await catalogue.client.get(address)).status_code == 404
    assert (await catalogue.client.get("/api/catalogue/courses")).json()["items"] == []
    headers = {"Authorization": f"Bearer {learner_token(learner_id)}"}
    assert (await catalogue.client.get(address, headers=headers)).json()["state"] == "retired"
    assert await publish_course(catalogue, course) == 3


async def test_what_was_never_published_cannot_be_retired(catalogue: Running) -> None:
    with pytest.raises(CourseNotFound):
        await retire(catalogue, a_course())


async def test_a_package_is_told_once_with_its_courses(  # C-3
    catalogue: Running, publish: Publish
) -> None:
    package = a_package(await publish(), await publish(kind=CourseKind.CERTIFICATION))

    assert [await publish_package(catalogue, package) for _ in range(2)] == [1, 1]
    assert await publish_package(catalogue, replace(package, title="新名")) == 2

    events = await told(catalogue, "catalogue.package_published.v1")
    assert [event["version"] for event in events] == [1, 2]
    assert events[0]["course_ids"] == [str(course_id) for course_id in package.course_ids]
    assert (events[0]["hours"], events[0]["price_fen"]) == (4, 6000)


async def test_a_package_keeps_to_its_rules(catalogue: Running, publish: Publish) -> None:  # C-3
    required, elective = await publish(kind=CourseKind.REQUIRED), await publish()
    refused: list[tuple[Package, type[Refusal]]] = [
        (a_package(), PackageCourseMissing),
        (a_package(a_course()), PackageCourseMissing),
        (a_package(elective, elective), PackageCourseMissing),
        (a_package(required), PackageWithRequiredCourse),
        (a_package(elective, hours=30), PackageHoursDiffer),
    ]

    for package, refusal in refused:
        with pytest.raises(refusal):
            await publish_package(catalogue, replace(package, hours=package.hours or 1))
    assert "catalogue.package_published.v1" not in await catalogue.told_names()


async def test_a_course_in_a_package_keeps_its_hours(catalogue: Running, publish: Publish) -> None:
    course = await publish()
    await publish_package(catalogue, a_package(course))

    with pytest.raises(CourseInPackage):
        await retire(catalogue, course)
    with pytest.raises(CourseInPackage):
        await publish_course(catalogue, replace(course, coursewares=course.coursewares[:1]))
    assert await publish_course(catalogue, replace(course, title="新名")) == 2


async def test_a_course_is_packed_or_retired_but_not_both(
    catalogue: Running, publish: Publish
) -> None:
    for _ in range(10):
        course = await publish()
        results = await asyncio.gather(
            publish_package(catalogue, a_package(course)),
            retire(catalogue, course),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Refusal) for result in results) == 1, results
