"""A learner's wish for an invoice, on its way from either door: the address is sealed, then the
application is written down ($-7)."""

from typing import Any
from uuid import UUID

from chassis.db import Pool, Tx, transaction
from chassis.parcels import Parcels

from . import addresses as address_shelf
from .actions import employer_invoices, idempotency, invoices
from .api.invoice_shapes import InvoiceAsked, InvoiceShown
from .model.invoice_room import Policy
from .model.invoices import Invoice, Wish


async def request(
    db: Pool,
    addresses: Parcels,
    *,
    learner_id: UUID,
    asked: InvoiceAsked,
    policy: Policy,
    key: str | None,
) -> InvoiceShown:
    """Ask for an invoice; the same key and wish give the same answer. An address that no
    application came to need is forgotten. Raises what `request` of `actions.invoices` or
    `actions.employer_invoices` raises."""
    address = asked.delivery()
    delivery = None if address is None else await address_shelf.seal(addresses, address)
    noted: list[Invoice] = []
    try:
        async with transaction(db) as tx:

            async def act() -> dict[str, Any]:
                invoice = await _note(tx, learner_id, asked.wish(delivery), policy)
                noted.append(invoice)
                return InvoiceShown.of(invoice).model_dump(mode="json")

            answer = await idempotency.once(
                tx, actor_id=learner_id, key=key, request=asked.model_dump(mode="json"), act=act
            )
    except BaseException:
        noted.clear()
        raise
    finally:
        if delivery is not None and not noted:
            await address_shelf.forget(addresses, delivery)
    return InvoiceShown.model_validate(answer)


async def _note(tx: Tx, learner_id: UUID, wish: Wish, policy: Policy) -> Invoice:
    if wish.employer_case_number:
        return await employer_invoices.request(tx, contact_id=learner_id, wish=wish)
    return await invoices.request(tx, learner_id=learner_id, wish=wish, policy=policy)


async def cancel(db: Pool, addresses: Parcels, *, learner_id: UUID, invoice_id: UUID) -> Invoice:
    """Take an application back. Raises what `actions.invoices.cancel` raises."""
    async with transaction(db) as tx:
        invoice = await invoices.cancel(tx, learner_id=learner_id, invoice_id=invoice_id)
    await address_shelf.forget(addresses, invoice.delivery)
    return invoice
