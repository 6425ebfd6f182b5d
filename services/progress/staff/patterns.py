"""Suspicious patterns with their evidence, for a person to clear or confirm (P-12)."""

from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis import clock
from chassis.db import Pool, transaction
from chassis.refusals import Refusal
from chassis.web.deps import Db
from chassis.web.forms import parse, read_form
from chassis.web.pages import page, see_other

from .. import actions
from ..model.desk import NoSuchFlag
from ..store import desk as store
from ..store import flags
from .desk import DESK, PAGE_ROWS, Corrector, Reader, Reason, url, written_by

log = structlog.get_logger()
router = APIRouter(prefix=f"{DESK}/patterns", include_in_schema=False)

Shown = Literal["open", "all"]


class JudgementForm(BaseModel):
    judgement: Literal["cleared", "confirmed"]
    note: Reason


@router.get("")
async def list_flags(
    request: Request,
    db: Db,
    who: Reader,
    show: Annotated[Shown, Query()] = "open",
    cursor: UUID | None = None,
) -> Response:
    """What waits for a look, the newest first; or everything that was ever found."""
    only_open = show == "open"
    found = await flags.list_flags(db, only_open=only_open, before=cursor, limit=PAGE_ROWS + 1)
    all_of_them = "" if only_open else "all"
    more = len(found) > PAGE_ROWS
    return page(
        request,
        "staff/patterns.html",
        show=show,
        waiting=await flags.count_open(db),
        found=found[:PAGE_ROWS],
        next_url=url("/patterns", show=all_of_them, cursor=found[PAGE_ROWS - 1].flag_id)
        if more
        else None,
        first_url=url("/patterns", show=all_of_them) if cursor else None,
    )


@router.get("/{flag_id}")
async def show_flag(request: Request, flag_id: UUID, db: Db, who: Reader) -> Response:
    return await _flag(request, db, flag_id)


@router.post("/{flag_id}")
async def judge(request: Request, flag_id: UUID, db: Db, who: Corrector) -> Response:
    """Clear or confirm it, with a note."""
    form = await read_form(request)
    try:
        said = parse(JudgementForm, form)
        async with transaction(db) as tx:
            await actions.judge_flag(
                tx,
                flag_id=flag_id,
                state=said.judgement,
                note=said.note,
                by=written_by(who),
                now=clock.now(),
            )
    except Refusal as refusal:
        return await _flag(request, db, flag_id, refusal=refusal, form=form)
    log.info("flag_judged", flag_id=str(flag_id), staff_id=str(who.subject), state=said.judgement)
    return see_other(f"{DESK}/patterns", request=request, flash="Your judgement is written down.")


async def _flag(
    request: Request, db: Pool, flag_id: UUID, *, refusal: Refusal | None = None, **more: Any
) -> Response:
    flag = await flags.get_flag(db, flag_id)
    if flag is None:
        raise NoSuchFlag()
    status = refusal.status if refusal else 200
    named = [UUID(each) for each in flag.evidence.get("learner_ids", ())]
    return page(
        request,
        "staff/pattern.html",
        status=status,
        flag=flag,
        named=await store.list_named(db, named) if named else [],
        refusal=refusal,
        **more,
    )
