"""Where paper goes, and the parcels that tell of it: two shelves ($-7).

Addresses are sealed like parcels, but among our own files: no other service opens them, and they
live until SF Express has them.
"""

from dataclasses import dataclass
from uuid import UUID

from chassis import ids
from chassis.parcels import Parcel, Parcels

from .model.delivery import Address
from .model.invoices import Delivery, Invoice


@dataclass(frozen=True, slots=True)
class Shelves:
    """`addresses` are ours, `parcels` are shared with the service that mails."""

    addresses: Parcels
    parcels: Parcels


async def seal(addresses: Parcels, address: Address) -> Delivery:
    """Before the application's transaction: one too many does no harm."""
    parcel_id = ids.new_id()
    await addresses.seal(parcel_id, Parcel(address.as_fields()))
    return Delivery(parcel_id, address.recipient_masked, address.mobile_masked)


async def forget(addresses: Parcels, delivery: Delivery | None) -> None:
    """Nobody needs it any more: SF has it, or nothing will be sent."""
    if delivery is not None:
        await addresses.seal(delivery.parcel_id, Parcel({}))


async def seal_for_mail(shelves: Shelves, invoice: Invoice) -> UUID:
    """The parcel by which a learner is told that the paper is on its way."""
    parcel_id = ids.new_id()
    await shelves.parcels.seal(parcel_id, Parcel({"email": invoice.email}))
    return parcel_id
