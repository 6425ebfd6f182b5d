"""The JSON door: bank transfers (W-1)."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, File, Form, Header, Query, UploadFile
from pydantic import StringConstraints

from chassis import clock
from chassis.db import Pool, transaction
from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from ..actions import idempotency
from ..actions import transfers as actions
from ..deps import OwnSettings, VoucherCounter
from ..model.cards import AMOUNT_MAX_FEN
from ..model.learners import NotKnownYet
from ..model.transfers import NoSuchTransfer, Notice
from ..settings import PaymentsSettings
from ..store import transfers as store
from .transfer_shapes import RemittanceShown, TransferShown, TransfersShown

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])

PAGE_SIZE = 20
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Key = Annotated[
    str | None, Header(min_length=1, max_length=idempotency.KEY_MAX, pattern=r"^[!-~]+$")
]


@router.post("/transfers", status_code=201)
async def submit_transfer(
    db: Db,
    who: CurrentLearner,
    counter: VoucherCounter,
    amount_fen: Annotated[int, Form(gt=0, le=AMOUNT_MAX_FEN)],
    payer_name: Annotated[Named, Form()],
    voucher: Annotated[UploadFile, File(description="JPEG, PNG, WebP or PDF, at most 10 MB")],
    bank_reference: Annotated[Text, Form()] = "",
    id_number: Annotated[Text, Form()] = "",
    contact: Annotated[Text, Form()] = "",
    idempotency_key: Key = None,
) -> TransferShown:
    """Hand in a payment voucher. `id_number`, where given, must be one's own; `contact` is the
    account's e-mail otherwise. The same key and body give the same answer."""
    learner = await counter.known(who.subject)
    if id_number:
        learner.check_id_number(id_number, key=counter.id_number_mac_key)
    content = await voucher.read()
    notice = Notice(amount_fen, payer_name, bank_reference, contact or learner.email)
    reference = await actions.open_reference(db, learner.learner_id, now=clock.now())
    handed_in = await counter.take(
        learner, reference=reference, notice=notice, id_number=id_number, content=content
    )
    async with transaction(db) as tx:

        async def submit() -> dict[str, Any]:
            transfer = await actions.submit(
                tx,
                learner=learner,
                reference=reference,
                notice=notice,
                handed_in=handed_in,
                now=clock.now(),
            )
            return TransferShown.of(transfer).model_dump(mode="json")

        answer = await idempotency.once(
            tx,
            actor_id=who.subject,
            key=idempotency_key,
            request=_fingerprint(notice, id_number, content),
            act=submit,
        )
    log.info("transfer_submitted", case=answer["case_number"], amount_fen=answer["amount_fen"])
    return TransferShown.model_validate(answer)


def _fingerprint(notice: Notice, id_number: str, content: bytes) -> dict[str, object]:
    """What makes two requests the same. Only its hash is kept."""
    return {
        "amount_fen": notice.amount_fen,
        "payer_name": notice.payer_name,
        "bank_reference": notice.bank_reference,
        "contact": notice.contact,
        "id_number": id_number,
        "voucher": hashlib.sha256(content).hexdigest(),
    }


@router.get("/transfers")
async def list_transfers(
    db: Db,
    who: CurrentLearner,
    counter: VoucherCounter,
    settings: OwnSettings,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> TransfersShown:
    """One's vouchers, the newest first, and where to pay next."""
    found = await store.list_of_learner(db, who.subject, before=cursor, limit=limit + 1)
    shown = [TransferShown.of(transfer) for transfer in found[:limit]]
    return TransfersShown(
        items=shown,
        next_cursor=str(shown[-1].transfer_id) if len(found) > limit else None,
        remittance=await _remittance(db, counter, settings, who.subject),
    )


async def _remittance(
    db: Pool, counter: VoucherCounter, settings: PaymentsSettings, learner_id: UUID
) -> RemittanceShown | None:
    try:
        learner = await counter.known(learner_id)
    except NotKnownYet:
        return None
    return RemittanceShown(
        account_name=settings.bank_account_name,
        bank_name=settings.bank_name,
        account_number=settings.bank_account_number,
        reference=await actions.open_reference(db, learner.learner_id, now=clock.now()),
    )


@router.get("/transfers/{transfer_id}")
async def show_transfer(transfer_id: UUID, db: Db, who: CurrentLearner) -> TransferShown:
    transfer = await store.get_transfer(db, transfer_id, learner_id=who.subject)
    if transfer is None:
        raise NoSuchTransfer
    return TransferShown.of(transfer)
