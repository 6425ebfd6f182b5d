"""The sheet of a batch: its codes in clear, in one sealed file, handed out once ($-3).

Sealed before the cards exist, opened once after that; a sheet without cards does no harm.
"""

import json
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from chassis import ids
from chassis.db import Pool, transaction
from chassis.parcels import NoSuchParcel, Parcel, Parcels
from chassis.refusals import Refusal

from .actions import batches
from .model.batches import Batch, NoSuchBatch, Printed, Sheet, SheetGone, draw
from .model.cards import CardTerms
from .model.learners import Staff
from .store import batches as store
from .store import cards as cards_store

log = structlog.get_logger()


async def approve(
    db: Pool,
    parcels: Parcels,
    *,
    batch_id: UUID,
    terms: CardTerms,
    keep: timedelta,
    by: Staff,
    now: datetime,
) -> None:
    """Draw and seal the codes, then make the batch of them. `keep`: how long the sheet waits.

    Raises what `batches.approve` raises.
    """
    batch = await _get(db, batch_id)
    batch.check_approval(by=by)
    sheet = await _seal(parcels, batch.cards, terms=terms, now=now, keep=keep)
    try:
        async with transaction(db) as tx:
            await batches.approve(tx, batch_id=batch_id, sheet=sheet, terms=terms, by=by, now=now)
    except Refusal:
        await parcels.delete(sheet.sheet_id)
        raise


async def reprint(
    db: Pool,
    parcels: Parcels,
    *,
    batch_id: UUID,
    terms: CardTerms,
    keep: timedelta,
    by: Staff,
    reason: str,
    now: datetime,
) -> None:
    """Seal new codes, then give them to the cards of an undelivered batch.

    Raises what `batches.reprint` raises.
    """
    batch = await _get(db, batch_id)
    batch.check_reprint(by=by)
    number = await cards_store.count_worth(db, batch_id)
    sheet = await _seal(parcels, number, terms=terms, now=now, keep=keep)
    try:
        async with transaction(db) as tx:
            useless = await batches.reprint(
                tx, batch_id=batch_id, sheet=sheet, terms=terms, by=by, reason=reason, now=now
            )
    except Refusal:
        await parcels.delete(sheet.sheet_id)
        raise
    await forget(parcels, useless)


async def take(
    db: Pool, parcels: Parcels, *, batch_id: UUID, by: Staff, now: datetime
) -> tuple[Batch, Sheet]:
    """The codes of a batch, this once: read, then marked as taken, then deleted.

    Raises `NoSuchBatch`, `SheetGone`.
    """
    batch = await _get(db, batch_id)
    try:
        sheet_id = batch.check_sheet(now)
        sheet = _unpack(batch, await parcels.unseal(sheet_id))
        async with transaction(db) as tx:
            await batches.take_sheet(tx, batch_id=batch_id, sheet_id=sheet_id, by=by, now=now)
    except (SheetGone, NoSuchParcel):
        log.warning("card_sheet_refused", batch_id=str(batch_id), staff_id=str(by.staff_id))
        raise SheetGone from None
    log.info("card_sheet_taken", batch_id=str(batch_id), staff_id=str(by.staff_id))
    await forget(parcels, sheet_id)
    return batch, sheet


async def forget(parcels: Parcels, sheet_id: UUID | None) -> None:
    if sheet_id is not None:
        await parcels.delete(sheet_id)


async def _get(db: Pool, batch_id: UUID) -> Batch:
    batch = await store.get_batch(db, batch_id)
    if batch is None:
        raise NoSuchBatch
    return batch


async def _seal(
    parcels: Parcels, number: int, *, terms: CardTerms, now: datetime, keep: timedelta
) -> Sheet:
    sheet = Sheet(ids.new_id(), now + keep, terms.expires_on(now), draw(number, now))
    cards = json.dumps([[card.serial, card.code] for card in sheet.cards])
    fields = {"cards": cards, "valid_until": sheet.valid_until.isoformat()}
    await parcels.seal(sheet.sheet_id, Parcel(fields))
    return sheet


def _unpack(batch: Batch, parcel: Parcel) -> Sheet:
    assert batch.sheet_id is not None
    assert batch.sheet_expires_at is not None
    return Sheet(
        batch.sheet_id,
        batch.sheet_expires_at,
        date.fromisoformat(parcel.fields["valid_until"]),
        tuple(Printed(serial, code) for serial, code in json.loads(parcel.fields["cards"])),
    )
