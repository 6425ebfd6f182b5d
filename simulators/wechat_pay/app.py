"""The provider as one ASGI application, alone or mounted below a path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.wechat_pay import api, control, money_back, payer, phone
from simulators.wechat_pay.api_v3 import DoorV3
from simulators.wechat_pay.book import Book
from simulators.wechat_pay.clock import Clock
from simulators.wechat_pay.deliveries import Courier
from simulators.wechat_pay.faults import Plan
from simulators.wechat_pay.merchant import V3, Merchant
from simulators.wechat_pay.notifier import Notifier
from simulators.wechat_pay.provider import Provider
from simulators.wechat_pay.refund_notifier import RefundNotifier
from simulators.wechat_pay.refunds import Refunds

DEMO_APP_SECRET = "simulated-app-secret-of-nobody-0"


def create_app(
    *,
    app_id: str,
    mch_id: str,
    api_key: str,
    app_secret: str = DEMO_APP_SECRET,
    v3: V3 | None = None,
    notify_timeout: float = 5,
    time_scale: float = 1,
    data_dir: Path | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """An application whose `state.provider` has `start()` and `async stop()`.

    The lifespan calls them when the application stands alone; whoever mounts it calls them, because
    a mounted application has no lifespan. `data_dir` keeps the orders across restarts;
    `transport` replaces the network of the notifications, in tests;
    without `v3` only API v2 is spoken.
    """
    merchant = Merchant(app_id, mch_id, api_key, app_secret, v3)
    book, plan, clock = Book(data_dir), Plan(), Clock()
    refunds = Refunds(book, clock, time_scale)
    courier = Courier(notify_timeout, transport)
    telling: dict[str, Any] = {
        "merchant": merchant,
        "book": book,
        "plan": plan,
        "courier": courier,
        "time_scale": time_scale,
    }
    till = Provider(
        merchant,
        book,
        clock=clock,
        plan=plan,
        refunds=refunds,
        notifier=Notifier(**telling),
        refund_notifier=RefundNotifier(**telling, refunds=refunds),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        till.start()
        yield
        await till.stop()

    app = Starlette(
        routes=[
            Mount(
                "/api", routes=[*api.routes(till), *money_back.routes(till), *DoorV3(till).routes()]
            ),
            Mount("/control", routes=control.routes(till)),
            *payer.routes(till),
            *phone.routes(till),
        ],
        lifespan=lifespan,
    )
    app.state.provider = till
    return app
