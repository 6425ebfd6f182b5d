"""Payment vouchers, returned or accepted by staff ($-3, W-1)."""

from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.db import Tx
from contracts.payments import StudyCardIssued, TransferAccepted, TransferReturned

from ..model.cards import CardTerms, IssuedCard, NewCard
from ..model.learners import Staff
from ..model.transfers import Step, StepKind, Transfer, TransferStatus
from ..store import transfers as store
from . import cards
from .transfers import again, lock


async def send_back(
    tx: Tx, *, transfer_id: UUID, reason: str, by: Staff, now: datetime
) -> Transfer:
    """Return a case with a reason that its learner reads; twice is once.

    Raises `NoSuchTransfer`, `TransferDecided`.
    """
    transfer = await lock(tx, transfer_id)

    transfer.check_return()
    if transfer.status is TransferStatus.RETURNED:
        return transfer

    await store.mark_returned(tx, transfer_id, reason=reason, now=now)
    await store.add_step(
        tx, transfer_id, Step(StepKind.RETURNED, now, by.staff_id, by.name, reason)
    )

    await outbox.add(
        tx,
        TransferReturned(
            transfer_id=transfer_id,
            case_number=transfer.case_number,
            learner_id=transfer.learner_id,
            reason=reason,
        ),
    )
    return await again(tx, transfer_id)


async def accept(
    tx: Tx,
    *,
    terms: CardTerms,
    transfer_id: UUID,
    receipt_id: UUID,
    card: NewCard,
    parcel_id: UUID,
    by: Staff,
    now: datetime,
) -> Transfer:
    """Issue the card of a case against a bank receipt, and decide the case, in one. A case that is
    accepted stays as it is, whatever is asked once more.

    Raises `NoSuchTransfer`, `TransferAwaitsLearner`, `NoSuchReceipt`, `OwnReceipt`, `ReceiptSpent`.
    """
    transfer = await lock(tx, transfer_id)

    if transfer.accepted:
        return transfer
    transfer.check_decision()

    [issued] = await cards.issue_named(
        tx, terms=terms, receipt_id=receipt_id, cards=[card], by=by, now=now
    )
    await store.mark_accepted(
        tx, transfer_id, receipt_id=receipt_id, issued_fen=issued.amount_fen, now=now
    )
    await store.add_step(tx, transfer_id, Step(StepKind.ACCEPTED, now, by.staff_id, by.name))

    await _tell_accepted(tx, transfer, issued, parcel_id)
    return await again(tx, transfer_id)


async def _tell_accepted(tx: Tx, transfer: Transfer, issued: IssuedCard, parcel_id: UUID) -> None:
    await outbox.add(
        tx,
        TransferAccepted(
            transfer_id=transfer.transfer_id,
            case_number=transfer.case_number,
            learner_id=transfer.learner_id,
            amount_fen=issued.amount_fen,
            cards=1,
        ),
    )
    await outbox.add(
        tx,
        StudyCardIssued(
            card_id=issued.card_id,
            serial=issued.serial,
            learner_id=transfer.learner_id,
            amount_fen=issued.amount_fen,
            expires_on=issued.expires_on,
            parcel_id=parcel_id,
            case_number=transfer.case_number,
        ),
    )
