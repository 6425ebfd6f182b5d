"""Events told by notifications."""

from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class MailFailed(Event):
    """A mail could not be delivered for good; it waits on the staff desk (W-5)."""

    name: ClassVar[str] = "notifications.mail_failed.v1"
    mail_id: UUID
    template: str
    reason: str
