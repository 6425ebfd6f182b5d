"""The payments service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis.parcels import Parcels
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import (
    api,
    auditor,
    card_watch,
    consumers,
    pages,
    reconciler,
    returning,
    shipping,
    staff,
    sweeper,
    webhooks,
)
from .addresses import Shelves
from .providers.connect import connect, connect_login
from .providers.port import Provider
from .providers.sf_express import SfExpress
from .providers.wechat_login import WeChatLogin
from .settings import PaymentsSettings
from .store import orders

UPLOADS = (
    "/employers",
    "/api/payments/employers",
    "/transfers",
    "/api/payments/transfers",
    "/staff/payments/receipts",
    "/staff/payments/invoices/",
)


def create(settings: PaymentsSettings, kit: Kit) -> Service:
    """Everything of payments on this kit."""
    wechat, login = connect(settings), connect_login(settings)
    courier = SfExpress(
        base_url=settings.sf_base_url,
        partner_id=settings.sf_partner_id,
        checkword=settings.sf_checkword.get_secret_value(),
        sender_name=settings.sf_sender_name,
        sender_phone=settings.sf_sender_phone,
        sender_address=settings.sf_sender_address,
    )
    app = create_app(
        "payments",
        kit,
        routers=[*pages.ROUTERS, *staff.ROUTERS, *api.ROUTERS, webhooks.router],
        here=Path(__file__).parent,
        uploads=UPLOADS,
    )
    app.state.settings = settings
    app.state.parcels = Parcels.open(
        settings.parcels_url, settings.data_dir, settings.parcel_key.get_secret_value()
    )
    shelves = Shelves(
        addresses=Parcels(kit.files, settings.parcel_key.get_secret_value()),
        parcels=app.state.parcels,
    )
    app.state.addresses = shelves.addresses
    app.state.courier = courier
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
                returning.SWEEP_SECONDS,
                partial(returning.sweep, kit.pool, wechat, settings.refund_spacing),
                name="refunds at WeChat",
            ),
            every(
                shipping.LOOK_SECONDS,
                partial(shipping.ask_again, kit.pool, courier, shelves),
                name="shipments",
            ),
            every(
                sweeper.FORGET_SECONDS,
                partial(orders.delete_old_keys, kit.pool),
                name="old idempotency keys",
            ),
            every(
                reconciler.LOOK_SECONDS,
                partial(reconciler.reconcile, kit.pool, wechat),
                name="bills",
            ),
            every(
                auditor.LOOK_SECONDS, partial(auditor.audit_nightly, kit.pool), name="nightly audit"
            ),
            every(
                card_watch.WATCH_SECONDS,
                partial(
                    card_watch.watch, kit.pool, app.state.parcels, settings.card_failures_alarm
                ),
                name="study cards",
            ),
        ],
        lifespan=partial(_clients, courier, wechat, login),
    )


@asynccontextmanager
async def _clients(courier: SfExpress, *others: Provider | WeChatLogin) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for client in others:
            client.stop()
        await courier.stop()
