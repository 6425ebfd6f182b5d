"""Learners who have spent, and their wishes for invoices."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from chassis import clock, ids
from chassis.db import transaction
from contracts.identity import LearnerChanged, LearnerKind
from contracts.payments import PaymentMethod
from services.payments.model.ledger import Account, move, wallet
from services.payments.store import goods, ledger
from tests.payments.conftest import Learner, Shop

TENCENT = "9144030071526726XG"  # a published 统一社会信用代码
PERSON = {"form": "electronic", "title_kind": "individual", "title": "王芳"}
COMPANY = {**PERSON, "title_kind": "organization", "title": "华检公司", "tax_number": TENCENT}


async def known(shop: Shop, learner: Learner, *, email: str = "wang@example.com") -> None:
    """Identity has told of this learner."""
    await shop.running.deliver(
        LearnerChanged(
            learner_id=learner.learner_id,
            version=1,
            real_name="王芳",
            account_name="wangfang",
            email=email,
            kind=LearnerKind.HOLDER,
            id_number_masked="110101********1234",
            id_number_mac="a" * 64,
            verified=True,
            registered_at=clock.now(),
        )
    )


async def spend(
    shop: Shop,
    learner: Learner,
    amount_fen: int,
    *,
    method: PaymentMethod = PaymentMethod.WECHAT,
    refunded_fen: int = 0,
) -> UUID:
    """The learner has a paid order of this amount; a wallet's money was there before."""
    order_id, now = ids.new_id(), clock.now()
    async with transaction(shop.running.pool) as tx:
        await goods.lock_buyer(tx, learner.learner_id)
        await tx.execute(
            """
            INSERT INTO orders (order_id, number, learner_id, learner_name, status, content,
                                amount_fen, refunded_fen, method, created_at, expires_at, paid_at)
                 VALUES ($1, $2, $3, '王芳', 'paid', $2, $4, $5, $6, $7, $8, $7)
            """,
            order_id,
            f"H261128{order_id.hex[-12:].upper()}",
            learner.learner_id,
            amount_fen,
            refunded_fen,
            method,
            now,
            now + timedelta(minutes=30),
        )
    return order_id


async def pay_in(shop: Shop, learner: Learner, amount_fen: int) -> None:
    """That much stands in the learner's CNY account."""
    async with transaction(shop.running.pool) as tx:
        await goods.lock_buyer(tx, learner.learner_id)
        await ledger.book(
            tx,
            move(
                "paid_in",
                str(ids.new_id()),
                clock.now(),
                amount_fen,
                debit=Account.CARDS,
                credit=wallet(learner.learner_id),
            ),
        )


async def ask(
    learner: Learner, amount_fen: Any, *, key: str | None = None, **more: Any
) -> httpx.Response:
    """The learner asks for an invoice; for a person unless `more` says otherwise."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"amount_fen": amount_fen, **PERSON, **more}
    return await learner.ask("POST", "/invoices", json=body, headers=headers)
