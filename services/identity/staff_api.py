"""The JSON door for staff: finding learners and the verification desk (I-3, I-8)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.db import transaction
from chassis.permissions import Permission
from chassis.refusals import Invalid
from chassis.web.deps import Db
from chassis.web.who import Session, StaffWith
from contracts.identity import LearnerKind

from . import contact, desk
from .model import Decision, Learner, Verification
from .registration import NO_CONTROLS
from .store import learners

log = structlog.get_logger()
router = APIRouter(prefix="/api/identity", tags=["identity, for staff"])

PAGE = 50


class LearnerRow(BaseModel):
    """A learner as staff see one in a list: masked (I-9)."""

    learner_id: UUID
    account_name: str
    real_name: str
    kind: LearnerKind
    id_number_masked: str
    mobile_masked: str
    verified: bool
    verification: Verification
    verification_reason: str | None
    registered_at: datetime

    @classmethod
    def of(cls, learner: Learner) -> "LearnerRow":
        return cls(
            learner_id=learner.learner_id,
            account_name=learner.account_name,
            real_name=learner.real_name,
            kind=learner.kind,
            id_number_masked=learner.id_number_masked,
            mobile_masked=contact.mask_mobile(learner.mobile),
            verified=learner.verified,
            verification=learner.verification,
            verification_reason=learner.verification_reason,
            registered_at=learner.registered_at,
        )


class LearnerList(BaseModel):
    items: list[LearnerRow]
    next_cursor: str | None


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Decision
    reason: Annotated[str | None, Field(max_length=500)] = None


@router.get("/learners")
async def list_learners(
    db: Db,
    who: Annotated[Session, StaffWith(Permission.IDENTITY_READ)],
    account_name: Annotated[str | None, Query(max_length=80)] = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE,
) -> LearnerList:
    """Learners whose account name begins so, or without one those who wait for verification."""
    if account_name is not None and "\0" in account_name:
        raise Invalid({"account_name": NO_CONTROLS})
    async with transaction(db) as tx:
        found = (
            await learners.list_by_account_name(tx, account_name, after=cursor, limit=limit + 1)
            if account_name
            else await learners.list_waiting(tx, after=cursor, limit=limit + 1)
        )
    more = str(found[limit - 1].learner_id) if len(found) > limit else None
    return LearnerList(items=[LearnerRow.of(one) for one in found[:limit]], next_cursor=more)


@router.post("/learners/{learner_id}/verification")
async def decide_verification(
    learner_id: UUID,
    body: DecisionBody,
    db: Db,
    who: Annotated[Session, StaffWith(Permission.IDENTITY_VERIFY)],
) -> LearnerRow:
    """Accept an identity, or return it with a reason that the learner reads. Accepting twice is
    harmless; what is verified can't be returned."""
    learner = await desk.decide(
        db, learner_id, who=who, decision=body.decision, reason=body.reason or ""
    )
    return LearnerRow.of(learner)
