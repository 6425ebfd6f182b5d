"""The result file of the tax office's client: which application got which invoice number ($-7).

Row by row: every slip is named, and nothing is taken over unless every row is right.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chassis.refusals import Conflict, Invalid

from .invoices import Invoice, InvoiceStatus
from .money import NotAnAmount, fen

MAX_BYTES = 1_000_000
MAX_ROWS = 1000
NUMBER = re.compile(r"[0-9]{20}")
DAY = re.compile(r"([0-9]{4})[-/年]([0-9]{1,2})[-/月]([0-9]{1,2})(日|[ T].*)?")
COLUMNS: Mapping[str, frozenset[str]] = {
    "case_number": frozenset({"申请编号", "case_number"}),
    "number": frozenset({"发票号码", "数电票号码", "invoice_number"}),
    "issued_on": frozenset({"开票日期", "issued_on"}),
    "amount": frozenset({"金额", "价税合计", "amount"}),
}


class UnreadableFile(Invalid):
    """This file can not be read."""


class UnknownCase(Conflict):
    """There is no application with this number."""


class NotWaiting(Conflict):
    """This application does not wait for an invoice."""


class ListedTwice(Conflict):
    """This application or invoice number stands in the file twice."""


class OtherAmount(Conflict):
    """The sum is not the one that was asked for."""


class BadNumber(Conflict):
    """An invoice number has 20 digits."""


class BadDay(Conflict):
    """This is not a day up to today, written like 2026-03-01."""


class NumberKnown(Conflict):
    """This invoice number is known already."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file as it stands there; `line` as a spreadsheet counts."""

    line: int
    case_number: str
    number: str
    issued_on: str
    amount: str


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a line: a msgid."""

    line: int
    case_number: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Result:
    """A row that fits its application."""

    invoice: Invoice
    number: str
    issued_on: date


def parse(content: bytes) -> list[Row]:
    """The rows of a CSV file in UTF-8 or GB 18030. Raises `UnreadableFile`."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile({"results": "The file may have at most 1 MB."})
    reader = csv.reader(io.StringIO(_text(content)))
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error:
        raise UnreadableFile({"results": "This is not a CSV file."}) from None
    if not lines:
        raise UnreadableFile({"results": "The file is empty."})
    places = _places(lines[0])
    if len(lines) - 1 > MAX_ROWS:
        raise UnreadableFile({"results": "The file may have at most 1000 rows."})
    return [_row(number, line, places) for number, line in enumerate(lines[1:], start=2)]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile({"results": "This is not a CSV file."})


def _places(head: Sequence[str]) -> dict[str, int]:
    titles = [title.strip() for title in head]
    places = {
        name: place
        for name, known in COLUMNS.items()
        for place, title in enumerate(titles)
        if title in known
    }
    if len(places) < len(COLUMNS):
        raise UnreadableFile(
            {"results": "The columns 申请编号, 发票号码, 开票日期 and 金额 are needed."}
        )
    return places


def _row(line: int, cells: Sequence[str], places: Mapping[str, int]) -> Row:
    def cell(name: str) -> str:
        place = places[name]
        return cells[place].strip().strip("'\t") if place < len(cells) else ""

    return Row(line, cell("case_number").upper(), cell("number"), cell("issued_on"), cell("amount"))


def match(
    rows: Sequence[Row], invoices: Mapping[str, Invoice], known_numbers: set[str], today: date
) -> tuple[list[Result], list[Slip]]:
    """The rows beside their applications, and what is wrong with the others. `invoices` by case
    number; `known_numbers`: those that stand at another invoice."""
    results: list[Result] = []
    slips: list[Slip] = []
    seen: set[str] = set()
    for row in rows:
        try:
            if {row.case_number, row.number} & seen:
                raise ListedTwice
            results.append(_match(row, invoices.get(row.case_number), known_numbers, today))
        except Conflict as wrong:
            slips.append(Slip(row.line, row.case_number[:40], wrong.message))
        seen |= {row.case_number, row.number}
    return results, slips


def _match(row: Row, invoice: Invoice | None, known_numbers: set[str], today: date) -> Result:
    if invoice is None:
        raise UnknownCase
    if invoice.status is not InvoiceStatus.REQUESTED:
        raise NotWaiting
    if not NUMBER.fullmatch(row.number):
        raise BadNumber
    if row.number in known_numbers:
        raise NumberKnown
    if _fen(row.amount) != invoice.amount_fen:
        raise OtherAmount
    return Result(invoice, row.number, _day(row.issued_on, today))


def _fen(text: str) -> int | None:
    try:
        return fen(text)
    except NotAnAmount:
        return None


def _day(text: str, today: date) -> date:
    found = DAY.fullmatch(text)
    try:
        day = date(*map(int, found.groups()[:3])) if found else None
    except ValueError:
        day = None
    if day is None or day > today:
        raise BadDay
    return day
