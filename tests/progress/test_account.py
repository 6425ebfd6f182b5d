"""The hour account from the order to the satisfied cycle: every kind of learner, every way of
choosing that the notice names, one cycle after the other. Also the plan beside it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import clock
from contracts.catalogue import CourseKind, CoursePublished, Courseware
from contracts.identity import LearnerKind
from contracts.payments import ItemKind
from services.progress.cycles import years_later
from tests.conftest import Running
from tests.progress.conftest import Learner, MakeLearner, course, courseware, paid, registered
from tests.progress.test_completing import done_at_once

HOLDER, NEWCOMER, TITLED = LearnerKind.HOLDER, LearnerKind.NEWCOMER, LearnerKind.TITLED
REQUIRED, ELECTIVE = CourseKind.REQUIRED, CourseKind.ELECTIVE
CERTIFICATION = CourseKind.CERTIFICATION
SATISFIED = "progress.cycle_satisfied.v1"


def outlines(kind: CourseKind, hours: int) -> list[CoursePublished]:
    """Courses of ten hours, and one with the rest."""
    sizes = [10] * (hours // 10) + ([hours % 10] if hours % 10 else [])
    return [course(*(courseware() for _ in range(size)), kind=kind) for size in sizes]


@dataclass(frozen=True)
class Way:
    """What is bought, besides the required hours of a holder, and as what."""

    elective: int
    certification: int
    as_package: bool = False


ELECTIVE_ONLY, MIXED = Way(1, 0), Way(2, 1)
PACKAGE = Way(2, 1, as_package=True)


async def buy(who: Learner, *bought: CoursePublished, as_package: bool = False) -> None:
    """One order with the whole package, or an order for each course."""
    for each in bought:
        await who.progress.deliver(each)
    if as_package:
        await who.progress.deliver(paid(who.learner_id, *(each.course_id for each in bought)))
        return
    for each in bought:
        order = paid(who.learner_id, each.course_id)
        [line] = order.lines
        single = line.model_copy(update={"kind": ItemKind.COURSE, "item_id": each.course_id})
        await who.progress.deliver(order.model_copy(update={"lines": [single]}))


async def complete_all(who: Learner, bought: list[CoursePublished]) -> list[dict[str, Any]]:
    """Study and press 「学过了」 for each hour; how the account stood after each of them."""
    accounts = []
    for each in bought:
        await done_at_once(who, *each.coursewares)
        for item in each.coursewares:
            assert (await who.press(item)).status_code == 201
            accounts.append((await who.get("/api/progress/hours")).json())
    return accounts


async def told_satisfied(progress: Running) -> list[dict[str, Any]]:
    return [json.loads(m.body) for m in await progress.told() if m.name == SATISFIED]


@pytest.mark.parametrize("way", [ELECTIVE_ONLY, PACKAGE, MIXED])
@pytest.mark.parametrize("kind", [HOLDER, NEWCOMER, TITLED])
async def test_each_learner_satisfies_the_cycle_in_each_way_of_choosing(
    learner: MakeLearner, kind: LearnerKind, way: Way
) -> None:
    # P-10, C-3
    who = await learner(kind=kind)
    chosen = 30 if kind is HOLDER else 40
    certification = chosen * way.certification // (way.elective + way.certification)
    required = outlines(REQUIRED, 10) if kind is HOLDER else []
    others = outlines(ELECTIVE, chosen - certification) + outlines(CERTIFICATION, certification)
    await buy(who, *required)
    await buy(who, *others, as_package=way.as_package)

    accounts = await complete_all(who, [*required, *others])
    assert [a["hours_missing"] for a in accounts] == list(range(39, -1, -1))
    assert [a["satisfied"] for a in accounts] == [False] * 39 + [True]
    assert [a["plan"] is None for a in accounts] == [False] * 39 + [True]
    needed = [(p["needed"], p["done"]) for p in accounts[-1]["requirement"]]
    assert needed == ([(10, 10), (30, 30)] if kind is HOLDER else [(40, 40)])
    [told] = await told_satisfied(who.progress)
    assert (told["hours"], told["cycle_ends_on"]) == (40, accounts[-1]["cycle"]["ends_on"])

    text = (await who.get("/hours")).text
    assert "已学 <strong>40 学时</strong>，本周期的要求已学满。" in text
    ticks = re.findall(r'<circle class="(\w+)"[^>]*stroke-dasharray="(\d+) 40"', text)
    assert ticks == ([("required", "10"), ("elective", "30")] if required else [("elective", "40")])


@pytest.mark.parametrize("kind", [HOLDER, NEWCOMER, TITLED])
async def test_more_of_one_part_does_not_fill_another(
    learner: MakeLearner, progress: Running, kind: LearnerKind
) -> None:
    # P-10: with forty required hours nobody is done
    who = await learner(kind=kind)
    bought = outlines(REQUIRED, 40)
    await buy(who, *bought)
    last = (await complete_all(who, bought))[-1]
    assert last["hours_missing"] == (30 if kind is HOLDER else 40)
    assert (last["hours_done"], last["satisfied"]) == (40, False)
    assert await told_satisfied(progress) == []


@pytest.mark.parametrize("kind", [HOLDER, NEWCOMER, TITLED])
async def test_cycles_of_four_years_follow_each_other(
    learner: MakeLearner, progress: Running, kind: LearnerKind
) -> None:
    # P-10, P-11: with a rule of two hours
    parts = [{"label": "Elective and certification courses", "kinds": ["elective"], "needed": 2}]
    await progress.pool.execute("UPDATE requirement_rules SET parts = $1", parts)
    who = await learner(kind=kind)
    ended_on = clock.today() - timedelta(days=30)
    began = datetime.combine(years_later(ended_on, -4) + timedelta(1), datetime.min.time(), UTC)
    await progress.deliver(
        registered(who.learner_id, kind=kind, expires_on=ended_on, registered_at=began, version=2)
    )
    bought = outlines(ELECTIVE, 2)
    await buy(who, *bought)
    first = (await complete_all(who, bought))[-1]
    assert (first["satisfied"], first["cycle"]["ends_on"]) == (True, ended_on.isoformat())

    await buy(who, *bought)
    [empty] = [(await who.get("/api/progress/hours")).json()]
    starts_on, ends_on = ended_on + timedelta(days=1), years_later(ended_on, 4)
    assert empty["cycle"] == {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    assert (empty["hours_done"], empty["satisfied"]) == (0, False)
    second = (await complete_all(who, bought))[-1]
    assert (second["hours_done"], second["satisfied"]) == (2, True)
    told = await told_satisfied(progress)
    assert [t["cycle_ends_on"] for t in told] == [ended_on.isoformat(), ends_on.isoformat()]
    assert "以前的周期" in (await who.get("/hours")).text


async def studied_before(who: Learner, item: Courseware, *, days_ago: int, seconds: int) -> None:
    """That much was credited on that day."""
    await who.progress.pool.execute(
        "INSERT INTO study_days (learner_id, day, credited_ms) VALUES ($1, $2, $3)",
        who.learner_id,
        clock.today() - timedelta(days=days_ago),
        seconds * 1000,
    )


async def test_the_plan_reckons_with_what_is_owned_and_with_the_own_pace(
    learner: MakeLearner,
) -> None:
    # P-11
    items = [courseware(required_seconds=600), courseware(required_seconds=600)]
    expires_on = clock.today() + timedelta(days=100)
    who = await learner(course(*items), expires_on=expires_on)
    await who.has_studied(items[0], 120)
    plan = (await who.get("/api/progress/hours")).json()["plan"]
    left = 480 + 600 + 38 * 45 * 60
    assert plan == {
        "seconds_left": left,
        "pace_seconds_per_day": 90 * 60,
        "last_safe_day": (expires_on - timedelta(days=-(-left // 5400) - 1)).isoformat(),
    }
    text = (await who.get("/hours")).text
    assert "大约还要学 <strong>28 小时 50 分</strong>" in text
    assert "按每天学 1 小时 30 分计算" in text

    await studied_before(who, items[0], days_ago=3, seconds=3600)
    await studied_before(who, items[0], days_ago=20, seconds=1800)
    plan = (await who.get("/api/progress/hours")).json()["plan"]
    assert plan["pace_seconds_per_day"] == 2700
    for path in ("/hours", "/study"):
        assert "最晚" in (await who.get(path)).text, path


async def test_who_cannot_be_done_at_the_own_pace_reads_what_a_day_needs(
    learner: MakeLearner,
) -> None:
    # P-11
    item = courseware()
    who = await learner(course(item), expires_on=clock.today() + timedelta(days=9))
    await studied_before(who, item, days_ago=1, seconds=600)
    for path in ("/hours", "/study"):
        assert "从今天起每天学 <strong>3 小时</strong>" in (await who.get(path)).text, path


async def test_the_account_leads_from_an_hour_to_its_record(learner: MakeLearner) -> None:
    # P-11
    item = courseware(required_seconds=15)
    who = await learner(course(item))
    await who.completes(item)
    assert f'href="/study/{item.courseware_id}/record"' in (await who.get("/hours")).text
