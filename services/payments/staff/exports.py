"""The finance desk: orders and the journal of a period as CSV or Excel, streamed."""

from datetime import date
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from chassis import clock, sheets
from chassis.db import Pool
from chassis.permissions import Permission
from chassis.web.deps import Db
from chassis.web.pages import page, speak
from chassis.web.who import Session, StaffWith

from .. import exports
from ..exports import Period, Table
from ..model.desk import PeriodEndsFirst, TooManyRows
from ..store import exports as store

log = structlog.get_logger()
router = APIRouter(prefix="/staff/payments/books/exports", include_in_schema=False)

Reader = Annotated[Session, StaffWith(Permission.PAYMENTS_READ)]
FileType = Literal["csv", "xlsx"]
Day = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
EXCEL_ROWS = 100_000  # ten seconds of work before the first byte; a CSV file has no bound
MEDIA_TYPES: dict[FileType, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("")
async def show_exports(request: Request, who: Reader) -> Response:
    today = clock.today()
    return page(request, "staff/exports.html", since=today.replace(day=1), until=today)


@router.get("/{table}.{file_type}")
async def export(
    request: Request,
    table: Table,
    file_type: FileType,
    db: Db,
    who: Reader,
    since: Day,
    until: Day,
) -> Response:
    """The file, sent while it is read from the database."""
    if until < since:
        raise PeriodEndsFirst
    period = Period(since, until)
    if file_type == "xlsx" and (rows := await _count(db, table, period)) > EXCEL_ROWS:
        raise TooManyRows(rows=rows, most=EXCEL_ROWS)
    say = speak(request).gettext
    head = [say(name) for name in exports.HEADS[table]]
    pages = (
        exports.order_rows(db, period, say)
        if table == "orders"
        else exports.journal_rows(db, period)
    )
    content = sheets.as_csv(head, pages) if file_type == "csv" else sheets.as_excel(head, pages)
    log.info("books_exported", table=table, file_type=file_type, staff_id=str(who.subject))
    name = f"{table}-{since:%Y%m%d}-{until:%Y%m%d}.{file_type}"
    return StreamingResponse(
        content,
        media_type=MEDIA_TYPES[file_type],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def _count(db: Pool, table: Table, period: Period) -> int:
    count = store.count_orders if table == "orders" else store.count_postings
    return await count(db, since=period.begins, until=period.ends)
