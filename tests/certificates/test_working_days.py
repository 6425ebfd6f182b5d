"""Working days against the State Council's published calendars, make-up days included (Z-2)."""

from datetime import date

import pytest

from services.certificates import working_days


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2023, 10, 6), False),  # national day
        (date(2023, 10, 7), True),  # a Saturday that makes up for it
        (date(2023, 10, 8), True),  # and a Sunday
        (date(2023, 6, 25), True),  # a Sunday, for the dragon boat festival
        (date(2024, 2, 18), True),  # a Sunday, after the spring festival
        (date(2026, 10, 10), True),  # a Saturday, for the national day
        (date(2026, 11, 22), False),  # a plain Sunday
    ],
)
def test_known_days(day: date, *, working: bool) -> None:
    assert working_days.is_working_day(day) is working


@pytest.mark.parametrize(
    ("cohort_on", "printable_by"),
    [
        (date(2023, 7, 6), date(2023, 7, 17)),
        (date(2023, 7, 21), date(2023, 8, 1)),
        (date(2023, 8, 15), date(2023, 8, 24)),
        (date(2024, 3, 1), date(2024, 3, 12)),
        (date(2023, 9, 28), date(2023, 10, 13)),  # eight days off, then a week of seven days
    ],
)
def test_seven_working_days_after_a_cohort(cohort_on: date, printable_by: date) -> None:
    assert working_days.after(cohort_on, 7) == printable_by


def test_a_year_without_an_announced_calendar_is_not_guessed() -> None:
    assert working_days.is_working_day(date(2099, 1, 5)) is None
    assert working_days.after(date(2099, 1, 5), 7) is None


def test_counting_into_an_unknown_year_is_refused_too() -> None:
    last_known = max(
        year
        for year in range(2023, 2099)
        if working_days.is_working_day(date(year, 12, 1)) is not None
    )
    assert working_days.after(date(last_known, 12, 28), 7) is None
