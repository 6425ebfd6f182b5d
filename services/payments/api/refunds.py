"""The JSON door: refunds ($-8)."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query

from chassis.db import transaction
from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from ..actions import idempotency, refunds
from ..model.refunds import NoSuchRefund
from ..store import refunds as store
from .orders import Key
from .refund_shapes import RefundAsked, RefundShown, RefundsShown

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])

PAGE_SIZE = 20


@router.post("/refunds", status_code=201)
async def ask_for_refund(
    asked: RefundAsked, db: Db, who: CurrentLearner, idempotency_key: Key = None
) -> RefundShown:
    """Ask for the unstudied hours of a paid order. The same key and body give the same answer;
    while a wish is open, asking again returns it."""
    async with transaction(db) as tx:

        async def act() -> dict[str, Any]:
            refund = await refunds.ask(
                tx,
                learner_id=who.subject,
                order_id=asked.order_id,
                target=asked.target,
                reason=asked.reason,
            )
            return RefundShown.of(refund).model_dump(mode="json")

        answer = await idempotency.once(
            tx,
            actor_id=who.subject,
            key=idempotency_key,
            request=asked.model_dump(mode="json"),
            act=act,
        )
    log.info("refund_asked", case_number=answer["case_number"])
    return RefundShown.model_validate(answer)


@router.get("/refunds")
async def list_refunds(
    db: Db,
    who: CurrentLearner,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> RefundsShown:
    """Own refunds, newest first."""
    found = await store.list_refunds(db, learner_id=who.subject, before=cursor, limit=limit + 1)
    shown = [RefundShown.of(refund) for refund, _ in found[:limit]]
    more = len(found) > limit
    return RefundsShown(items=shown, next_cursor=str(shown[-1].refund_id) if more else None)


@router.get("/refunds/{refund_id}")
async def show_refund(refund_id: UUID, db: Db, who: CurrentLearner) -> RefundShown:
    refund = await store.get_refund(db, refund_id)
    if refund is None or refund.learner_id != who.subject:
        raise NoSuchRefund
    return RefundShown.of(refund)
