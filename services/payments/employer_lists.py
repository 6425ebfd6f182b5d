"""Employers' lists as files: read from CSV or Excel, written as templates ($-5).

A list is read row by row without judgement; `model.people.judge` says what is wrong with each.
"""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import xlsxwriter
from openpyxl import load_workbook

from chassis import sheets
from chassis.refusals import TooLarge

from .employer_flaws import errors
from .model.people import (
    PEOPLE_MAX,
    Flaw,
    ListRefused,
    Macs,
    Person,
    Problem,
    Row,
    judge,
)

MAX_BYTES: Final = 2_000_000
MAX_UNPACKED_BYTES: Final = 40_000_000  # of an Excel file, which is a zip
COLUMNS_READ: Final = 30
HEADINGS_WITHIN: Final = 10  # rows; above the headings there may be a title
BLANK_ROWS_END: Final = 1000  # Excel may go on for a million empty rows
OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password
ZIP: Final = b"PK\x03\x04"

HEADINGS: Mapping[str, frozenset[str]] = {
    "name": frozenset({"姓名", "真实姓名", "学员姓名", "name", "realname", "fullname"}),
    "id_number": frozenset(
        {"身份证号", "身份证号码", "身份证", "公民身份号码", "证件号码", "idnumber", "id"}
    ),
    "hours": frozenset({"学时", "学时数", "hours", "credithours"}),
}
TEMPLATE_HEAD: Final = ("姓名", "身份证号", "学时")


class ListTooLarge(TooLarge):
    """The list may have at most 2 MB. Leave out pictures and other sheets."""


class Unreadable(Exception):
    """The file as a whole is no list."""

    def __init__(self, flaw: Flaw, **values: int) -> None:
        super().__init__(flaw)
        self.problem = Problem(0, flaw, values)


def read(content: bytes) -> list[Row]:
    """The rows below the headings; blank ones are left out, and reading stops soon after there are
    too many. Takes processor time: call it in a thread. Raises `ListTooLarge`, `Unreadable`."""
    if len(content) > MAX_BYTES:
        raise ListTooLarge
    if content.startswith(OLD_EXCEL):
        raise Unreadable(Flaw.OLD_EXCEL)
    try:
        table = _excel(content) if content.startswith(ZIP) else _csv(content)
        return _rows(table)
    except (Unreadable, ListTooLarge):
        raise
    except Exception as reason:  # whatever a damaged workbook makes the library say
        raise Unreadable(Flaw.UNREADABLE) from reason


def _rows(table: Iterable[Sequence["Cell"]]) -> list[Row]:
    lines = enumerate(table, start=1)
    columns = _find_headings(lines)
    found: list[Row] = []
    blank = 0
    for line, cells in lines:
        if not any(cell.text for cell in cells):
            blank += 1
            if blank >= BLANK_ROWS_END:
                break
            continue
        blank = 0
        found.append(_row(line, cells, columns))
        if len(found) > PEOPLE_MAX:
            break
    return found


def _find_headings(lines: Iterable[tuple[int, Sequence["Cell"]]]) -> dict[str, int]:
    for line, cells in lines:
        names = [_heading(cell.text) for cell in cells]
        columns = {
            column: place
            for column, known in HEADINGS.items()
            for place, name in reversed(list(enumerate(names)))
            if name in known
        }
        if len(columns) == len(HEADINGS):
            return columns
        if line >= HEADINGS_WITHIN:
            break
    raise Unreadable(Flaw.NO_HEADINGS, n=HEADINGS_WITHIN)


def _heading(text: str) -> str:
    """姓 名*, ID_Number → 姓名, idnumber"""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(letter for letter in plain if letter.isalnum())


def _row(line: int, cells: Sequence["Cell"], columns: Mapping[str, int]) -> Row:
    blank = Cell("")
    name, number, hours = (
        cells[columns[column]] if columns[column] < len(cells) else blank for column in HEADINGS
    )
    return Row(
        line=line,
        name=name.text,
        id_number=number.text.removeprefix("'"),  # as people keep Excel from counting
        hours=unicodedata.normalize("NFKC", hours.text),
        has_formula=any(cell.is_formula for cell in (name, number, hours)),
        number_is_figure=number.is_figure,
    )


class Cell:
    """The text of a cell, and how it came to be."""

    __slots__ = ("is_figure", "is_formula", "text")

    def __init__(self, value: object, *, is_formula: bool = False) -> None:
        self.is_figure = isinstance(value, int | float)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        self.text = "" if value is None else str(value).strip()
        self.is_formula = is_formula or self.text.startswith("=")


def _csv(content: bytes) -> Iterator[list[Cell]]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield [Cell(value) for value in record[:COLUMNS_READ]]


def _decoded(content: bytes) -> str:
    """UTF-8, or what Excel in China writes."""
    if b"\x00" in content:
        raise Unreadable(Flaw.UNREADABLE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _excel(content: bytes) -> Iterator[list[Cell]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise ListTooLarge
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    try:
        for cells in book.worksheets[0].iter_rows(max_col=COLUMNS_READ):
            yield [Cell(cell.value, is_formula=cell.data_type == "f") for cell in cells]
    finally:
        book.close()


def check(content: bytes, *, macs: Macs, confirmed: bool, today: date) -> list[Person]:
    """The people of a list without a problem. Takes processor time: call it in a thread. Raises
    `ListTooLarge`, `ListRefused`."""
    try:
        people, problems = judge(read(content), macs=macs, confirmed=confirmed, today=today)
    except Unreadable as unreadable:
        people, problems = [], [unreadable.problem]
    if problems:
        raise ListRefused(problems, errors(problems))
    return people


def template_csv() -> bytes:
    """An empty list as CSV."""
    return sheets.csv_bytes(TEMPLATE_HEAD, [])


def template_excel() -> bytes:
    """An empty list whose columns of names and ID numbers are text: Excel counts nothing there."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
    sheet.set_column(0, 1, 24, text)
    sheet.set_column(2, 2, 10)
    sheet.write_row(0, 0, TEMPLATE_HEAD, bold)
    sheet.freeze_panes(1, 0)
    book.close()
    return target.getvalue()
