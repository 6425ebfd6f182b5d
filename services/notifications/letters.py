"""Letters: a mail's template filled, and the message that goes out. No network, no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from chassis import links
from chassis.clock import CHINA
from chassis.web.filters import money

from .model import Mail, Template

FOLDER: Final = Path(__file__).parent / "templates" / "mail"
SENDER_NAME: Final = "TIC EDU"
HIDDEN_LINK: Final = "（链接只在邮件中显示 / the link is in the mail only）"
ADDRESS: Final = re.compile(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)

# template → the purpose of its token, and the path that takes it.
SECRET_LINKS: Final[Mapping[Template, tuple[str, str]]] = {
    Template.EMAIL_CONFIRMATION: (links.EMAIL_CONFIRMATION, "/confirm-email/"),
    Template.PASSWORD_RESET: (links.PASSWORD_RESET, "/reset-password/"),
}


class Unwritable(ValueError):
    """No mail can be made of this: the address or a header is not fit to be sent."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the learner may read again on the messages page: no secret link."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """`raw` goes over the wire, the same bytes at every attempt; `shown` is kept."""

    sender: str
    to: str
    raw: bytes
    shown: Shown


@dataclass(frozen=True, slots=True)
class Desk:
    """What every letter needs besides the mail: sender, address of the platform, contact, key."""

    sender: str
    public_url: str
    link_key: bytes
    phones: tuple[str, ...]

    def write(self, mail: Mail) -> Letter:
        """Fill the mail's template. Raises `Unwritable`."""
        if not mail.to or not ADDRESS.fullmatch(mail.to):
            raise Unwritable("the address can not be written to")
        said = self._said(mail)
        full = said | {"link": self._link(mail)}
        subject = _one_line(_render(mail.template, "subject.txt", said))
        return Letter(
            sender=self.sender,
            to=mail.to,
            raw=self._message(mail, subject, full).as_bytes(policy=SMTP),
            shown=Shown(subject, _render(mail.template, "text.txt", said | {"link": HIDDEN_LINK})),
        )

    def _said(self, mail: Mail) -> dict[str, Any]:
        return {
            **mail.values,
            "name": mail.values.get("real_name") or mail.real_name or "",
            "url": self.public_url,
            "sender": self.sender,
            "phones": self.phones,
        }

    def _link(self, mail: Mail) -> str:
        if mail.template not in SECRET_LINKS:
            return ""
        purpose, path = SECRET_LINKS[mail.template]
        token = links.token(self.link_key, purpose, UUID(mail.values["request_id"]))
        return f"{self.public_url}{path}{token}"

    def _message(self, mail: Mail, subject: str, said: Mapping[str, Any]) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        try:
            message["Subject"] = subject
            message["From"] = Address(SENDER_NAME, addr_spec=self.sender)
            message["To"] = mail.to
            message["Message-ID"] = f"<{mail.mail_id}@{self.sender.partition('@')[2]}>"
            message["Date"] = format_datetime(mail.queued_at.astimezone(UTC))
            message["Auto-Submitted"] = "auto-generated"
        except ValueError as problem:
            raise Unwritable("a header can not be written") from problem
        message.set_content(_render(mail.template, "text.txt", said), cte="base64")
        html = _render(mail.template, "body.html", said)
        message.add_alternative(html, subtype="html", cte="base64")
        message["Content-Language"] = "zh-CN, en"
        message.set_boundary(f"=_{mail.mail_id.hex}")
        return message


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _render(template: Template, part: str, said: Mapping[str, Any]) -> str:
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
