"""What nobody waits for: lost notifications, unanswered calls, orders whose time is over."""

import asyncio

import structlog

from chassis import clock
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, transaction

from . import checkout
from .actions import attempts, orders
from .model.attempts import ENDED_UNPAID, Attempt, AttemptStatus
from .model.orders import GRACE
from .providers.port import Provider
from .store import orders as orders_store

log = structlog.get_logger()

SWEEP_SECONDS = 3.0
FORGET_SECONDS = 3600.0
EXPIRE_BATCH = 50
AT_ONCE = 8  # as many as the client has threads


async def sweep(db: Pool, wechat: Provider) -> None:
    """End the orders whose time is over; ask WeChat about every open attempt that is due.

    An attempt is marked as looked at before the call, so several sweepers share the work and
    a crash only delays the next look.
    """
    for order_id in await orders_store.list_to_expire(
        db, before=clock.now() - GRACE, limit=EXPIRE_BATCH
    ):
        async with transaction(db) as tx:
            if await orders.expire(tx, order_id):
                log.info("order_expired", order_id=str(order_id))
    async with transaction(db) as tx:
        due = await attempts.take_due(tx)
    room = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_look_in_turn(room, db, wechat, attempt) for attempt in due))


async def _look_in_turn(
    room: asyncio.Semaphore, db: Pool, wechat: Provider, attempt: Attempt
) -> None:
    async with room:
        try:
            await look_after(db, wechat, attempt)
        except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
            log.warning("attempt_waits", reason=type(reason).__name__)
        except Exception:
            log.exception("attempt_not_looked_after", out_trade_no=attempt.out_trade_no)


async def look_after(db: Pool, wechat: Provider, attempt: Attempt) -> None:
    """Bring one open attempt nearer to its end."""
    now = clock.now()
    if attempt.status is AttemptStatus.CLOSING:
        await checkout.close(db, wechat, attempt, final=attempt.can_no_longer_be_paid(now))
    elif attempt.status is AttemptStatus.CREATING:
        await checkout.fetch_code(db, wechat, attempt)
    elif await checkout.collect(db, wechat, attempt) in ENDED_UNPAID:
        async with transaction(db) as tx:
            await attempts.give_up(tx, attempt, AttemptStatus.CLOSED)
