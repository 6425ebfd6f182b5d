"""A learner's wish for an invoice, on its way from either door: the address is sealed, then the
application is written down ($-7)."""

from typing import Any
from uuid import UUID

from chassis import ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels

from .actions import idempotency, invoices
from .api.invoice_shapes import InvoiceAsked, InvoiceShown
from .model.delivery import Address
from .model.invoice_room import Policy
from .model.invoices import Delivery


async def request(
    db: Pool,
    addresses: Parcels,
    *,
    learner_id: UUID,
    asked: InvoiceAsked,
    policy: Policy,
    key: str | None,
) -> InvoiceShown:
    """Ask for an invoice; the same key and wish give the same answer. Raises what
    `actions.invoices.request` raises."""
    delivery = await _seal(addresses, asked.delivery())
    wish = asked.wish(delivery)
    async with transaction(db) as tx:

        async def act() -> dict[str, Any]:
            invoice = await invoices.request(tx, learner_id=learner_id, wish=wish, policy=policy)
            return InvoiceShown.of(invoice).model_dump(mode="json")

        answer = await idempotency.once(
            tx, actor_id=learner_id, key=key, request=asked.model_dump(mode="json"), act=act
        )
    return InvoiceShown.model_validate(answer)


async def _seal(addresses: Parcels, address: Address | None) -> Delivery | None:
    if address is None:
        return None
    parcel_id = ids.new_id()
    await addresses.seal(parcel_id, Parcel(address.as_fields()))
    return Delivery(parcel_id, address.recipient_masked, address.mobile_masked)
