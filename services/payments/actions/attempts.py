"""Attempts: the intent to collect, noted before WeChat is called, and what it answered."""

from dataclasses import replace
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx

from ..model.attempts import (
    ATTEMPTS_MAX,
    FIRST_LOOK,
    LIVE,
    OFFERED,
    Attempt,
    AttemptStatus,
    Method,
    MethodNotOffered,
    ProviderRefused,
)
from ..model.goods import CourseAlreadyOwned
from ..model.orders import Order, OrderExpired
from ..store import attempts as store
from ..store import goods as goods_store
from . import orders

SWEEP_BATCH = 40


async def begin(
    tx: Tx, *, learner_id: UUID, order_id: UUID, method: Method, openid: str | None = None
) -> tuple[Attempt, bool]:
    """Note the intent to collect an order's money; the second value says whether it is new.

    An order has one live attempt for each method, so asking again finds it with its code. Inside
    WeChat an attempt is one person's: for another `openid` it is closed, and a new one made.
    Raises `NoSuchOrder`, `MethodNotOffered`, why the order takes no payment, or `ProviderRefused`
    when WeChat has refused it so often that it is of no use to go on.
    """
    order = await orders.lock_own(tx, learner_id=learner_id, order_id=order_id)
    order.refuse_if_ended()
    if method not in OFFERED:
        raise MethodNotOffered
    attempts = await store.list_attempts(tx, order_id)
    for attempt in attempts:
        if attempt.method is method and attempt.status in LIVE:
            if attempt.openid == openid:
                return attempt, False
            await store.mark_unwanted(tx, attempt.out_trade_no, now=clock.now())

    now = clock.now()
    if not order.takes_new_payment(now):
        raise OrderExpired
    await refuse_what_is_owned(tx, order)
    ordinal = 1 + max((attempt.ordinal for attempt in attempts), default=0)
    if ordinal > ATTEMPTS_MAX:
        raise ProviderRefused
    attempt = Attempt(
        attempt_id=ids.new_id(),
        order_id=order_id,
        ordinal=ordinal,
        out_trade_no=f"{order.number}-{ordinal}",
        method=method,
        amount_fen=order.amount_fen,
        status=AttemptStatus.CREATING,
        created_at=now,
        expires_at=order.expires_at,
        code_url=None,
        transaction_id=None,
        looks=0,
        next_look_at=now + FIRST_LOOK,
        openid=openid,
    )
    await store.insert_attempt(tx, attempt)
    return attempt, True


async def refuse_what_is_owned(tx: Tx, order: Order) -> None:
    """Another order may have opened the same course since this one was placed. Raises
    `CourseAlreadyOwned`."""
    owned = await goods_store.get_owned(tx, order.learner_id)
    for line in order.lines:
        if owned.keys() & set(line.course_ids):
            raise CourseAlreadyOwned(title=line.title)


async def note_way(tx: Tx, attempt: Attempt, way: str) -> Attempt:
    """Keep how an attempt that is still wanted is paid: a code to scan, or a prepay_id."""
    inside = attempt.method is Method.WECHAT_JSAPI
    code_url, prepay_id = (None, way) if inside else (way, None)
    if await store.note_way(tx, attempt.out_trade_no, code_url=code_url, prepay_id=prepay_id):
        return replace(
            attempt, status=AttemptStatus.WAITING, code_url=code_url, prepay_id=prepay_id
        )
    return attempt


async def give_up(tx: Tx, attempt: Attempt, status: AttemptStatus) -> Attempt:
    """Closed or failed: known to take no money. A paid attempt stays paid."""
    await store.mark_over(tx, attempt.out_trade_no, status)
    return replace(attempt, status=status, next_look_at=None)


async def take_due(tx: Tx) -> list[Attempt]:
    """The open attempts to look at now; each is due again later, should this look fail."""
    now = clock.now()
    due = await store.lock_due_attempts(tx, now=now, limit=SWEEP_BATCH)
    for attempt in due:
        await store.note_look(tx, attempt, next_look_at=attempt.after_look(now))
    return due
