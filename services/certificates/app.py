"""The wiring of certificates."""

from functools import partial
from pathlib import Path

from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import api, consumers, pages, printing, staff, workers
from .document import Press
from .settings import CertificatesSettings

PRINT_EVERY_SECONDS = 2
FORGET_EVERY_SECONDS = 600


def create(settings: CertificatesSettings, kit: Kit) -> Service:
    """Certificates on its kit. Raises when the signing key can't be read."""
    routers = [pages.router, api.router, staff.router]
    app = create_app("certificates", kit, routers=routers, here=Path(__file__).parent)
    press = Press.open(
        settings.certificate_key_file, settings.certificate_chain_file, settings.public_url
    )
    app.state.press = press
    issue = partial(workers.issue_what_is_due, kit.pool)
    print_waiting = partial(printing.print_waiting, kit.pool, kit.files, press)
    forget = partial(workers.forget_searches, kit.pool)
    return Service(
        name="certificates",
        app=app,
        consumer=consumers.consumer,
        workers=[
            every(settings.issue_every_seconds, issue, name="certificates issue"),
            every(PRINT_EVERY_SECONDS, print_waiting, name="certificates print"),
            every(FORGET_EVERY_SECONDS, forget, name="certificates forget"),
        ],
    )
