"""What progress hears, in any order and any number of times."""

import itertools
from datetime import timedelta

from chassis import clock
from contracts.identity import LearnerKind
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


async def owned(who: Learner) -> list[dict[str, object]]:
    answer = await who.get("/api/progress/enrolments")
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def test_order_course_and_learner_may_come_in_any_order(
    learner: MakeLearner, progress: Running
) -> None:
    # $-2: events come in any order, and repeatedly
    for order in itertools.permutations(range(3)):
        who = await learner()
        await progress.pool.execute("DELETE FROM learners WHERE learner_id = $1", who.learner_id)
        bought = course(courseware(), courseware(), title="取样")
        events = [
            registered(who.learner_id),
            bought,
            paid(who.learner_id, bought.course_id),
        ]
        for step in order:
            await progress.deliver(events[step])
        for event in events:
            assert await progress.deliver(event) is False
        [item] = await owned(who)
        assert (item["title"], item["hours"], item["hours_done"]) == ("取样", 2, 0)
        assert [c["state"] for c in item["coursewares"]] == ["new", "new"]  # type: ignore[attr-defined]
        assert (await who.get("/api/progress/hours")).status_code == 200


async def test_an_owned_course_whose_outline_is_on_its_way_is_shown(
    learner: MakeLearner, progress: Running
) -> None:
    # $-2
    who, bought = await learner(), course(courseware())
    await progress.deliver(paid(who.learner_id, bought.course_id))
    [item] = await owned(who)
    assert (item["course_id"], item["title"], item["coursewares"]) == (
        str(bought.course_id),
        "",
        [],
    )
    await progress.deliver(bought)
    assert (await owned(who))[0]["title"] == bought.title


async def test_one_order_told_twice_enrols_once(learner: MakeLearner, progress: Running) -> None:
    who, bought = await learner(), course(courseware())
    event = paid(who.learner_id, bought.course_id, bought.course_id)
    await progress.deliver(event)
    await progress.deliver(paid(who.learner_id, bought.course_id, order_id=event.order_id))
    assert await progress.pool.fetchval("SELECT count(*) FROM enrolments") == 1


async def test_a_newer_outline_replaces_an_older_one_and_never_back(
    learner: MakeLearner, progress: Running
) -> None:
    # C-2
    kept, dropped, added = courseware(), courseware(), courseware(exercise=[question()])
    first = course(kept, dropped)
    second = course(added, kept, version=2, course_id=first.course_id, title="新版")
    who = await learner(second)
    await progress.deliver(paid(who.learner_id, first.course_id))
    await progress.deliver(first)
    [item] = await owned(who)
    assert item["title"] == "新版"
    shown = [c["courseware_id"] for c in item["coursewares"]]  # type: ignore[attr-defined]
    assert shown == [str(added.courseware_id), str(kept.courseware_id)]


async def test_hours_of_a_dropped_courseware_stay(learner: MakeLearner, progress: Running) -> None:
    # P-11
    dropped, kept = courseware(required_seconds=15), courseware()
    first = course(dropped, kept)
    who = await learner(first)
    await who.completes(dropped)
    await progress.deliver(course(kept, version=2, course_id=first.course_id))
    shown = (await who.get("/api/progress/hours")).json()
    assert shown["hours_done"] == 1


async def test_older_facts_do_not_replace_newer_ones(
    learner: MakeLearner, progress: Running
) -> None:
    # P-10
    who = await learner()
    expires_on = clock.today() + timedelta(days=50)
    await progress.deliver(registered(who.learner_id, version=3, expires_on=expires_on))
    await progress.deliver(registered(who.learner_id, version=2, kind=LearnerKind.NEWCOMER))
    shown = (await who.get("/api/progress/hours")).json()
    assert (shown["kind"], shown["cycle"]["ends_on"]) == ("holder", expires_on.isoformat())


async def test_labels_speak_the_language_of_the_request(learner: MakeLearner) -> None:
    who = await learner()
    answer = await who.get("/api/progress/hours?lang=en")
    assert answer.json()["requirement"][0]["label"] == "Required courses"
    answer = await who.get("/api/progress/hours?lang=zh")
    assert answer.json()["requirement"][0]["label"] == "必修课"
