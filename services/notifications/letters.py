"""Letters: a mail's template filled, and the message that goes out. No network, no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from chassis import links
from chassis.parcels import Attachment, Parcel

from .model import Audience, Mail, Template
from .words import render

SENDER_NAME: Final = "TIC EDU"
HIDDEN_LINK: Final = "（链接只在邮件中显示 / the link is in the mail only）"
HIDDEN: Final = "（只在邮件中显示 / in the mail only）"
HIDDEN_CODE: Final = (
    "（卡号在邮件和“学习卡”页面中 / the code is in the mail and on your study-cards page）"
)
ADDRESS: Final = re.compile(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)
NO_PARCEL: Final = Parcel({})

# template → the purpose of its token, and the path that takes it.
SECRET_LINKS: Final[Mapping[Template, tuple[str, str]]] = {
    Template.EMAIL_CONFIRMATION: (links.EMAIL_CONFIRMATION, "/confirm-email/"),
    Template.PASSWORD_RESET: (links.PASSWORD_RESET, "/reset-password/"),
}


class Unwritable(ValueError):
    """No mail can be made of this: the address or a header is not fit to be sent."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be kept and read again: no secret link, nothing out of a parcel."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """`raw` goes over the wire, the same bytes at every attempt; `shown` is kept."""

    sender: str
    to: str = field(repr=False)
    raw: bytes = field(repr=False)
    shown: Shown


@dataclass(frozen=True, slots=True)
class Desk:
    """What every letter needs besides the mail: the mailbox, which is the sender too, address of
    the platform, contact, key."""

    mailbox: str
    public_url: str
    link_key: bytes
    phones: tuple[str, ...]

    def write(self, mail: Mail, parcel: Parcel = NO_PARCEL) -> Letter:
        """Fill the mail's template, with what its parcel holds. Raises `Unwritable`."""
        to = self._addressee(mail, parcel)
        said = self._said(mail)
        full = said | {"link": self._link(mail), "sealed": parcel.fields}
        hidden = HIDDEN_CODE if mail.template is Template.STUDY_CARD_ISSUED else HIDDEN
        kept = said | {"link": HIDDEN_LINK, "sealed": dict.fromkeys(parcel.fields, hidden)}
        subject = _one_line(render(mail.template, "subject.txt", said))
        return Letter(
            sender=self.mailbox,
            to=to,
            raw=self._message(mail, to, subject, full, parcel.attachments),
            shown=Shown(subject, render(mail.template, "text.txt", kept)),
        )

    def _addressee(self, mail: Mail, parcel: Parcel) -> str:
        """The mailbox, the address that a parcel names, or the learner's."""
        if mail.audience is Audience.MAILBOX:
            return self.mailbox
        for address in (_address_in(mail, parcel), mail.to):
            if address and ADDRESS.fullmatch(address):
                return address
        raise Unwritable("the address can not be written to")

    def _said(self, mail: Mail) -> dict[str, Any]:
        return {
            **mail.values,
            "name": mail.values.get("real_name") or mail.real_name or "",
            "url": self.public_url,
            "sender": self.mailbox,
            "phones": self.phones,
        }

    def _link(self, mail: Mail) -> str:
        if mail.template not in SECRET_LINKS:
            return ""
        purpose, path = SECRET_LINKS[mail.template]
        token = links.token(self.link_key, purpose, UUID(mail.values["request_id"]))
        return f"{self.public_url}{path}{token}"

    def _message(
        self,
        mail: Mail,
        to: str,
        subject: str,
        said: Mapping[str, Any],
        attachments: tuple[Attachment, ...],
    ) -> bytes:
        text, html = (render(mail.template, part, said) for part in ("text.txt", "body.html"))
        message = EmailMessage(policy=SMTP)
        try:
            self._address(message, mail, to, subject)
            _fill(message, mail, text, html)
            _attach(message, mail, attachments)
        except ValueError as problem:
            raise Unwritable("a header can not be written") from problem
        return message.as_bytes(policy=SMTP)

    def _address(self, message: EmailMessage, mail: Mail, to: str, subject: str) -> None:
        message["Subject"] = subject
        message["From"] = Address(SENDER_NAME, addr_spec=self.mailbox)
        message["To"] = to
        if mail.audience is Audience.MAILBOX and ADDRESS.fullmatch(mail.learner_email or ""):
            message["Reply-To"] = mail.learner_email
        message["Message-ID"] = f"<{mail.mail_id}@{self.mailbox.partition('@')[2]}>"
        message["Date"] = format_datetime(mail.queued_at.astimezone(UTC))
        message["Auto-Submitted"] = "auto-generated"


def _address_in(mail: Mail, parcel: Parcel) -> str | None:
    """An invoice goes where its request says ($-7)."""
    return parcel.fields.get("email") if mail.template is Template.INVOICE_ISSUED else None


def _fill(message: EmailMessage, mail: Mail, text: str, html: str) -> None:
    """The text twice, plain and as HTML. Boundaries are ours: the next attempt has the same."""
    message.set_content(text, cte="base64")
    message.add_alternative(html, subtype="html", cte="base64")
    message["Content-Language"] = "zh-CN" if mail.audience is Audience.MAILBOX else "zh-CN, en"
    message.set_boundary(f"=_{mail.mail_id.hex}")


def _attach(message: EmailMessage, mail: Mail, attachments: tuple[Attachment, ...]) -> None:
    for one in attachments:
        main, _, sub = one.content_type.partition("/")
        name = _one_line(one.name)
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=name)
    if attachments:
        message.set_boundary(f"=_all_{mail.mail_id.hex}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
