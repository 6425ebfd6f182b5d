"""The payments service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis.parcels import Parcels
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import api, consumers, pages, staff, sweeper, webhooks
from .providers.connect import connect, connect_login
from .providers.port import Provider
from .providers.wechat_login import WeChatLogin
from .settings import PaymentsSettings
from .store import orders


def create(settings: PaymentsSettings, kit: Kit) -> Service:
    """Everything of payments on this kit."""
    wechat, login = connect(settings), connect_login(settings)
    app = create_app(
        "payments",
        kit,
        routers=[*pages.ROUTERS, *staff.ROUTERS, *api.ROUTERS, webhooks.router],
        here=Path(__file__).parent,
    )
    app.state.settings = settings
    app.state.parcels = Parcels.open(
        settings.parcels_url, settings.data_dir, settings.parcel_key.get_secret_value()
    )
    app.state.wechat = wechat
    app.state.wechat_login = login
    app.state.refused_notifications = webhooks.RefusedNotifications()
    return Service(
        name="payments",
        app=app,
        consumer=consumers.consumer,
        workers=[
            every(sweeper.SWEEP_SECONDS, partial(sweeper.sweep, kit.pool, wechat), name="sweeper"),
            every(
                sweeper.FORGET_SECONDS,
                partial(orders.delete_old_keys, kit.pool),
                name="old idempotency keys",
            ),
        ],
        lifespan=partial(_threads, wechat, login),
    )


@asynccontextmanager
async def _threads(*clients: Provider | WeChatLogin) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for client in clients:
            client.stop()
