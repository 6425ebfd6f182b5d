"""Between us and SF Express: intent → commit → call → commit the outcome ($-7).

What is not known is asked again by the worker, with the same order number.
"""

from functools import partial
from uuid import UUID

import structlog

from chassis import clock
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, transaction
from chassis.parcels import NoSuchParcel

from .actions import shipments as actions
from .addresses import Shelves, forget, seal_for_mail
from .model.invoices import Invoice
from .model.learners import Staff
from .model.shipments import Shipment
from .providers.courier import Courier, Letter
from .providers.port import Refused, Unknown
from .store import shipments as store

log = structlog.get_logger()

LOOK_SECONDS = 15.0
AT_ONCE = 20
NO_ADDRESS = "no address"  # our own code: the sealed parcel is gone


async def send(
    db: Pool, courier: Courier, shelves: Shelves, *, invoice_id: UUID, by: Staff
) -> None:
    """Have an issued paper invoice fetched; the learner pays SF. Raises what `begin` raises."""
    async with transaction(db) as tx:
        invoice, shipment = await actions.begin(tx, invoice_id=invoice_id, by=by)
    await _ask(db, courier, shelves, invoice, shipment)


async def send_by_hand(
    db: Pool, shelves: Shelves, *, invoice: Invoice, waybill: str, by: Staff
) -> None:
    """Somebody has taken the letter to SF. Raises what `note_sent_by_hand` raises."""
    parcel_id = await seal_for_mail(shelves, invoice)
    async with transaction(db) as tx:
        await actions.note_sent_by_hand(
            tx, invoice_id=invoice.invoice_id, waybill=waybill, parcel_id=parcel_id, by=by
        )
    await forget(shelves.addresses, invoice.delivery)


async def ask_again(db: Pool, courier: Courier, shelves: Shelves) -> None:
    """The worker: ask SF about everything whose outcome is not known."""
    for invoice_id in await store.list_due(db, now=clock.now(), limit=AT_ONCE):
        try:
            async with transaction(db) as tx:
                taken = await actions.take_due(tx, invoice_id)
            if taken is not None:
                await _ask(db, courier, shelves, *taken)
        except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
            log.warning("shipment_waits", reason=type(reason).__name__)
        except Exception:
            log.exception("shipment_not_looked_after", invoice_id=str(invoice_id))


async def _ask(
    db: Pool, courier: Courier, shelves: Shelves, invoice: Invoice, shipment: Shipment
) -> None:
    told = partial(log.info, case_number=invoice.case_number)
    refuse = partial(_refuse, db, invoice.invoice_id)
    try:
        letter = await _letter(shelves, invoice, shipment)
        waybill = await courier.send(letter)
    except NoSuchParcel:
        await refuse(NO_ADDRESS)
        return
    except Refused as refused:
        told("sf_refused", code=refused.code)
        await refuse(refused.code)
        return
    except Unknown as reason:
        told("sf_outcome_unknown", reason=str(reason))
        return
    parcel_id = await seal_for_mail(shelves, invoice)
    async with transaction(db) as tx:
        await actions.note_sent(
            tx, invoice_id=invoice.invoice_id, waybill=waybill, parcel_id=parcel_id
        )
    await forget(shelves.addresses, invoice.delivery)
    told("invoice_sent", waybill=waybill)


async def _refuse(db: Pool, invoice_id: UUID, code: str) -> None:
    async with transaction(db) as tx:
        await actions.note_refused(tx, invoice_id=invoice_id, code=code)


async def _letter(shelves: Shelves, invoice: Invoice, shipment: Shipment) -> Letter:
    if invoice.delivery is None:
        raise NoSuchParcel(NO_ADDRESS)
    sealed = await shelves.addresses.unseal(invoice.delivery.parcel_id)
    if not sealed.fields:
        raise NoSuchParcel(NO_ADDRESS)
    return Letter(
        order_id=shipment.sf_order_id,
        recipient=sealed.fields["recipient"],
        mobile=sealed.fields["mobile"],
        address=sealed.fields["address"],
    )
