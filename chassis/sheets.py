"""Tables as files: CSV and Excel. The long ones are written page by page, so that their length
costs no memory."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Cell: TypeAlias = str | int | date | None
Row: TypeAlias = Sequence[Cell]
Pages: TypeAlias = AsyncIterator[Sequence[Row]]

BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SHEET_ROWS = 1_000_000  # Excel reads 1,048,576
CHUNK_BYTES = 64 * 1024
COLUMN_WIDTH = 18
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


async def as_csv(head: Sequence[str], pages: Pages) -> AsyncIterator[bytes]:
    """UTF-8 with its mark; text that a spreadsheet would calculate gets an apostrophe before it."""
    yield csv_bytes(head, [])
    async for page in pages:
        yield _lines(page).encode()


def csv_bytes(head: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A short table as a whole, written like `as_csv`."""
    return (BOM + _lines([head]) + _lines(rows)).encode()


def safe_cell(text: str) -> str:
    """The text as no spreadsheet calculates it: an apostrophe before what looks like a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _lines(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue()


async def as_excel(head: Sequence[str], pages: Pages) -> AsyncIterator[bytes]:
    """Text stays text. The file is made on disk and then sent, because its directory comes last."""
    with tempfile.TemporaryDirectory(prefix="tic-edu-export-") as folder:
        path = Path(folder) / "export.xlsx"
        book = _Book(path, folder, head)
        async for page in pages:
            await asyncio.to_thread(book.write, page)
        await asyncio.to_thread(book.close)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk


class _Book:
    """An Excel file that grows row by row; a full sheet is followed by another."""

    def __init__(self, path: Path, folder: str, head: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(path, {**OPTIONS, "tmpdir": folder})
        self._bold = self._book.add_format({"bold": True})
        self._head = head
        self._sheet = self._add_sheet()

    def _add_sheet(self) -> Worksheet:
        sheet = self._book.add_worksheet()
        sheet.set_column(0, len(self._head) - 1, COLUMN_WIDTH)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, self._head, self._bold)
        self._next_row = 1
        return sheet

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._next_row > SHEET_ROWS:
                self._sheet = self._add_sheet()
            self._sheet.write_row(self._next_row, 0, row)
            self._next_row += 1

    def close(self) -> None:
        self._book.close()
