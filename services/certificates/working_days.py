"""Working days in China, make-up days included (Z-2), as the State Council announces them.

The days come from `chinesecalendar`, which ends with the last announced year. Beyond it nothing is
guessed: the answer is None until the package with the new year's notice is installed.
"""

from datetime import date, timedelta

import chinese_calendar

LONGEST_BREAK_DAYS = 14  # between two working days; 2020's spring festival took 10


def is_working_day(day: date) -> bool | None:
    """Whether offices are open on a day; None when that year's calendar is not known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def after(day: date, count: int) -> date | None:
    """The `count`-th working day after `day`, which itself does not count.

    None when the count runs into a year whose calendar is not known.
    """
    for _ in range(count * LONGEST_BREAK_DAYS):
        if count == 0:
            break
        day += timedelta(days=1)
        working = is_working_day(day)
        if working is None:
            return None
        count -= working
    return day
