"""The notifications service, wired."""

from datetime import timedelta
from pathlib import Path

from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import api, consumers, pages, staff
from .letters import Desk
from .mailer import SmtpMailer
from .model import Patience
from .sender import Sender
from .settings import NotificationsSettings


def create(settings: NotificationsSettings, kit: Kit) -> Service:
    """Everything of notifications on this kit."""
    app = create_app(
        "notifications",
        kit,
        routers=[pages.router, api.router, staff.router],
        here=Path(__file__).parent,
    )
    sender = Sender(kit.pool, desk_of(settings), SmtpMailer(settings), patience_of(settings))
    return Service(
        name="notifications",
        app=app,
        consumer=consumers.consumer,
        workers=[
            every(settings.mail_poll_seconds, sender.send_due, name=f"mail sender {number}")
            for number in range(1, settings.mail_senders + 1)
        ],
    )


def desk_of(settings: NotificationsSettings) -> Desk:
    return Desk(
        sender=settings.ccib_mailbox,
        public_url=settings.public_url,
        link_key=settings.link_key.get_secret_value(),
        phones=tuple(settings.contact_phones),
    )


def patience_of(settings: NotificationsSettings) -> Patience:
    return Patience(
        first_wait=timedelta(seconds=settings.mail_first_wait_seconds),
        longest_wait=timedelta(seconds=settings.mail_longest_wait_seconds),
        failures_max=settings.mail_failures_max,
        lease=timedelta(seconds=settings.mail_lease_seconds),
    )
