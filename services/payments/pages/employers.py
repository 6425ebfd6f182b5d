"""The pages of an employer's contact ($-5)."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.refusals import Invalid, NotFound, Refusal
from chassis.web.deps import Db
from chassis.web.forms import Form, parse, read_form
from chassis.web.i18n import N_
from chassis.web.pages import page, see_other
from chassis.web.who import CurrentLearner, Session

from .. import employer_door as door
from .. import employer_flaws, employer_lists
from ..actions import employers
from ..deps import OwnSettings, ParcelShelf
from ..employer_forms import EmployerForm
from ..model.cards import CardState
from ..model.people import ListRefused
from ..store import employers as store

log = structlog.get_logger()
router = APIRouter(prefix="/employers", include_in_schema=False)

PAGE_SIZE = 20
PROBLEMS_SHOWN = 200


@router.get("")
async def list_cases(
    request: Request, db: Db, who: CurrentLearner, cursor: Annotated[UUID | None, Query()] = None
) -> Response:
    found = await store.list_cases(db, contact_id=who.subject, before=cursor, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return page(
        request,
        "employers.html",
        cases=shown,
        next_cursor=shown[-1].case_id if len(found) > PAGE_SIZE else None,
        later=cursor is not None,
    )


@router.get("/new")
async def show_new(request: Request, who: CurrentLearner) -> Response:
    return page(request, "employer_form.html", case=None, new_id=ids.new_id())


@router.post("")
async def open_case(request: Request, db: Db, who: CurrentLearner) -> Response:
    form = await read_form(request)
    case_id = _new_id(form)
    try:
        wanted = parse(EmployerForm, form)
    except Invalid as refusal:
        return page(
            request,
            "employer_form.html",
            case=None,
            new_id=case_id,
            form=form,
            refusal=refusal,
            status=refusal.status,
        )
    async with transaction(db) as tx:
        case = await employers.open_case(
            tx, case_id=case_id, contact_id=who.subject, employer=wanted.employer
        )
    log.info("employer_case_opened", case=case.case_number)
    return see_other(f"/employers/{case.case_id}")


@router.get("/list-template.csv")
async def template_csv(who: CurrentLearner) -> Response:
    return door.as_file(employer_lists.template_csv(), "list-template.csv")


@router.get("/list-template.xlsx")
async def template_excel(who: CurrentLearner) -> Response:
    return door.as_file(employer_lists.template_excel(), "list-template.xlsx")


@router.get("/{case_id}")
async def show_case(request: Request, case_id: UUID, db: Db, who: CurrentLearner) -> Response:
    return await _case(request, db, who, case_id)


@router.get("/{case_id}/details")
async def show_details(request: Request, case_id: UUID, db: Db, who: CurrentLearner) -> Response:
    case = await door.find_case(db, case_id, contact_id=who.subject)
    return page(request, "employer_form.html", case=case, new_id=None)


@router.post("/{case_id}/details")
async def describe(request: Request, case_id: UUID, db: Db, who: CurrentLearner) -> Response:
    form = await read_form(request)
    try:
        wanted = parse(EmployerForm, form)
        async with transaction(db) as tx:
            await employers.describe(
                tx, case_id=case_id, contact_id=who.subject, employer=wanted.employer
            )
    except NotFound:
        raise
    except Refusal as refusal:
        case = await door.find_case(db, case_id, contact_id=who.subject)
        return page(
            request,
            "employer_form.html",
            case=case,
            new_id=None,
            form=form,
            refusal=refusal,
            status=refusal.status,
        )
    return see_other(f"/employers/{case_id}", request=request, flash=N_("It is changed."))


@router.post("/{case_id}/list")
async def take_list(
    request: Request, case_id: UUID, db: Db, who: CurrentLearner, settings: OwnSettings
) -> Response:
    form = await read_form(request)
    try:
        people = await door.take_list(
            db,
            settings,
            case_id=case_id,
            contact_id=who.subject,
            file=form.files.get("list"),
            confirmed=bool(form.get("confirmed")),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _case(request, db, who, case_id, refusal, form)
    log.info("employer_list_taken", case_id=str(case_id), people=people)
    flash = N_("The list is taken over: {people} people.")
    return see_other(f"/employers/{case_id}", request=request, flash=flash, people=people)


@router.post("/{case_id}/quotation")
async def quote(request: Request, case_id: UUID, db: Db, who: CurrentLearner) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            await employers.quote(tx, case_id=case_id, contact_id=who.subject)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _case(request, db, who, case_id, refusal)
    log.info("employer_case_quoted", case_id=str(case_id))
    return see_other(f"/employers/{case_id}")


@router.get("/{case_id}/quotation.pdf")
async def show_quotation(
    case_id: UUID, db: Db, who: CurrentLearner, settings: OwnSettings
) -> Response:
    case = await door.find_case(db, case_id, contact_id=who.subject)
    return await door.quotation(db, settings, case)


@router.post("/{case_id}/cancellation")
async def cancel(request: Request, case_id: UUID, db: Db, who: CurrentLearner) -> Response:
    await read_form(request)
    try:
        async with transaction(db) as tx:
            await employers.cancel(tx, case_id=case_id, contact_id=who.subject)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _case(request, db, who, case_id, refusal)
    log.info("employer_case_cancelled", case_id=str(case_id))
    return see_other("/employers", request=request, flash=N_("The case is cancelled."))


@router.post("/{case_id}/sheet")
async def take_sheet(
    request: Request, case_id: UUID, db: Db, who: CurrentLearner, parcels: ParcelShelf
) -> Response:
    """The codes of those without an account, once."""
    form = await read_form(request)
    case = await door.find_case(db, case_id, contact_id=who.subject)
    file_type: door.PaperType = "csv" if form.get("file_type") == "csv" else "pdf"
    try:
        answer = await door.sheet(db, parcels, case, file_type)
    except Refusal as refusal:
        log.warning("employer_sheet_refused", case=case.case_number, code=refusal.code)
        raise
    log.info("employer_sheet_taken", case=case.case_number)
    return answer


def _new_id(form: Form) -> UUID:
    """The id that the form was shown with: sent twice, it opens one case."""
    try:
        return UUID(form.pop("case_id", ""))
    except ValueError:
        return ids.new_id()


async def _case(
    request: Request,
    db: Pool,
    who: Session,
    case_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    case = await door.find_case(db, case_id, contact_id=who.subject)
    people = await store.list_people(db, case_id)
    problems = refusal.problems if isinstance(refusal, ListRefused) else ()
    return page(
        request,
        "employer.html",
        case=case,
        people=people,
        redeemed=sum(one.card_state is CardState.REDEEMED for one in people),
        problems=[(each.line, employer_flaws.say(each)) for each in problems[:PROBLEMS_SHOWN]],
        problem_count=len(problems),
        sheet_waits=case.sheet_until is not None and clock.now() <= case.sheet_until,
        account=request.app.state.settings,
        form=form,
        refusal=refusal,
        status=refusal.status if refusal else 200,
    )
