"""The payments service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis.db import Pool
from chassis.parcels import Parcels
from chassis.service import Kit, Service, Worker, every
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
    courier = _courier(settings)
    parcel_key = settings.parcel_key.get_secret_value()
    shelves = Shelves(
        addresses=Parcels(kit.files, parcel_key),
        parcels=Parcels.open(settings.parcels_url, settings.data_dir, parcel_key),
    )
    app = create_app(
        "payments",
        kit,
        routers=[*pages.ROUTERS, *staff.ROUTERS, *api.ROUTERS, webhooks.router],
        here=Path(__file__).parent,
        uploads=UPLOADS,
    )
    app.state.settings = settings
    app.state.parcels = shelves.parcels
    app.state.addresses = shelves.addresses
    app.state.courier = courier
    app.state.wechat = wechat
    app.state.wechat_login = login
    app.state.refused_notifications = webhooks.RefusedNotifications()
    return Service(
        name="payments",
        app=app,
        consumer=consumers.consumer,
        workers=_workers(settings, kit.pool, wechat, courier, shelves),
        lifespan=partial(_clients, courier, wechat, login),
    )


def _courier(settings: PaymentsSettings) -> SfExpress:
    return SfExpress(
        base_url=settings.sf_base_url,
        partner_id=settings.sf_partner_id,
        checkword=settings.sf_checkword.get_secret_value(),
        sender_name=settings.sf_sender_name,
        sender_phone=settings.sf_sender_phone,
        sender_address=settings.sf_sender_address,
    )


def _workers(
    settings: PaymentsSettings, pool: Pool, wechat: Provider, courier: SfExpress, shelves: Shelves
) -> list[Worker]:
    """What nobody waits for, each with the seconds between two rounds."""
    refunds = partial(returning.sweep, pool, wechat, settings.refund_spacing)
    cards = partial(card_watch.watch, pool, shelves.parcels, settings.card_failures_alarm)
    letters = partial(shipping.ask_again, pool, courier, shelves)
    return [
        every(seconds, action, name=name)
        for name, seconds, action in (
            ("sweeper", sweeper.SWEEP_SECONDS, partial(sweeper.sweep, pool, wechat)),
            ("refunds at WeChat", returning.SWEEP_SECONDS, refunds),
            ("shipments", shipping.LOOK_SECONDS, letters),
            ("bills", reconciler.LOOK_SECONDS, partial(reconciler.reconcile, pool, wechat)),
            ("nightly audit", auditor.LOOK_SECONDS, partial(auditor.audit_nightly, pool)),
            ("study cards", card_watch.WATCH_SECONDS, cards),
            ("old keys", sweeper.FORGET_SECONDS, partial(orders.delete_old_keys, pool)),
        )
    ]


@asynccontextmanager
async def _clients(courier: SfExpress, *others: Provider | WeChatLogin) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for client in others:
            client.stop()
        await courier.stop()
