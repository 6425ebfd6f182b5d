"""The JSON door of certificates: one's own, renewal registration, the public query, the PDF."""

import hmac
from datetime import date
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.db import transaction
from chassis.permissions import Permission
from chassis.refusals import NotFound
from chassis.web.deps import Db, client_address
from chassis.web.who import Anyone, CurrentLearner, session_of

from . import actions, printing, searching, views
from .lines import Line
from .model import Certificate, Details
from .store import certificates, learners
from .views import FoundList, Item, Mine

log = structlog.get_logger()
router = APIRouter(prefix="/api/certificates", tags=["certificates"])


class NoSuchCertificate(NotFound):
    """There is no such certificate here."""


class Renewal(BaseModel):
    """「续证学习登记」: everything may be left out. What is already known is not asked again; sent
    all the same, it confirms what was shown and must agree with it."""

    model_config = ConfigDict(extra="forbid")

    work_unit: Annotated[Line, Field(max_length=100)] = ""
    postal_address: Annotated[Line, Field(max_length=200)] = ""
    real_name: Annotated[Line, Field(max_length=100)] | None = None
    certificate_number: Annotated[Line, Field(max_length=40)] | None = None
    category: Annotated[Line, Field(max_length=40)] | None = None
    expires_on: date | None = None

    def as_details(self) -> Details:
        return Details(**self.model_dump())


@router.get("/mine")
async def list_mine(db: Db, who: CurrentLearner) -> Mine:
    """What the learner holds, and what the next certificate waits for."""
    return Mine(items=await views.items_of(db, who.subject))


@router.post("/renewals", status_code=201, responses={200: {"description": "registered before"}})
async def register_renewal(
    response: Response, db: Db, who: CurrentLearner, renewal: Renewal | None = None
) -> Item:
    """「续证学习登记」 for the latest satisfied cycle (Z-2). A repeat answers 200 and changes
    nothing. Refusals: NotAHolder, CycleNotSatisfied, RenewalIsLate."""
    details = (renewal or Renewal()).as_details()
    async with transaction(db) as tx:
        registered = await actions.register_renewal(tx, learner_id=who.subject, details=details)
    log_registration(registered)
    if not registered.is_new:
        response.status_code = 200
    return views.of_registered(await learners.get_learner(db, who.subject), registered)


def log_registration(registered: actions.Registered) -> None:
    if not registered.is_new:
        return
    log.info("renewal_registered", waits=list(registered.standing.waits))
    if registered.certificate is not None:
        log.info("certificate_issued", number=registered.certificate.number, trigger="registration")


@router.get("/search", dependencies=[Anyone])
async def search(request: Request, db: Db, query: Annotated[searching.Query, Query()]) -> FoundList:
    """The public query (Z-5): by `number`, or by `name` and `id_number` together. Limited by
    address and in total; 429 says when to come back."""
    found = await searching.search(
        db, query, address=client_address(request), settings=request.app.state.kit.settings
    )
    return FoundList(items=found)


@router.get(
    "/{number}/document.pdf",
    dependencies=[Anyone],
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def download(request: Request, db: Db, number: str, code: str = "") -> Response:
    """The signed PDF (Z-6): for its owner, for staff of certificates, or with its check code."""
    certificate = await certificates.get_by_number(db, number)
    if certificate is None or not _may_read(request, certificate, code):
        raise NoSuchCertificate()
    state = request.app.state
    pdf = await printing.document_of(db, state.kit.files, state.press, certificate)
    headers = {
        "Content-Disposition": f'inline; filename="{certificate.number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


def _may_read(request: Request, certificate: Certificate, code: str) -> bool:
    session = session_of(request)
    if session is not None and session.is_staff and session.may(Permission.CERTIFICATES_READ):
        return True
    if session is not None and session.is_learner and session.subject == certificate.learner_id:
        return True
    return hmac.compare_digest(code.encode(), certificate.check_code.encode())
