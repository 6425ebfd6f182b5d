"""Instants as whole milliseconds since the epoch, exactly, both ways; and a business day's span."""

from datetime import UTC, date, datetime, time, timedelta

from chassis import clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    return (instant - EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    return EPOCH + timedelta(0, 0, 0, ms)  # by position: half the cost, and it is called often


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first instant of a business day, and of the next."""
    first = datetime.combine(day, time.min, clock.CHINA)
    return first, datetime.combine(day + timedelta(days=1), time.min, clock.CHINA)
