"""Handing in an application for the discount: what the mailbox reads is sealed, then the case is
committed (W-2)."""

import hmac

from chassis import idnumbers, ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels
from chassis.refusals import Invalid
from chassis.web.i18n import N_

from .actions import discounts
from .model.discounts import Discount
from .model.learners import Learner

NOT_YOUR_NUMBER = N_("This is not the ID number of your account.")


async def apply(
    db: Pool, parcels: Parcels, *, mac_key: bytes, learner: Learner, id_number: str | None
) -> Discount:
    """Apply for the discount. Without an ID number the parcel carries the masked one.

    Raises `Invalid` where the number is another person's, and what `discounts.apply` raises.
    """
    if id_number is not None:
        _check_number(mac_key, learner, id_number)
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, Parcel(_fields(learner, id_number)))
    async with transaction(db) as tx:
        return await discounts.apply(
            tx, discount_id=ids.new_id(), learner_id=learner.learner_id, parcel_id=parcel_id
        )


def _check_number(mac_key: bytes, learner: Learner, id_number: str) -> None:
    typed = idnumbers.id_number_mac(mac_key, id_number)
    if not hmac.compare_digest(typed, learner.id_number_mac):
        raise Invalid({"id_number": NOT_YOUR_NUMBER})


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
