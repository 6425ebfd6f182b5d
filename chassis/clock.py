"""The time: instants in UTC, business dates in China."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The business date: what the calendar in Beijing shows."""
    return date_of(now())


def date_of(instant: datetime) -> date:
    """The business date of an instant."""
    return instant.astimezone(CHINA).date()
