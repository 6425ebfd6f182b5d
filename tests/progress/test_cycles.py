"""Cycles, dated rules, and what counts for which."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind
from services.progress.cycles import (
    Cycle,
    Hour,
    HourCorrection,
    LearnerFacts,
    Rule,
    RulePart,
    SatisfiedCycle,
    begins_after,
    corrections_of,
    count,
    cycle_of,
    hours_of,
    is_satisfied,
    rule_for,
    years_later,
)

REQUIRED, ELECTIVE = CourseKind.REQUIRED, CourseKind.ELECTIVE
OTHERS = frozenset({CourseKind.ELECTIVE, CourseKind.CERTIFICATION})
HOLDER_RULE = Rule(
    LearnerKind.HOLDER,
    date(2023, 1, 1),
    (RulePart("必修课", frozenset({REQUIRED}), 10), RulePart("选修课", OTHERS, 30)),
)


def holder(expires_on: date) -> LearnerFacts:
    return LearnerFacts(uuid4(), LearnerKind.HOLDER, expires_on, datetime(2020, 1, 1, tzinfo=UTC))


def newcomer(registered_at: datetime) -> LearnerFacts:
    return LearnerFacts(uuid4(), LearnerKind.NEWCOMER, None, registered_at)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def hours(number: int, kind: CourseKind, on: date) -> list[Hour]:
    return [Hour(uuid4(), kind, noon(on)) for _ in range(number)]


def satisfied(cycle: Cycle, on: date) -> SatisfiedCycle:
    return SatisfiedCycle(cycle.starts_on, cycle.ends_on, 40, noon(on))


def test_a_holders_cycle_ends_with_the_certificate() -> None:
    # P-10
    cycle = cycle_of(holder(date(2024, 3, 1)), [], date(2023, 5, 1))
    assert cycle == Cycle(date(2020, 3, 2), date(2024, 3, 1))


def test_others_have_four_years_from_their_registration() -> None:
    # P-10: the business date is the one in China
    facts = newcomer(datetime(2024, 5, 31, 17, tzinfo=UTC))
    assert cycle_of(facts, [], date(2025, 1, 1)) == Cycle(date(2024, 6, 1), date(2028, 5, 31))


def test_the_cycle_is_the_one_that_today_lies_in() -> None:
    facts = holder(date(2031, 3, 1))
    assert cycle_of(facts, [], date(2026, 1, 1)) == Cycle(date(2023, 3, 2), date(2027, 3, 1))


def test_an_unsatisfied_cycle_goes_on_after_its_end() -> None:
    # P-10: hours finished late still belong to it
    facts = holder(date(2023, 7, 6))
    cycle = cycle_of(facts, [], date(2025, 1, 1))
    assert cycle.ends_on == date(2023, 7, 6)
    late = hours(3, REQUIRED, date(2025, 1, 1))
    assert hours_of(cycle, late, []) == late


def test_a_cycle_satisfied_in_time_is_followed_by_the_next() -> None:
    facts = holder(date(2023, 7, 6))
    first = Cycle(date(2019, 7, 7), date(2023, 7, 6))
    done = [satisfied(first, date(2023, 6, 1))]
    assert cycle_of(facts, done, date(2023, 7, 6)) == first
    assert cycle_of(facts, done, date(2023, 7, 7)) == Cycle(date(2023, 7, 7), date(2027, 7, 6))


def test_a_cycle_satisfied_late_stays_until_something_is_bought() -> None:
    facts = holder(date(2023, 7, 6))
    first = cycle_of(facts, [], date(2024, 1, 1))
    done = [satisfied(first, date(2024, 1, 1))]
    assert cycle_of(facts, done, date(2024, 5, 1), noon(date(2023, 12, 1))) == first
    following = cycle_of(facts, done, date(2024, 5, 1), noon(date(2024, 4, 1)))
    assert following == Cycle(date(2023, 7, 7), date(2027, 7, 6))
    old, new = hours(1, ELECTIVE, date(2023, 12, 1)), hours(1, ELECTIVE, date(2024, 4, 2))
    assert hours_of(first, old + new, done) == old
    assert hours_of(following, old + new, done) == new


def test_a_corrected_expiry_date_does_not_make_another_cycle() -> None:
    done = satisfied(Cycle(date(2019, 7, 7), date(2023, 7, 6)), date(2023, 6, 1))
    assert done.is_same(cycle_of(holder(date(2023, 9, 30)), [], date(2023, 6, 2)))
    assert not done.is_same(cycle_of(holder(date(2027, 7, 6)), [], date(2024, 6, 2)))


def test_a_courseware_counts_once_in_a_cycle() -> None:
    # P-10
    cycle = Cycle(date(2023, 1, 1), date(2026, 12, 31))
    one = Hour(uuid4(), REQUIRED, noon(date(2023, 2, 1)))
    again = Hour(one.courseware_id, REQUIRED, noon(date(2024, 2, 1)))
    before = Hour(uuid4(), REQUIRED, noon(date(2022, 12, 30)))
    assert hours_of(cycle, [again, one, before], []) == [one]


def test_required_hours_do_not_replace_the_others() -> None:
    # P-10
    day = date(2023, 2, 1)
    for required, elective, enough in (
        (10, 30, True),
        (40, 0, False),
        (9, 31, False),
        (12, 30, True),
    ):
        parts = count(HOLDER_RULE, hours(required, REQUIRED, day) + hours(elective, ELECTIVE, day))
        assert is_satisfied(parts) is enough
        assert sum(part.missing for part in parts) == max(0, 10 - required) + max(0, 30 - elective)
    assert not is_satisfied([])


def test_a_new_notice_changes_data_not_code() -> None:
    # P-10
    newer = Rule(LearnerKind.HOLDER, date(2027, 1, 1), (RulePart("x", OTHERS, 50),))
    other = Rule(LearnerKind.TITLED, date(2020, 1, 1), (RulePart("x", OTHERS, 40),))
    rules = [newer, other, HOLDER_RULE]

    def rule(ends_on: date) -> Rule | None:
        return rule_for(rules, LearnerKind.HOLDER, Cycle(ends_on - timedelta(days=1460), ends_on))

    assert rule(date(2026, 12, 31)) == HOLDER_RULE
    assert rule(date(2027, 1, 1)) == newer
    assert rule(date(2020, 1, 1)) == HOLDER_RULE
    assert rule_for(rules, LearnerKind.NEWCOMER, Cycle(date(2020, 1, 1), date(2024, 1, 1))) is None


def test_the_29th_of_february_has_an_anniversary() -> None:
    assert years_later(date(2024, 2, 29), 1) == date(2025, 2, 28)


@pytest.mark.parametrize("kind", [LearnerKind.HOLDER, LearnerKind.TITLED])
@settings(deadline=None)
@given(st.dates(date(2015, 1, 1), date(2060, 1, 1)), st.dates(date(2020, 1, 1), date(2050, 1, 1)))
def test_cycles_are_four_years_and_begin_by_today(
    kind: LearnerKind, anchor: date, today: date
) -> None:
    facts = LearnerFacts(UUID(int=1), kind, anchor, noon(min(anchor, today)))
    cycle = cycle_of(facts, [], today)
    assert cycle.starts_on <= today
    assert 1460 <= (cycle.ends_on - cycle.starts_on).days <= 1461
    assert begins_after(cycle, []) < noon(cycle.starts_on)


def corrected(number: int, kind: CourseKind, on: date) -> HourCorrection:
    return HourCorrection(kind, number, noon(on))


def test_a_correction_counts_in_the_cycle_of_its_day() -> None:
    # P-12
    cycle = Cycle(date(2020, 3, 2), date(2024, 3, 1))
    made = [corrected(2, ELECTIVE, day) for day in (date(2020, 3, 1), date(2021, 5, 1))]
    assert corrections_of(cycle, made, []) == made[1:]


def test_a_late_correction_belongs_to_the_old_cycle_until_that_is_satisfied() -> None:
    cycle = Cycle(date(2020, 3, 2), date(2024, 3, 1))
    late = corrected(2, ELECTIVE, date(2024, 5, 1))
    assert corrections_of(cycle, [late], []) == [late]
    assert corrections_of(cycle, [late], [satisfied(cycle, date(2024, 4, 1))]) == []


@given(
    st.lists(st.tuples(st.sampled_from(list(CourseKind)), st.integers(-40, 40).filter(bool))),
    st.integers(0, 40),
)
def test_no_part_ever_falls_below_zero(made: list[tuple[CourseKind, int]], studied: int) -> None:
    # P-12
    day = date(2021, 5, 1)
    changes = [corrected(number, kind, day) for kind, number in made]
    parts = count(HOLDER_RULE, hours(studied, ELECTIVE, day), changes)
    assert all(part.done >= 0 for part in parts)
