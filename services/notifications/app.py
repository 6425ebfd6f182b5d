"""The notifications service, wired."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from chassis.parcels import Parcels
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import api, consumers, pages, shelf, staff
from .letters import Desk
from .mailer import LARGEST_LETTER, SmtpMailer
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
    parcels = parcels_of(settings)
    sender = Sender(
        kit.pool, desk_of(settings), SmtpMailer(settings), patience_of(settings), parcels
    )
    kept = timedelta(days=settings.parcels_kept_days)
    return Service(
        name="notifications",
        app=app,
        consumer=consumers.consumer,
        workers=[
            *(
                every(settings.mail_poll_seconds, sender.send_due, name=f"mail sender {number}")
                for number in range(1, settings.mail_senders + 1)
            ),
            every(
                shelf.PRUNE_SECONDS,
                partial(shelf.prune, kit.pool, parcels, kept),
                name="old parcels",
            ),
        ],
    )


def desk_of(settings: NotificationsSettings) -> Desk:
    return Desk(
        mailbox=settings.ccib_mailbox,
        public_url=settings.public_url,
        link_key=settings.link_key.get_secret_value(),
        phones=tuple(settings.contact_phones),
    )


def parcels_of(settings: NotificationsSettings) -> Parcels:
    return Parcels.open(
        settings.parcels_url, settings.data_dir, settings.parcel_key.get_secret_value()
    )


def patience_of(settings: NotificationsSettings) -> Patience:
    return Patience(
        first_wait=timedelta(seconds=settings.mail_first_wait_seconds),
        longest_wait=timedelta(seconds=settings.mail_longest_wait_seconds),
        failures_max=settings.mail_failures_max,
        lease=timedelta(seconds=settings.mail_lease_seconds),
        upload=timedelta(seconds=LARGEST_LETTER / settings.smtp_bytes_per_second),
    )
