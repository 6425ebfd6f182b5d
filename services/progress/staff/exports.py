"""Exports: hour accounts, study days and corrections as CSV or Excel, streamed (P-11, P-12)."""

from datetime import date
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from chassis import clock, sheets
from chassis.db import Pool
from chassis.web.deps import Db
from chassis.web.pages import page, speak

from .. import exports
from ..exports import Table
from ..model.desk import TooManyRows
from ..store import exports as store
from .desk import DESK, Reader

log = structlog.get_logger()
router = APIRouter(prefix=f"{DESK}/exports", include_in_schema=False)

FileType = Literal["csv", "xlsx"]
EXCEL_ROWS = 100_000  # ten seconds of work before the first byte; a CSV file has no bound
MEDIA_TYPES: dict[FileType, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("")
async def show_exports(request: Request, who: Reader) -> Response:
    today = clock.today()
    return page(request, "staff/exports.html", since=today.replace(month=1, day=1), until=today)


@router.get("/{table}.{file_type}")
async def export(
    request: Request,
    table: Table,
    file_type: FileType,
    db: Db,
    who: Reader,
    since: Annotated[date, Query()] = date(2000, 1, 1),
    until: Annotated[date | None, Query()] = None,
) -> Response:
    """The file, sent while it is read from the database. The dates bound study days only."""
    until = until or clock.today()
    if file_type == "xlsx" and (rows := await _count(db, table, since, until)) > EXCEL_ROWS:
        raise TooManyRows(rows=rows, most=EXCEL_ROWS)
    translator = speak(request)
    head = [translator.gettext(name) for name in exports.HEADS[table]]
    pages = _pages(db, table, since, until, translator.gettext)
    content = sheets.as_csv(head, pages) if file_type == "csv" else sheets.as_excel(head, pages)
    log.info("records_exported", table=table, file_type=file_type, staff_id=str(who.subject))
    name = f"{table}-{clock.today():%Y%m%d}.{file_type}"
    return StreamingResponse(
        content,
        media_type=MEDIA_TYPES[file_type],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def _count(db: Pool, table: Table, since: date, until: date) -> int:
    if table == "days":
        return await store.count_study_days(db, since, until)
    return await store.count_learners(db) if table == "accounts" else 0


def _pages(db: Pool, table: Table, since: date, until: date, say: exports.Say) -> sheets.Pages:
    if table == "accounts":
        return exports.account_rows(db, today=clock.today(), say=say)
    if table == "days":
        return exports.day_rows(db, since=since, until=until)
    return exports.correction_rows(db, say=say)
