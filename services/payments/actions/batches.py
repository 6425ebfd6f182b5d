"""Batches of anonymous cards: draft, approval, the one sheet, delivery, the end ($-3).

Lock order: the batch, its receipt, its cards.
"""

from datetime import datetime
from uuid import UUID

from chassis.db import Tx

from ..model import money
from ..model.batches import (
    Batch,
    BatchDiffers,
    BatchMovedOn,
    BatchStatus,
    NoSuchBatch,
    Sheet,
    SheetGone,
    batch_issued,
    batch_voided,
    inert,
)
from ..model.cards import Card, CardTerms
from ..model.learners import Staff
from ..model.receipts import NoSuchReceipt, ReceiptSpent
from ..model.trails import Deed, entry
from ..store import batches as store
from ..store import cards as cards_store
from ..store import ledger as ledger_store
from ..store import receipts as receipts_store
from ..store import trails
from . import receipts


async def draft(tx: Tx, batch: Batch, *, by: Staff) -> Batch:
    """Note what a second person shall approve; nothing is spoken for yet. The same form twice is
    one draft. Raises `NoSuchReceipt`, `ReceiptSpent`, `BatchDiffers`."""
    receipt = await receipts_store.lock_receipt(tx, batch.receipt_id)
    known = await store.get_batch(tx, batch.batch_id)
    if known is not None:
        if not known.says_the_same(batch):
            raise BatchDiffers
        return known
    if receipt is None:
        raise NoSuchReceipt
    if batch.sum_fen > receipt.rest_fen:
        raise ReceiptSpent(rest_yuan=money.yuan(receipt.rest_fen))

    if not await store.insert_batch(tx, batch):
        raise BatchDiffers
    await trails.insert_entries(
        tx, [entry(Deed.DRAFTED, by=by, at=batch.drafted_at, batch_id=batch.batch_id)]
    )
    return batch


async def approve(
    tx: Tx, *, batch_id: UUID, sheet: Sheet, terms: CardTerms, by: Staff, now: datetime
) -> None:
    """Make the whole batch of the codes on this sheet, inert, or nothing of it.

    Raises `NoSuchBatch`, `OwnBatch`, `BatchMovedOn`, `OwnReceipt`, `ReceiptSpent`.
    """
    batch = await _lock(tx, batch_id)
    batch.check_approval(by=by)
    await receipts.allocate(tx, receipt_id=batch.receipt_id, amount_fen=batch.sum_fen, by=by)

    await store.mark_approved(tx, batch_id, by=by, at=now)
    await _print(tx, batch, sheet, terms=terms, by=by, now=now)
    await ledger_store.book(tx, batch_issued(batch, now))
    await trails.insert_entries(tx, [entry(Deed.APPROVED, by=by, at=now, batch_id=batch_id)])


async def reprint(
    tx: Tx,
    *,
    batch_id: UUID,
    sheet: Sheet,
    terms: CardTerms,
    by: Staff,
    reason: str,
    now: datetime,
) -> UUID | None:
    """Give every card of an undelivered batch a new code: the old ones are void, the value stays.
    The sheet that is no longer of use.

    Raises `NoSuchBatch`, `OwnBatch`, `BatchMovedOn`.
    """
    batch = await _lock(tx, batch_id)
    batch.check_reprint(by=by)
    old = await store.list_worth(tx, batch_id)
    if len(old) != len(sheet.cards):
        raise BatchMovedOn

    new = await _print(tx, batch, sheet, terms=terms, by=by, now=now)
    await store.replace_cards(
        tx, [(card_id, card.card_id) for card_id, card in zip(old, new, strict=True)]
    )
    await trails.insert_entries(
        tx, [entry(Deed.REPRINTED, by=by, at=now, batch_id=batch_id, reason=reason)]
    )
    return batch.sheet_id


async def take_sheet(tx: Tx, *, batch_id: UUID, sheet_id: UUID, by: Staff, now: datetime) -> None:
    """From now on nobody can take this sheet. Raises `NoSuchBatch`, `SheetGone`."""
    batch = await _lock(tx, batch_id)
    if batch.check_sheet(now) != sheet_id:
        raise SheetGone

    await store.mark_status(tx, batch_id, BatchStatus.PRINTED)
    await trails.insert_entries(tx, [entry(Deed.SHEET_TAKEN, by=by, at=now, batch_id=batch_id)])


async def activate(tx: Tx, *, batch_id: UUID, by: Staff, now: datetime) -> None:
    """The cards were delivered: from now on they can be redeemed. Twice is once. Raises
    `NoSuchBatch`, `BatchMovedOn`."""
    batch = await _lock(tx, batch_id)
    if batch.status is BatchStatus.ACTIVE:
        return
    batch.check_status(BatchStatus.PRINTED)

    await store.mark_status(tx, batch_id, BatchStatus.ACTIVE)
    await store.activate_cards(tx, batch_id)
    await trails.insert_entries(tx, [entry(Deed.ACTIVATED, by=by, at=now, batch_id=batch_id)])


async def void(tx: Tx, *, batch_id: UUID, by: Staff, reason: str, now: datetime) -> UUID | None:
    """End a batch: what is not redeemed is bank money again. The sheet that is no longer of use.
    Twice is once. Raises `NoSuchBatch`."""
    batch = await _lock(tx, batch_id)
    if batch.status is BatchStatus.VOID:
        return None
    await receipts_store.lock_receipt(tx, batch.receipt_id)
    worth = await store.list_worth(tx, batch_id)

    left_fen = await store.void_cards(tx, worth)
    await store.mark_status(tx, batch_id, BatchStatus.VOID)
    await trails.insert_entries(
        tx, [entry(Deed.VOIDED, by=by, at=now, batch_id=batch_id, reason=reason)]
    )
    if left_fen > 0:
        await receipts_store.change_allocated(tx, batch.receipt_id, by_fen=-left_fen)
        await ledger_store.book(tx, batch_voided(batch, left_fen, now))
    return batch.sheet_id


async def _print(
    tx: Tx, batch: Batch, sheet: Sheet, *, terms: CardTerms, by: Staff, now: datetime
) -> list[Card]:
    """As many cards as the batch has; the constraint `batch_is_whole` counts them at commit."""
    made = [inert(batch, sheet, printed, terms=terms, by=by, now=now) for printed in sheet.cards]
    await cards_store.insert_cards(tx, made)
    await store.lay_out_sheet(
        tx, batch.batch_id, sheet_id=sheet.sheet_id, expires_at=sheet.expires_at
    )
    return made


async def _lock(tx: Tx, batch_id: UUID) -> Batch:
    batch = await store.lock_batch(tx, batch_id)
    if batch is None:
        raise NoSuchBatch
    return batch
