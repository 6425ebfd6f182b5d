"""The catalogue service, wired."""

from pathlib import Path

from chassis.service import Kit, Service
from chassis.web.app import create_app

from . import api, consumers, media, pages
from .settings import CatalogueSettings


def create(settings: CatalogueSettings, kit: Kit) -> Service:
    """Everything of catalogue on this kit."""
    app = create_app(
        "catalogue",
        kit,
        routers=[pages.router, media.router, api.router],
        here=Path(__file__).parent,
        framed=("/media/documents/",),
    )
    app.state.settings = settings
    return Service(name="catalogue", app=app, consumer=consumers.consumer)
