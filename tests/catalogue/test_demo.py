"""The demo catalogue: enough of every kind, sound questions, and seeding again changes nothing."""

from collections import Counter
from typing import Any

from contracts.catalogue import CoursewareKind, QuestionKind, QuestionRule
from services.catalogue import demo
from services.catalogue.settings import CatalogueSettings
from tests.catalogue.conftest import seed
from tests.conftest import Running


async def everything(catalogue: Running) -> dict[str, list[Any]]:
    tables = ("courses", "coursewares", "questions", "packages", "package_courses", "documents")
    found = {}
    for table in (*tables, "notices", "outbox"):
        rows = await catalogue.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608
        found[table] = [tuple(row) for row in rows]
    return found


async def test_seeding_again_changes_nothing(demo_catalogue: Running) -> None:
    before = await everything(demo_catalogue)

    counted = await seed(demo_catalogue)

    assert await everything(demo_catalogue) == before
    assert counted == {"courses": 25, "packages": 2, "notices": 5}
    assert Counter(await demo_catalogue.told_names()) == {
        "catalogue.course_published.v1": 25,
        "catalogue.package_published.v1": 2,
    }


async def test_there_is_enough_of_every_kind(demo_catalogue: Running) -> None:
    answer = await demo_catalogue.client.get("/api/catalogue/courses", params={"limit": 100})

    hours: Counter[str] = Counter()
    for course in answer.json()["items"]:
        assert 1 <= course["hours"] == len(course["coursewares"]) <= 6  # C-2
        assert course["price_fen"] == course["hours"] * 1500  # $-1
        hours[course["kind"]] += course["hours"]
    assert hours["required"] >= 12  # C-1
    assert hours["elective"] >= 45
    assert hours["certification"] >= 20


async def test_the_packages_hold_exactly_30_and_40_hours(demo_catalogue: Running) -> None:  # C-3
    small, large = (await demo_catalogue.client.get("/api/catalogue/packages")).json()["items"]

    for package, hours, audience in (
        (small, 30, ["holder"]),
        (large, 40, ["newcomer", "titled"]),
    ):
        assert package["hours"] == hours
        assert package["price_fen"] == hours * 1500
        assert package["audience"] == audience
        assert sum(course["hours"] for course in package["courses"]) == hours
        assert {course["kind"] for course in package["courses"]} <= {"elective", "certification"}


def test_study_time_comes_from_the_settings(demo_settings: CatalogueSettings) -> None:
    courses = demo.read_courses(demo_settings)
    lessons = [courseware for course, _ in courses for courseware in course.coursewares]

    assert {lesson.required_seconds for lesson in lessons} == {7}
    assert {lesson.kind for lesson in lessons} == set(CoursewareKind)
    sizes = {len(lesson.exercise) for lesson in lessons}
    assert 0 in sizes
    assert sizes <= {0, 3, 4, 5}


def test_every_course_asks_questions_of_every_kind(demo_settings: CatalogueSettings) -> None:
    for course, _ in demo.read_courses(demo_settings):  # C-5
        lessons = course.coursewares
        kinds = {question.kind for lesson in lessons for question in lesson.popup_questions}
        assert kinds == set(QuestionKind), course.title


def test_a_courseware_has_enough_pop_up_questions_or_asks_none(
    demo_settings: CatalogueSettings,
) -> None:  # P-5
    courses = demo.read_courses(demo_settings)
    lessons = [courseware for course, _ in courses for courseware in course.coursewares]

    for lesson in lessons:
        asks = lesson.question_rule is not QuestionRule.NONE
        assert (len(lesson.popup_questions) >= 3) is asks, lesson.title
        assert all(question.explanation for question in lesson.popup_questions)
    uses = [
        q.question_id for lesson in lessons for q in (*lesson.popup_questions, *lesson.exercise)
    ]
    assert len(uses) == len(set(uses))


def test_some_coursewares_have_rules_of_their_own(demo_settings: CatalogueSettings) -> None:
    courses = demo.read_courses(demo_settings)
    lessons = [courseware for course, _ in courses for courseware in course.coursewares]

    rules = Counter(lesson.question_rule for lesson in lessons)
    assert set(rules) == set(QuestionRule)  # P-5
    assert rules[QuestionRule.RESTART] > len(lessons) - 5
    assert {lesson.max_playback_rate for lesson in lessons} == {1.25, 1.5}  # P-2


def test_documents_are_real_lessons(demo_settings: CatalogueSettings) -> None:
    bodies = [doc.body for _, documents in demo.read_courses(demo_settings) for doc in documents]

    assert len(bodies) == len(set(bodies)) >= 50
    assert min(len(body) for body in bodies) > 200
