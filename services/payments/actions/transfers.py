"""Payment vouchers, handed in by learners ($-3, W-1). Deciding them is `decisions`'."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis import ids, outbox
from chassis.db import Pool, Tx
from contracts.payments import TransferSubmitted

from ..model.cases import CaseKind, new_case_number
from ..model.learners import Learner
from ..model.transfers import (
    OPEN_MAX,
    NoSuchTransfer,
    Notice,
    ReferenceSpent,
    Step,
    StepKind,
    TooManyOpenTransfers,
    Transfer,
    TransferStatus,
    new_reference,
)
from ..model.vouchers import Voucher, VoucherKind
from ..store import goods as goods_store
from ..store import remittances as remittances_store
from ..store import transfers as store
from ..store import vouchers as vouchers_store


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A voucher that lies on the shelf already, and the parcel for the mailbox that is sealed."""

    voucher_id: UUID
    kind: VoucherKind
    bytes: int
    parcel_id: UUID


async def open_reference(db: Pool | Tx, learner_id: UUID, *, now: datetime) -> str:
    """The remittance reference that this learner writes into the payment: the same one until a
    voucher quotes it. The learner must be known."""
    while True:
        reference = await remittances_store.find_open_reference(db, learner_id)
        if reference is not None:
            return reference
        await remittances_store.insert_reference(
            db, new_reference(), learner_id=learner_id, now=now
        )


async def submit(
    tx: Tx, *, learner: Learner, reference: str, notice: Notice, handed_in: HandedIn, now: datetime
) -> Transfer:
    """Make a case of a voucher. A form that is sent twice makes one: its reference is used once.

    Raises `ReferenceSpent`, `TooManyOpenTransfers`.
    """
    await goods_store.lock_buyer(tx, learner.learner_id)
    again = await _with_reference(tx, learner, reference, notice)
    if again is not None:
        return again
    waiting = await store.count_open(tx, learner_id=learner.learner_id)

    if waiting >= OPEN_MAX:
        raise TooManyOpenTransfers(number=waiting)
    transfer = _new(learner, reference, notice, now)

    await store.insert_transfer(tx, transfer)
    await remittances_store.use_reference(tx, reference, transfer_id=transfer.transfer_id)
    await _keep(tx, transfer, handed_in, StepKind.SUBMITTED, now)

    await _tell_submitted(tx, transfer, handed_in)
    return transfer


async def _with_reference(
    tx: Tx, learner: Learner, reference: str, notice: Notice
) -> Transfer | None:
    """The case that this form made before; None while its reference is open."""
    open_one = await remittances_store.find_open_reference(tx, learner.learner_id)
    if open_one == reference:
        return None
    used_by = await remittances_store.find_use(tx, reference, learner_id=learner.learner_id)
    made = await store.get_transfer(tx, used_by) if used_by else None
    if made is None or made.notice != notice:
        raise ReferenceSpent
    return made


def _new(learner: Learner, reference: str, notice: Notice, now: datetime) -> Transfer:
    return Transfer(
        transfer_id=ids.new_id(),
        case_number=new_case_number(CaseKind.TRANSFER, now),
        learner_id=learner.learner_id,
        learner_name=learner.real_name,
        account_name=learner.account_name,
        status=TransferStatus.SUBMITTED,
        reference=reference,
        notice=notice,
        submitted_at=now,
        turn=1,
        decided_at=None,
        reason="",
        receipt_id=None,
        issued_fen=None,
    )


async def resubmit(
    tx: Tx,
    *,
    learner: Learner,
    transfer_id: UUID,
    notice: Notice,
    handed_in: HandedIn,
    now: datetime,
) -> Transfer:
    """Hand in a returned case again, with what it says now and a new voucher.

    Raises `NoSuchTransfer`, `TransferNotReturned`.
    """
    transfer = await lock(tx, transfer_id, learner_id=learner.learner_id)

    transfer.check_resubmission()

    await store.mark_submitted(tx, transfer_id, notice)
    transfer = await again(tx, transfer_id)
    await _keep(tx, transfer, handed_in, StepKind.RESUBMITTED, now)

    await _tell_submitted(tx, transfer, handed_in)
    return transfer


async def lock(tx: Tx, transfer_id: UUID, *, learner_id: UUID | None = None) -> Transfer:
    """Hold the learner and the case, always in this sequence. Raises `NoSuchTransfer`."""
    found = await store.get_transfer(tx, transfer_id, learner_id=learner_id)
    if found is None:
        raise NoSuchTransfer
    await goods_store.lock_buyer(tx, found.learner_id)
    locked = await store.lock_transfer(tx, transfer_id)
    assert locked is not None, "cases are never deleted"
    return locked


async def again(tx: Tx, transfer_id: UUID) -> Transfer:
    """The case as it is now; the caller holds it."""
    found = await store.get_transfer(tx, transfer_id)
    assert found is not None, "cases are never deleted"
    return found


async def _keep(
    tx: Tx, transfer: Transfer, handed_in: HandedIn, kind: StepKind, now: datetime
) -> None:
    """What was handed in, and that it was."""
    voucher = Voucher(
        handed_in.voucher_id, transfer.transfer_id, handed_in.kind, handed_in.bytes, now
    )
    await vouchers_store.insert_voucher(tx, voucher)
    step = Step(kind, now, transfer.learner_id, transfer.learner_name)
    await store.add_step(tx, transfer.transfer_id, step)


async def _tell_submitted(tx: Tx, transfer: Transfer, handed_in: HandedIn) -> None:
    await outbox.add(
        tx,
        TransferSubmitted(
            transfer_id=transfer.transfer_id,
            case_number=transfer.case_number,
            learner_id=transfer.learner_id,
            amount_fen=transfer.notice.amount_fen,
            parcel_id=handed_in.parcel_id,
        ),
    )
