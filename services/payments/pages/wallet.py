"""The account centre 「账户中心」: CNY account and study cards, without JavaScript ($-4)."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis import clock, sheets
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db, client_address
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other, speak
from chassis.web.who import CurrentLearner, Session

from ..actions import redemptions
from ..actions.redemptions import Redemption
from ..deps import Terms
from ..model.cards import CardNotAccepted, CardState, NoSuchCard
from ..model.codes import TYPED_MAX, code_mac
from ..model.money import yuan
from ..store import cards as cards_store
from ..store import ledger as ledger_store
from ..store import wallet as store

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
EXPORT_PAGE = 500
CSV_HEAD = (
    N_("Time"),
    N_("Movement"),
    N_("Number"),
    N_("Amount in yuan"),
    N_("Balance in yuan"),
)
KINDS = {
    "card_redeemed": N_("Study card redeemed"),
    "order_paid": N_("Order paid"),
    "card_reversed": N_("Study card reversed by the association"),
    "refund_to_wallet": N_("Refund"),
}
OTHER_KIND = N_("Other movement")


class CodeForm(BaseModel):
    code: str = Field(min_length=1, max_length=TYPED_MAX, repr=False)


@router.get("/wallet")
async def show_wallet(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    found = await store.list_entries(db, who.subject, before=cursor, limit=PAGE_SIZE + 1)
    entries = found[:PAGE_SIZE]
    return page(
        request,
        "wallet.html",
        balance_fen=await ledger_store.get_balance(db, who.subject),
        entries=entries,
        kinds=KINDS,
        other_kind=OTHER_KIND,
        waiting=await _waiting(db, who),
        next_cursor=entries[-1].journal_id if len(found) > PAGE_SIZE else None,
        later=cursor is not None,
    )


@router.get("/wallet/entries.csv")
async def export_entries(request: Request, db: Db, who: CurrentLearner) -> Response:
    """Every movement of the account, the latest first: the learner's own statement."""
    say = speak(request).gettext
    rows: list[sheets.Row] = []
    before: UUID | None = None
    while entries := await store.list_entries(db, who.subject, before=before, limit=EXPORT_PAGE):
        rows += [
            (
                entry.booked_at.astimezone(clock.CHINA).strftime("%Y-%m-%d %H:%M:%S"),
                say(KINDS.get(entry.kind, OTHER_KIND)),
                entry.label,
                yuan(entry.amount_fen),
                yuan(entry.balance_fen),
            )
            for entry in entries
        ]
        before = entries[-1].journal_id
    name = f"account-{clock.today():%Y%m%d}.csv"
    return Response(
        sheets.csv_bytes([say(name) for name in CSV_HEAD], rows),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/study-cards")
async def show_cards(request: Request, db: Db, who: CurrentLearner) -> Response:
    return await _cards_page(request, db, who)


@router.post("/study-cards/redemptions")
async def redeem(request: Request, db: Db, who: CurrentLearner, terms: Terms) -> Response:
    """Redeem the code that was typed."""
    form = await read_form(request)
    try:
        mac = code_mac(terms.key, parse(CodeForm, form).code)
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
    except Refusal as refusal:
        return await _cards_page(request, db, who, refusal, form)
    return _redeemed(request, redemption)


@router.post("/study-cards/{card_id}/redemption")
async def redeem_own(request: Request, card_id: UUID, db: Db, who: CurrentLearner) -> Response:
    """Redeem a card in the learner's own name: one press, nothing to type."""
    await read_form(request)
    own = {card.card_id for card in await cards_store.list_of_learner(db, who.subject)}
    if card_id not in own:
        raise NoSuchCard
    async with transaction(db) as tx:
        redemption = await redemptions.redeem_own(
            tx, learner_id=who.subject, card_id=card_id, now=clock.now()
        )
    if redemption is None:
        return await _cards_page(request, db, who, CardNotAccepted())
    return _redeemed(request, redemption)


def _redeemed(request: Request, redemption: Redemption) -> Response:
    log.info("card_redeemed", serial=redemption.serial, is_new=redemption.is_new)
    flash = (
        N_("￥{amount} were added to your CNY account.")
        if redemption.is_new
        else N_("This card, worth ￥{amount}, was added to your account before.")
    )
    return see_other("/wallet", request=request, flash=flash, amount=yuan(redemption.amount_fen))


async def _waiting(db: Pool, who: Session) -> int:
    """How many cards in the learner's name can be redeemed."""
    cards = await cards_store.list_of_learner(db, who.subject)
    return sum(card.state(clock.today()) is CardState.ACTIVE for card in cards)


async def _cards_page(
    request: Request,
    db: Pool,
    who: Session,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    response = page(
        request,
        "study_cards.html",
        balance_fen=await ledger_store.get_balance(db, who.subject),
        cards=await cards_store.list_of_learner(db, who.subject),
        today=clock.today(),
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
    if refusal is not None and refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response
