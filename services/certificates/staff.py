"""The staff door of certificates: what waits, and for what; what was issued. Read only so far."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis import clock
from chassis.db import Pool
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import StaffWith

from . import model
from .model import Learner, Standing, Wait
from .store import certificates, learners

ROWS_SHOWN = 100

router = APIRouter(
    prefix="/staff/certificates",
    dependencies=[StaffWith(Permission.CERTIFICATES_READ)],
    include_in_schema=False,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One certificate that is still to come."""

    learner: Learner
    standing: Standing


@router.get("")
async def show_desk(
    request: Request, db: Db, waiting_for: Annotated[Wait | None, Query()] = None
) -> Response:
    """Numbers that need action first, then who waits (longest first), then the latest issued."""
    today = clock.today()
    waiting = await _waiting(db)
    shown = [row for row in waiting if waiting_for in (None, *row.standing.waits)]
    return page(
        request,
        "staff/certificates.html",
        counts=Counter(wait for row in waiting for wait in row.standing.waits),
        waiting=shown[:ROWS_SHOWN],
        waiting_total=len(shown),
        waiting_for=waiting_for,
        waits=list(Wait),
        issued_today=await certificates.count_issued(db, on=today),
        unprinted=await certificates.count_unprinted(db),
        recent=await certificates.list_recent(db),
        cohorts=[day for day in await learners.list_cohorts(db) if day >= today],
        today=today,
    )


async def _waiting(db: Pool) -> list[Waiting]:
    cohorts = await learners.list_cohorts(db)
    today = clock.today()
    return [
        Waiting(
            learner,
            model.standing(learner, cycle, registered=registered, cohorts=cohorts, today=today),
        )
        for learner, cycle, registered in await learners.list_unissued(db)
    ]
