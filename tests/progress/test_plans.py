"""The plan: how much study is left, and the last day to go on in time. Pure."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import CourseKind
from services.progress.cycles import RequirementPart
from services.progress.model import Plan, Unfinished, make_plan
from services.progress.model.plans import HOUR_SECONDS, PACE_DAYS, USUAL_PACE_SECONDS

TODAY = date(2026, 3, 1)
REQUIRED, ELECTIVE = CourseKind.REQUIRED, CourseKind.ELECTIVE
MINUTE = 60


def part(needed: int, done: int, kind: CourseKind = ELECTIVE) -> RequirementPart:
    return RequirementPart("x", frozenset({kind}), needed, done)


def past(*minutes: int) -> list[tuple[date, int]]:
    """Credited time of the days before today, the last one yesterday."""
    first = TODAY - timedelta(days=len(minutes))
    return [(first + timedelta(days=n), m * MINUTE) for n, m in enumerate(minutes)]


def plan_of(
    *parts: RequirementPart,
    unfinished: list[Unfinished] | None = None,
    days: list[tuple[date, int]] | None = None,
    days_left: int = 100,
) -> Plan:
    ends_on = TODAY + timedelta(days=days_left)
    return make_plan(parts, unfinished or [], days or [], today=TODAY, ends_on=ends_on)


def test_what_is_not_bought_yet_is_reckoned_with_45_minutes_an_hour() -> None:
    # P-11
    plan = plan_of(part(40, 36))
    assert plan.seconds_left == 4 * 45 * MINUTE
    assert (plan.pace_seconds_per_day, plan.usual) == (USUAL_PACE_SECONDS, True)
    # three hours at an hour and a half a day: two days, the second is the cycle's last
    assert plan.last_safe_day == TODAY + timedelta(days=99)
    assert plan.in_time


def test_what_is_studied_already_of_unfinished_coursewares_is_not_left() -> None:
    # P-11
    started = [Unfinished(ELECTIVE, 600), Unfinished(ELECTIVE, 0), Unfinished(REQUIRED, 60)]
    assert plan_of(part(30, 27), unfinished=started).seconds_left == 600 + HOUR_SECONDS
    assert plan_of(part(30, 29), unfinished=started).seconds_left == 0
    assert plan_of(part(30, 30), unfinished=started).seconds_left == 0


def test_required_hours_do_not_shorten_the_others() -> None:
    # P-10
    spare = [Unfinished(REQUIRED, 1) for _ in range(20)]
    plan = plan_of(part(10, 8, REQUIRED), part(30, 29, ELECTIVE), unfinished=spare)
    assert plan.seconds_left == 2 + HOUR_SECONDS


def test_the_pace_is_that_of_the_latest_days_of_study() -> None:
    days = past(*[300] * 5, 0, 0, *[30] * PACE_DAYS)
    plan = plan_of(part(40, 36), days=days)
    assert (plan.pace_seconds_per_day, plan.usual) == (30 * MINUTE, False)
    assert plan.last_safe_day == TODAY + timedelta(days=100 - 5)


def test_a_day_that_is_not_over_and_a_short_look_tell_no_pace() -> None:
    looked_in = (TODAY - timedelta(days=1), 20)
    plan = plan_of(part(40, 36), days=[looked_in, (TODAY, 300)])
    assert (plan.pace_seconds_per_day, plan.usual) == (USUAL_PACE_SECONDS, True)


def test_who_is_too_slow_is_told_what_a_day_needs() -> None:
    plan = plan_of(part(40, 36), days=past(5), days_left=9)
    assert not plan.in_time
    assert plan.needed_seconds_per_day == 3 * 60 * MINUTE / 10
    assert plan.last_safe_day is not None
    assert plan.last_safe_day < TODAY


def test_on_the_last_day_and_after_it() -> None:
    today = plan_of(part(40, 39), days_left=0)
    assert (today.last_safe_day, today.in_time) == (TODAY, True)
    late = plan_of(part(40, 39), days_left=-1)
    assert (late.last_safe_day, late.in_time, late.seconds_left) == (None, False, HOUR_SECONDS)


@settings(deadline=None)
@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 2700), max_size=40),
    st.lists(st.integers(1, 600), max_size=20),
    st.integers(0, 1500),
)
def test_who_goes_on_by_the_last_safe_day_is_done_and_a_day_later_is_not(
    missing: int, owned: list[int], minutes: list[int], days_left: int
) -> None:
    plan = plan_of(
        part(40, 40 - missing),
        unfinished=[Unfinished(ELECTIVE, seconds) for seconds in owned],
        days=past(*minutes),
        days_left=days_left,
    )
    assert plan.last_safe_day is not None
    days = (TODAY + timedelta(days=days_left) - plan.last_safe_day).days + 1
    assert days * plan.pace_seconds_per_day >= plan.seconds_left
    assert plan.seconds_left == 0 or (days - 1) * plan.pace_seconds_per_day < plan.seconds_left
    assert plan.needed_seconds_per_day * (days_left + 1) >= plan.seconds_left
