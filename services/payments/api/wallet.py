"""The JSON door: CNY account and study cards ($-4)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import clock
from chassis.db import transaction
from chassis.web.deps import Db, client_address
from chassis.web.who import CurrentLearner

from ..actions import redemptions
from ..deps import Terms
from ..model.cards import CardNotAccepted
from ..model.codes import TYPED_MAX, code_mac
from ..model.wallet import Entry
from ..store import ledger as ledger_store
from ..store import wallet as store
from .shapes import Asked

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])

PAGE_SIZE = 20


class CodeAsked(Asked):
    code: str = Field(min_length=1, max_length=TYPED_MAX, repr=False)


class RedemptionShown(BaseModel):
    """`balance_fen`: the CNY account right after the card was redeemed."""

    amount_fen: int
    balance_fen: int


class EntryShown(BaseModel):
    """A movement; `amount_fen` is positive for what came in, `balance_fen` is what it led to."""

    kind: str
    label: str
    amount_fen: int
    balance_fen: int
    booked_at: datetime

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            kind=entry.kind,
            label=entry.label,
            amount_fen=entry.amount_fen,
            balance_fen=entry.balance_fen,
            booked_at=entry.booked_at,
        )


class WalletShown(BaseModel):
    balance_fen: int
    entries: list[EntryShown]
    next_cursor: str | None


@router.post("/study-cards/redemptions", status_code=201)
async def redeem(
    request: Request,
    asked: CodeAsked,
    response: Response,
    db: Db,
    who: CurrentLearner,
    terms: Terms,
) -> RedemptionShown:
    """Top up the CNY account. The same card again: 200 with the same answer. A mistyped code is
    422 and counts as no try; every other refusal is the same 409."""
    mac = code_mac(terms.key, asked.code)
    async with transaction(db) as tx:
        redemption = await redemptions.redeem_code(
            tx,
            learner_id=who.subject,
            code_mac=mac,
            address=client_address(request),
            now=clock.now(),
        )
    if redemption is None:
        raise CardNotAccepted
    if not redemption.is_new:
        response.status_code = 200
    log.info("card_redeemed", serial=redemption.serial, is_new=redemption.is_new)
    return RedemptionShown(amount_fen=redemption.amount_fen, balance_fen=redemption.balance_fen)


@router.get("/wallet")
async def show_wallet(
    db: Db,
    who: CurrentLearner,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> WalletShown:
    found = await store.list_entries(db, who.subject, before=cursor, limit=limit + 1)
    more = len(found) > limit
    return WalletShown(
        balance_fen=await ledger_store.get_balance(db, who.subject),
        entries=[EntryShown.of(entry) for entry in found[:limit]],
        next_cursor=str(found[limit - 1].journal_id) if more else None,
    )
