"""The day after: yesterday's bill is fetched from the provider and compared with our books.

Intent → commit → call → commit the outcome, as everywhere. Whatever keeps a bill away is tried
again half an hour later, and days that were missed are caught up.
"""

from datetime import date, datetime, timedelta

import structlog

from chassis import clock
from chassis.db import Pool, transaction

from . import checkout
from .actions import reconciliation as actions
from .model.reconciliation import CATCH_UP_DAYS, Movement, MovementKind
from .providers.port import BillNotReady, BillRow, Provider, Refused, Unknown
from .store import attempts, movements
from .store import reconciliation as store

log = structlog.get_logger()

LOOK_SECONDS = 300.0
A_DAY = timedelta(days=1)


async def reconcile(db: Pool, wechat: Provider, *, now: datetime | None = None) -> None:
    """Fetch every bill that is due. Several processes share the work."""
    now = now or clock.now()
    first = await store.find_first_day(db)
    async with transaction(db) as tx:
        due = await actions.take_due(tx, first=first, now=now)
    for day in due:
        await fetch(db, wechat, day, now=now)
    if due:
        await look_again(db)


async def fetch(db: Pool, wechat: Provider, day: date, *, now: datetime) -> bool:
    """Ask for a day's bill and compare it. False where it did not come.

    A payment that only the bill knows is first asked for by its number: what WeChat's server
    confirms is settled, and no difference any more. Raises `NoSuchBill`.
    """
    try:
        bill = await wechat.download_bill(day)
    except BillNotReady:
        async with transaction(db) as tx:
            await actions.note_not_ready(tx, day, now=now)
        return False
    except (Unknown, Refused) as reason:
        log.warning("bill_not_fetched", day=day.isoformat(), reason=str(reason))
        async with transaction(db) as tx:
            await store.note_reason(tx, day, type(reason).__name__)
        return False
    rows = [_movement(row) for row in bill.rows]
    await _collect_missing(db, wechat, rows)
    async with transaction(db) as tx:
        raised = await actions.keep(tx, day, rows, now=now)
    for neighbour in (day - A_DAY, day + A_DAY):
        async with transaction(db) as tx:
            await actions.compare_again(tx, neighbour, now=now)
    log.info("bill_compared", day=day.isoformat(), rows=len(rows), raised=raised)
    return True


async def look_again(db: Pool) -> None:
    """Compare the days with open differences again: books that have caught up close them."""
    since = clock.today() - timedelta(days=CATCH_UP_DAYS)
    for day in await store.list_days_in_doubt(db, since=since):
        async with transaction(db) as tx:
            await actions.compare_again(tx, day, now=clock.now())


async def _collect_missing(db: Pool, wechat: Provider, rows: list[Movement]) -> None:
    paid = [row for row in rows if row.kind is MovementKind.PAYMENT]
    known = await movements.list_known_transactions(db, [row.transaction_id for row in paid])
    for row in paid:
        if row.transaction_id not in known:
            attempt = await attempts.find_attempt(db, row.out_trade_no)
            if attempt is not None:
                await checkout.collect(db, wechat, attempt)


def _movement(row: BillRow) -> Movement:
    return Movement(
        kind=MovementKind(row.kind),
        out_trade_no=row.out_trade_no,
        transaction_id=row.transaction_id,
        out_refund_no=row.out_refund_no,
        amount_fen=row.amount_fen,
        at=row.at,
    )
