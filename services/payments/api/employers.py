"""The JSON door: employers ($-5)."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import structlog
from fastapi import APIRouter, File, Header, Query, UploadFile
from fastapi import Form as Field
from pydantic import BaseModel

from chassis import ids
from chassis.db import Pool, transaction
from chassis.web.deps import Db
from chassis.web.who import CurrentLearner

from .. import employer_door as door
from ..actions import employers, idempotency
from ..deps import OwnSettings
from ..employer_forms import EmployerForm
from ..model.cards import CardState
from ..model.employers import CaseStatus, EmployerCase, Listed
from ..store import employers as store

log = structlog.get_logger()
router = APIRouter(prefix="/api/payments/employers", tags=["payments"])

PAGE_SIZE = 20
Key = Annotated[
    str | None, Header(min_length=1, max_length=idempotency.KEY_MAX, pattern=r"^[!-~]+$")
]


class PersonShown(BaseModel):
    """`card`: None while there is none."""

    name: str
    id_number_masked: str
    hours: int
    amount_fen: int
    card: CardState | None

    @classmethod
    def of(cls, one: Listed) -> Self:
        return cls(
            name=one.person.name,
            id_number_masked=one.person.id_number_masked,
            hours=one.person.hours,
            amount_fen=one.amount_fen,
            card=one.card_state,
        )


class CaseShown(BaseModel):
    """`case_number` is what the transfer's remark must quote."""

    case_id: UUID
    case_number: str
    employer_name: str
    tax_number: str | None
    status: CaseStatus
    hours: int
    amount_fen: int
    created_at: datetime
    valid_until: date | None
    reason: str | None
    people: list[PersonShown]

    @classmethod
    def of(cls, case: EmployerCase, people: list[Listed]) -> Self:
        return cls(
            case_id=case.case_id,
            case_number=case.case_number,
            employer_name=case.employer.employer_name,
            tax_number=case.employer.tax_number,
            status=case.status,
            hours=case.hours,
            amount_fen=case.amount_fen,
            created_at=case.created_at,
            valid_until=case.valid_until,
            reason=case.reason,
            people=[PersonShown.of(one) for one in people],
        )


class CasesShown(BaseModel):
    items: list[CaseShown]
    next_cursor: str | None


@router.post("", status_code=201)
async def open_case(
    asked: EmployerForm, db: Db, who: CurrentLearner, idempotency_key: Key = None
) -> CaseShown:
    """Open a case. The same key and body give the same answer."""
    async with transaction(db) as tx:

        async def act() -> dict[str, Any]:
            case = await employers.open_case(
                tx, case_id=ids.new_id(), contact_id=who.subject, employer=asked.employer
            )
            return CaseShown.of(case, []).model_dump(mode="json")

        answer = await idempotency.once(
            tx,
            actor_id=who.subject,
            key=idempotency_key,
            request=asked.model_dump(mode="json"),
            act=act,
        )
    log.info("employer_case_opened", case=answer["case_number"])
    return CaseShown.model_validate(answer)


@router.get("")
async def list_cases(
    db: Db,
    who: CurrentLearner,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE_SIZE,
) -> CasesShown:
    """Your cases, the newest first, without their people."""
    found = await store.list_cases(db, contact_id=who.subject, before=cursor, limit=limit + 1)
    shown = [CaseShown.of(case, []) for case in found[:limit]]
    more = len(found) > limit
    return CasesShown(items=shown, next_cursor=str(shown[-1].case_id) if more else None)


@router.get("/{case_id}")
async def show_case(case_id: UUID, db: Db, who: CurrentLearner) -> CaseShown:
    return await _shown(db, who.subject, case_id)


@router.put("/{case_id}/list")
async def take_list(
    case_id: UUID,
    db: Db,
    who: CurrentLearner,
    settings: OwnSettings,
    file: Annotated[UploadFile, File()],
    confirmed: Annotated[bool, Field()] = False,
) -> CaseShown:
    """Send the list, CSV or .xlsx; all of it is taken over, or nothing: 422 names each row.
    `confirmed`: ID numbers whose check character fails were compared with the cards."""
    await door.take_list(
        db, settings, case_id=case_id, contact_id=who.subject, file=file, confirmed=confirmed
    )
    return await _shown(db, who.subject, case_id)


@router.post("/{case_id}/quotation")
async def quote(case_id: UUID, db: Db, who: CurrentLearner) -> CaseShown:
    """Fix the list and its sum. Twice is once."""
    async with transaction(db) as tx:
        await employers.quote(tx, case_id=case_id, contact_id=who.subject)
    return await _shown(db, who.subject, case_id)


@router.post("/{case_id}/cancellation")
async def cancel(case_id: UUID, db: Db, who: CurrentLearner) -> CaseShown:
    async with transaction(db) as tx:
        await employers.cancel(tx, case_id=case_id, contact_id=who.subject)
    return await _shown(db, who.subject, case_id)


async def _shown(db: Pool, contact_id: UUID, case_id: UUID) -> CaseShown:
    case = await door.find_case(db, case_id, contact_id=contact_id)
    return CaseShown.of(case, await store.list_people(db, case_id))
