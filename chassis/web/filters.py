"""How money, dates and lengths of time are written, in the language of the request."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.web.i18n import CHINESE, gettext, ngettext, translator

SHANGHAI = ZoneInfo("Asia/Shanghai")


def money(fen: int) -> str:
    """60000 → ￥600.00"""
    sign = "−" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}￥{yuan:,}.{rest:02d}"


def day(value: date) -> str:
    """2026年3月1日, or 1 March 2026; an instant is seen from Shanghai."""
    local = _local(value)
    if translator().lang == CHINESE:
        return f"{local.year}年{local.month}月{local.day}日"
    return f"{local.day} {local:%B} {local.year}"


def short_day(value: date) -> str:
    """3月1日, or 1 Mar: where the year is plain."""
    local = _local(value)
    return f"{local.month}月{local.day}日" if _chinese() else f"{local.day} {local:%b}"


def time_of_day(value: datetime, *, to_the_second: bool = False) -> str:
    """19:33, or 19:33:07, as a clock in Shanghai shows it."""
    return f"{_local(value):%H:%M:%S}" if to_the_second else f"{_local(value):%H:%M}"


def moment(value: datetime) -> str:
    """2026年11月16日 15:22"""
    return f"{day(value)} {time_of_day(value)}"


def clock(seconds: float) -> str:
    """1660 → 27:40; from an hour on 1:02:05"""
    minutes, rest = divmod(int(seconds), 60)
    hours_, minutes_ = divmod(minutes, 60)
    return f"{hours_}:{minutes_:02d}:{rest:02d}" if hours_ else f"{minutes}:{rest:02d}"


def duration(seconds: float) -> str:
    """1040 → 17 分 20 秒, 300 → 5 分钟; the parts that are nothing are left out"""
    minutes, rest = divmod(int(seconds), 60)
    if 0 < minutes < 60 and not rest:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes)
    hours_, minutes_ = divmod(minutes, 60)
    parts = [
        gettext("%(n)s h", n=hours_) if hours_ else "",
        gettext("%(n)s min", n=minutes_) if minutes_ else "",
        gettext("%(n)s s", n=rest) if rest or not minutes else "",
    ]
    return " ".join(part for part in parts if part)


def hours(count: int) -> str:
    """40 → 40 学时"""
    return ngettext("%(n)s credit hour", "%(n)s credit hours", count)


def iso(value: date) -> str:
    """For the `datetime` attribute of `<time>`."""
    local = _local(value)
    if isinstance(local, datetime):
        return local.isoformat(timespec="minutes")
    return local.isoformat()


def _local(value: date) -> date:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value


def _chinese() -> bool:
    return translator().lang == CHINESE


FILTERS = {
    "money": money,
    "day": day,
    "short_day": short_day,
    "time_of_day": time_of_day,
    "moment": moment,
    "clock": clock,
    "duration": duration,
    "hours": hours,
    "iso": iso,
}
