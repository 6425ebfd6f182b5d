"""What the two doors of an employer's contact do alike: lists in, papers out ($-5)."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Literal
from uuid import UUID

from fastapi.responses import Response
from starlette.datastructures import UploadFile

from chassis import clock, idnumbers
from chassis.db import Pool, transaction
from chassis.parcels import NoSuchParcel, Parcels
from chassis.refusals import Invalid
from chassis.web.forms import MESSAGES

from . import employer_lists, employer_papers
from .actions import employers
from .model.employers import EmployerCase, NoSuchCase, NotQuoted, SheetTaken
from .settings import PaymentsSettings
from .store import employers as store

PaperType = Literal["pdf", "csv"]
MEDIA_TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def find_case(db: Pool, case_id: UUID, *, contact_id: UUID) -> EmployerCase:
    """A contact's own case. Raises `NoSuchCase`."""
    case = await store.get_case(db, case_id, contact_id=contact_id)
    if case is None:
        raise NoSuchCase
    return case


async def take_list(
    db: Pool,
    settings: PaymentsSettings,
    *,
    case_id: UUID,
    contact_id: UUID,
    file: UploadFile | None,
    confirmed: bool,
) -> int:
    """Take over a list; how many people it names. Raises `Invalid` without a file, and what
    `employer_lists.check` and `employers.take_list` raise."""
    (await find_case(db, case_id, contact_id=contact_id)).check_open()
    if file is None:
        raise Invalid({"list": MESSAGES["missing"]})
    if (file.size or 0) > employer_lists.MAX_BYTES:
        raise employer_lists.ListTooLarge
    people = await asyncio.to_thread(
        employer_lists.check,
        await file.read(),
        macs=_macs(settings),
        confirmed=confirmed,
        today=clock.today(),
    )
    async with transaction(db) as tx:
        await employers.take_list(tx, case_id=case_id, contact_id=contact_id, people=people)
    return len(people)


def _macs(settings: PaymentsSettings) -> Callable[[str], str]:
    return partial(idnumbers.id_number_mac, settings.id_number_mac_key.get_secret_value())


async def quotation(db: Pool, settings: PaymentsSettings, case: EmployerCase) -> Response:
    """The quotation as a PDF. Raises `NotQuoted` while there is none."""
    if case.quoted_at is None or case.is_open:
        raise NotQuoted
    people = await store.list_people(db, case.case_id)
    content = await asyncio.to_thread(employer_papers.quotation, case, people, settings)
    return as_file(content, f"{case.case_number}.pdf")


async def sheet(db: Pool, parcels: Parcels, case: EmployerCase, file_type: PaperType) -> Response:
    """The sheet of codes, once: what was sealed is deleted. Raises `NoSheet`, `SheetTaken`."""
    case.check_sheet()
    assert case.sheet_id is not None
    try:
        rows = employer_papers.unpack(await parcels.unseal(case.sheet_id))
    except NoSuchParcel:
        raise SheetTaken from None
    if file_type == "csv":
        content = employer_papers.sheet_csv(rows)
    else:
        content = await asyncio.to_thread(employer_papers.sheet_pdf, case, rows, now=clock.now())
    async with transaction(db) as tx:
        await employers.hand_out_sheet(tx, case_id=case.case_id, contact_id=case.contact_id)
    await parcels.delete(case.sheet_id)
    return as_file(content, f"{case.case_number}-cards.{file_type}")


def as_file(content: bytes, name: str) -> Response:
    """A download that no cache keeps."""
    return Response(
        content,
        media_type=MEDIA_TYPES[name.rpartition(".")[2]],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
