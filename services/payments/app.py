"""The payments service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis.parcels import Parcels
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import api, consumers, pages, staff, sweeper, webhooks
from .providers.port import Provider
from .providers.wechat_login import WeChatLogin
from .providers.wechat_v2 import WeChat
from .settings import PaymentsSettings
from .store import orders


def create(settings: PaymentsSettings, kit: Kit) -> Service:
    """Everything of payments on this kit."""
    wechat = WeChat(
        base_url=settings.wechat_api_base_url,
        app_id=settings.wechat_app_id,
        mch_id=settings.wechat_mch_id,
        api_key=settings.wechat_api_key.get_secret_value(),
        sign_type=settings.wechat_sign_type,
        notify_url=settings.notify_url,
        client_ip=settings.wechat_client_ip,
        certificate=settings.wechat_certificate,
    )
    login = WeChatLogin(
        authorize_url=settings.wechat_authorize_url,
        token_url=settings.wechat_token_url,
        app_id=settings.wechat_app_id,
        app_secret=settings.wechat_app_secret.get_secret_value(),
    )
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
