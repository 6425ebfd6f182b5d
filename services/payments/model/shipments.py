"""Paper on its way by SF Express, freight collect 「顺丰到付」 ($-7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict

FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)


class NothingToSend(Conflict):
    """Only an issued paper invoice can be sent."""


class AlreadySent(Conflict):
    """This invoice is on its way already."""


class OutcomeUnknown(Conflict):
    """SF Express has been asked and has not answered. It is asked again by itself; please wait."""


class ShipmentStatus(StrEnum):
    ASKING = "asking"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Shipment:
    """`sf_order_id`: however often SF is asked with it, it makes one waybill."""

    invoice_id: UUID
    sf_order_id: str
    status: ShipmentStatus
    asked_by: UUID
    asked_at: datetime
    waybill: str | None = None
    refusal: str = ""
    tries: int = 0
    next_try_at: datetime | None = None


def wait_after(tries: int) -> timedelta:
    """How long until SF is asked again: longer each time."""
    doubled: int = 2 ** min(tries, 10)
    return min(LONGEST_WAIT, FIRST_WAIT * doubled)
