"""Builders for study cards: bank money, and cards that were made of it."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from chassis import clock, ids
from chassis.db import transaction
from services.payments.actions import cards, receipts
from services.payments.model.cards import CardTerms, IssuedCard, NewCard, draw_code, draw_serial
from services.payments.model.learners import Staff
from services.payments.model.receipts import Receipt
from services.payments.settings import PaymentsSettings
from tests.payments.conftest import Learner, MakeShop, Shop

CLERK = Staff(ids.new_id(), "孙雯")  # records bank money
CHIEF = Staff(ids.new_id(), "钱进")  # issues cards for it


def terms_of(shop: Shop) -> CardTerms:
    settings: PaymentsSettings = shop.running.service.app.state.settings
    return CardTerms(
        settings.card_key.get_secret_value(), settings.card_key_version, settings.card_valid_years
    )


async def receive(shop: Shop, amount_fen: int, *, by: Staff = CLERK) -> UUID:
    """Bank money of this sum is recorded; the receipt's id."""
    receipt = Receipt(
        receipt_id=ids.new_id(),
        bank_reference=f"CCB{ids.new_id().hex[-16:]}",
        payer_name="青岛检验有限公司",
        remark="继续教育",
        amount_fen=amount_fen,
        received_on=date(2026, 11, 20),
        allocated_fen=0,
        recorded_by=by.staff_id,
        recorded_by_name=by.name,
        recorded_at=clock.now(),
    )
    async with transaction(shop.running.pool) as tx:
        assert await receipts.record(tx, receipt)
    return receipt.receipt_id


def new_card(
    learner: Learner | None, amount_fen: int = 15000, *, id_number_mac: str | None = None
) -> NewCard:
    return NewCard(
        card_id=ids.new_id(),
        holder_name="王海燕",
        learner_id=learner.learner_id if learner else None,
        id_number_mac=id_number_mac,
        amount_fen=amount_fen,
        case_number=None,
        code=draw_code(),
        serial=draw_serial(clock.now()),
    )


async def issue(
    shop: Shop,
    *new: NewCard,
    receipt_id: UUID | None = None,
    by: Staff = CHIEF,
    now: datetime | None = None,
) -> list[IssuedCard]:
    """Named cards, against a receipt of exactly their sum where none is given."""
    receipt_id = receipt_id or await receive(shop, sum(card.amount_fen for card in new))
    async with transaction(shop.running.pool) as tx:
        return await cards.issue_named(
            tx,
            terms=terms_of(shop),
            receipt_id=receipt_id,
            cards=new,
            by=by,
            now=now or clock.now(),
        )


async def issue_one(shop: Shop, learner: Learner, amount_fen: int = 15000) -> IssuedCard:
    [card] = await issue(shop, new_card(learner, amount_fen))
    return card


async def redeem(learner: Learner, code: str, *, address: str = "") -> httpx.Response:
    headers = {"X-Real-IP": address} if address else {}
    return await learner.ask(
        "POST", "/study-cards/redemptions", json={"code": code}, headers=headers
    )


async def top_up(shop: Shop, learner: Learner, amount_fen: int) -> None:
    """The learner's CNY account holds that much more."""
    card = await issue_one(shop, learner, amount_fen)
    assert (await redeem(learner, card.code)).status_code == 201


async def wallet_of(learner: Learner, **params: str) -> dict[str, Any]:
    answer = await learner.ask("GET", "/wallet", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def dump_of(pool: asyncpg.Pool) -> str:
    """Every row of every table, as text."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [
        row[0]
        for table in tables
        for row in await pool.fetch(f'SELECT t::text FROM "{table["tablename"]}" AS t')  # noqa: S608
    ]
    bodies = [bytes(row["body"]).decode() for row in await pool.fetch("SELECT body FROM outbox")]
    return "\n".join([*rows, *bodies])


@pytest.fixture
async def proxied(make_shop: MakeShop) -> Shop:
    """A shop behind the gateway, which tells where each caller is."""
    return await make_shop(trusted_proxy=True)


async def tries_of(shop: Shop) -> Counter[str]:
    rows = await shop.running.pool.fetch("SELECT outcome FROM card_tries")
    return Counter(row["outcome"] for row in rows)
