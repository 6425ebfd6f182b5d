"""The JSON door: the discount (W-2)."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from .. import applications
from ..actions import discounts
from ..deps import OwnSettings, ParcelShelf
from ..model.discounts import Discount, DiscountStatus
from ..store import discounts as store
from .shapes import Asked

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments", tags=["payments"])


class DiscountAsked(Asked):
    """`id_number` is passed on to the association's mailbox, sealed, and not kept."""

    id_number: str | None = Field(default=None, min_length=1, max_length=50)


class DiscountShown(BaseModel):
    """`hours_left`: how many required hours still cost nothing."""

    discount_id: UUID
    case_number: str
    status: DiscountStatus
    certificate_number: str
    cycle_ends_on: date
    requested_at: datetime
    decided_at: datetime | None
    reason: str | None
    hours_left: int

    @classmethod
    def of(cls, discount: Discount) -> Self:
        return cls(
            discount_id=discount.discount_id,
            case_number=discount.case_number,
            status=discount.status,
            certificate_number=discount.certificate_number,
            cycle_ends_on=discount.cycle_ends_on,
            requested_at=discount.requested_at,
            decided_at=discount.decided_at,
            reason=discount.reason,
            hours_left=discount.hours_left,
        )


class DiscountsShown(BaseModel):
    items: list[DiscountShown]


@router.post("/discounts", status_code=201)
async def apply(
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    parcels: ParcelShelf,
    asked: DiscountAsked | None = None,
) -> DiscountShown:
    """Apply for the discount of the present cycle. It may be granted at once."""
    discount = await applications.apply(
        db,
        parcels,
        mac_key=settings.id_number_mac_key.get_secret_value(),
        learner=await discounts.look(db, who.subject),
        id_number=asked.id_number if asked else None,
    )
    log.info("discount_requested", case=discount.case_number, status=discount.status)
    return DiscountShown.of(discount)


@router.get("/discounts")
async def list_discounts(db: Db, who: CurrentLearner) -> DiscountsShown:
    """Your applications, the newest first."""
    found = await store.list_discounts(db, who.subject)
    return DiscountsShown(items=[DiscountShown.of(discount) for discount in found])
