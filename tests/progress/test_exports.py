"""Exports: whole, harmless in a spreadsheet, streamed (P-11, P-12)."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from xml.etree import ElementTree

import pytest

from chassis import clock, sheets
from chassis.permissions import Permission
from services.progress.staff import exports as door
from services.progress.store import exports
from tests.conftest import Running
from tests.progress.conftest import MakeLearner, course, courseware
from tests.progress.desk import Desk


@pytest.fixture
def desk(progress: Running, staff_token: Callable[..., str]) -> Desk:
    return Desk(progress, staff_token(Permission.PROGRESS_READ, Permission.PROGRESS_CORRECT))


def table_of(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_the_hour_accounts_of_all_learners_are_exported(
    learner: MakeLearner, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    item = courseware()
    who = await learner(course(item))
    await who.completes(item)
    others = [await learner() for _ in range(4)]
    form = {"course_kind": "elective", "hours": "2", "reason": "线下补学"}
    await desk.post(f"/learners/{others[0].learner_id}/corrections/hours", form)
    answer = await desk.get("/exports/accounts.csv")
    assert answer.content.startswith("\ufeff".encode())
    head, *rows = table_of(answer.content)
    assert head[:3] == ["真实姓名", "账户编号", "学员类别"]
    by_id = {row[1]: row for row in rows}
    assert len(rows) == len(by_id) == 5
    assert by_id[str(who.learner_id)][5:9] == ["1", "0", "0", "39"]
    assert by_id[str(others[0].learner_id)][5:9] == ["0", "2", "0", "38"]


async def test_study_days_are_exported_between_two_days(
    learner: MakeLearner, desk: Desk, progress: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    who = await learner()
    for day in range(1, 8):
        await progress.pool.execute(
            "INSERT INTO study_days (learner_id, day, credited_ms) VALUES ($1, $2, 60000)",
            who.learner_id,
            date(2026, 3, day),
        )
    answer = await desk.get("/exports/days.csv?since=2026-03-02&until=2026-03-06&lang=en")
    head, *rows = table_of(answer.content)
    assert head == ["Real name", "Account id", "Day", "Credited seconds"]
    assert [row[2:] for row in rows] == [[f"2026-03-0{day}", "60"] for day in range(2, 7)]


async def test_corrections_are_exported_with_reason_and_name(
    learner: MakeLearner, desk: Desk
) -> None:
    item = courseware(required_seconds=3600)
    who = await learner(course(item))
    await who.has_studied(item, 60)
    place = f"/learners/{who.learner_id}/corrections"
    hours = {"course_kind": "elective", "hours": "2", "reason": "=HYPERLINK(1)"}
    await desk.post(f"{place}/hours", hours)
    time = {"courseware": str(item.courseware_id), "minutes": "-1", "why": "多人共用"}
    await desk.post(f"{place}/time", time)
    answer = await desk.get("/exports/corrections.csv")
    _, first, second = table_of(answer.content)
    assert first[3:] == ["选修课", "2", "", "'=HYPERLINK(1)", "李文"]
    assert second[3:] == [item.title, "", "-1", "多人共用", "李文"]


async def test_excel_files_hold_the_same_as_text(learner: MakeLearner, desk: Desk) -> None:
    who = await learner()
    form = {"course_kind": "elective", "hours": "2", "reason": "=1+1 不是公式"}
    await desk.post(f"/learners/{who.learner_id}/corrections/hours", form)
    answer = await desk.get("/exports/corrections.xlsx")
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    texts = [node.text for node in sheet.iter() if node.tag.endswith("}t")]
    assert "=1+1 不是公式" in texts
    assert not [node for node in sheet.iter() if node.tag.endswith("}f")]


async def test_an_export_needs_the_right(
    progress: Running, staff_token: Callable[..., str]
) -> None:
    stranger = Desk(progress, staff_token(Permission.PAYMENTS_READ))
    assert (await stranger.get("/exports/accounts.csv")).status_code == 403


async def test_there_is_no_other_table(desk: Desk) -> None:
    for path in ("/exports/sessions.csv", "/exports/days.pdf"):
        assert (await desk.get(path)).status_code == 404
    assert (await desk.get(f"/exports/days.csv?until={clock.today()}x")).status_code == 422


async def test_a_long_table_is_for_csv(
    learner: MakeLearner, desk: Desk, progress: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "EXCEL_ROWS", 1)
    who = await learner()
    for day in (1, 2):
        await progress.pool.execute(
            "INSERT INTO study_days (learner_id, day, credited_ms) VALUES ($1, $2, 60000)",
            who.learner_id,
            date(2026, 3, day),
        )
    assert (await desk.get("/exports/days.xlsx?since=2026-03-01")).status_code == 409
    assert (await desk.get("/exports/days.xlsx?since=2026-03-02")).status_code == 200
    assert (await desk.get("/exports/days.csv?since=2026-03-01")).status_code == 200


async def _pages(*pages: Sequence[sheets.Row]) -> AsyncIterator[Sequence[sheets.Row]]:
    for page in pages:
        yield page


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
async def test_a_cell_never_becomes_a_formula(text: str) -> None:
    chunks = [chunk async for chunk in sheets.as_csv(["a"], _pages([[text]]))]
    assert table_of(b"".join(chunks))[1] == [f"'{text}"]


async def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", 2)
    pages = _pages([[1], [2], [3]], [[4], [5]])
    content = b"".join([chunk async for chunk in sheets.as_excel(["n"], pages)])
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        found = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(found) == 3
