"""What a raw message says: subject, text, HTML, attachments. Pure, and never raises."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from typing import Any


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    message_id: str
    sender: str
    subject: str
    text: str
    html: str
    attachments: list[Attachment]


def read(raw: bytes) -> Letter:
    """The parts of a message; what can't be decoded is shown as well as it can be."""
    message = message_from_bytes(raw, policy=default)
    return Letter(
        message_id=_header(message, "message-id"),
        sender=parseaddr(_header(message, "from"))[1],
        subject=_header(message, "subject"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=[_attachment(part) for part in message.iter_attachments()],
    )


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return _content(part).decode("utf-8", "replace") if part else ""


def _attachment(part: Any) -> Attachment:
    return Attachment(part.get_filename() or "unnamed", part.get_content_type(), _content(part))


def _content(part: Any) -> bytes:
    try:
        content = part.get_content()
    except (LookupError, ValueError):
        content = part.get_payload(decode=True) or b""
    if isinstance(content, EmailMessage):
        return content.as_bytes()
    return content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
