"""How letters are worded: the templates' environment, with days and amounts in two languages."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from chassis.clock import CHINA
from chassis.web.filters import money

from .model import Template

FOLDER: Final = Path(__file__).parent / "templates" / "mail"


def render(template: Template, part: str, said: Mapping[str, Any]) -> str:
    """One part of a mail, `subject.txt`, `text.txt` or `body.html`."""
    return _ENVIRONMENT.get_template(f"{template}/{part}").render(said)


def _chinese_day(iso: str) -> str:
    """2026-03-01 → 2026年3月1日"""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def _english_day(iso: str) -> str:
    """2026-03-01 → 1 March 2026"""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} {day.year}"


def _chinese_moment(iso: str) -> str:
    """An instant as a clock in Beijing shows it: 2026年3月1日 15:22"""
    local = datetime.fromisoformat(iso).astimezone(CHINA)
    return f"{_chinese_day(local.date().isoformat())} {local:%H:%M}"


def _english_moment(iso: str) -> str:
    """1 March 2026 15:22, Beijing time"""
    local = datetime.fromisoformat(iso).astimezone(CHINA)
    return f"{_english_day(local.date().isoformat())} {local:%H:%M}, Beijing time"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "money": money,
        "zh_day": _chinese_day,
        "en_day": _english_day,
        "zh_moment": _chinese_moment,
        "en_moment": _english_moment,
    }
    return environment


_ENVIRONMENT: Final = _environment()
