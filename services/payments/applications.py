"""Handing in an application for the discount: what the mailbox reads is sealed, then the case is
committed (W-2)."""

from chassis import idnumbers, ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels

from .actions import discounts
from .model.discounts import Discount
from .model.learners import Learner


async def apply(
    db: Pool, parcels: Parcels, *, mac_key: bytes, learner: Learner, id_number: str | None
) -> Discount:
    """Apply for the discount. Without an ID number the parcel carries the masked one.

    Raises `Invalid` where the number is another person's, and what `discounts.apply` raises.
    """
    if id_number is not None:
        learner.check_id_number(id_number, key=mac_key)
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, Parcel(_fields(learner, id_number)))
    async with transaction(db) as tx:
        return await discounts.apply(
            tx, discount_id=ids.new_id(), learner_id=learner.learner_id, parcel_id=parcel_id
        )


def _fields(learner: Learner, id_number: str | None) -> dict[str, str]:
    """What the notice asks for in W-2."""
    expires_on = learner.qualification_expires_on
    number = learner.id_number_masked if id_number is None else idnumbers.normalise(id_number)
    return {
        "real_name": learner.real_name,
        "id_number": number,
        "certificate_number": learner.qualification_number or "",
        "expires_on": expires_on.isoformat() if expires_on else "",
        "account_name": learner.account_name,
        "email": learner.email,
    }
