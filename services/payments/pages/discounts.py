"""The pages of the discount 「学习优惠」 ($-6, W-2)."""

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.db import Pool
from chassis.refusals import Invalid, Refusal
from chassis.web.deps import Db
from chassis.web.forms import MESSAGES, Form, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner, Session

from .. import applications
from ..actions import discounts
from ..deps import OwnSettings, ParcelShelf
from ..model.discounts import DiscountStatus
from ..store import discounts as store
from ..store import learners

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

GRANTED = N_(
    "The discount is yours: the required courses in your cart cost nothing, up to 10 hours."
)
HANDED_IN = N_("Your application {case} is with the association. The answer comes by e-mail.")


@router.get("/discounts")
async def show_discounts(request: Request, db: Db, who: CurrentLearner) -> Response:
    return await _discounts(request, db, who)


@router.post("/discounts")
async def apply(
    request: Request, db: Db, who: CurrentLearner, settings: OwnSettings, parcels: ParcelShelf
) -> Response:
    form = await read_form(request)
    try:
        learner = await discounts.look(db, who.subject)
        if not form.get("id_number"):
            raise Invalid({"id_number": MESSAGES["missing"]})
        discount = await applications.apply(
            db,
            parcels,
            mac_key=settings.id_number_mac_key.get_secret_value(),
            learner=learner,
            id_number=form["id_number"],
        )
    except Refusal as refusal:
        return await _discounts(request, db, who, refusal, form)
    log.info("discount_requested", case=discount.case_number, status=discount.status)
    flash = GRANTED if discount.status is DiscountStatus.GRANTED else HANDED_IN
    return see_other("/discounts", request=request, flash=flash, case=discount.case_number)


async def _discounts(
    request: Request,
    db: Pool,
    who: Session,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    """The form where one may apply now; else why not."""
    try:
        await discounts.look(db, who.subject)
        why_not = None
    except Refusal as reason:
        why_not = reason
    return page(
        request,
        "discounts.html",
        learner=await learners.get_learner(db, who.subject),
        discounts=await store.list_discounts(db, who.subject),
        why_not=why_not,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
