"""Bank statements as Chinese banks give them: CSV, found by the names of its columns ($-3).

A statement is good as a whole or not at all: one row that can't be understood, and nothing of it is
recorded. Money that went out is none of our business here; it is counted and left alone.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from .money import NotAnAmount, fen
from .statement_columns import LONGEST, Column, Place, Row, find_columns

MAX_BYTES = 5_000_000
MAX_ROWS = 5_000
HEAD_WITHIN = 30  # lines: banks write the account's name and number above the table
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", "\t", ";")
TOTALS = ("合计", "总计", "小计", "total")
CREDIT_WORDS = {"贷", "贷方", "贷记", "收", "收入", "转入", "来账", "c", "cr", "credit", "in"}
DEBIT_WORDS = {"借", "借方", "借记", "支", "支出", "转出", "往账", "d", "dr", "debit", "out"}
DAY = re.compile(
    r"(\d{4})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})日?(?:[ t].*)?"
    r"|(\d{4})(\d{2})(\d{2})(?:[ t]?\d[\d:]*)?"
)


class Trouble(StrEnum):
    """What is wrong with a row, or with the file."""

    NOT_TEXT = "not_text"
    NO_HEAD = "no_head"
    NO_ROWS = "no_rows"
    TOO_MANY_ROWS = "too_many_rows"
    DAY = "day"
    FUTURE = "future"
    AMOUNT = "amount"
    NEGATIVE = "negative"
    NUMBER = "number"
    TWICE = "twice"  # the number stands in the file again, with other facts
    KNOWN_OTHERWISE = "known_otherwise"  # the number is recorded, with another sum or day
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that can't be recorded; `line` counts from 1 as a spreadsheet does, 0: the file."""

    line: int
    trouble: Trouble
    text: str = ""  # what stands there


@dataclass(frozen=True, slots=True)
class Entry:
    """Money that came in."""

    line: int
    bank_reference: str
    payer_name: str
    remark: str
    amount_fen: int
    received_on: date

    @property
    def facts(self) -> tuple[int, date]:
        """What two records of one movement agree about; names and remarks are spelt freely."""
        return self.amount_fen, self.received_on


@dataclass(slots=True)
class Statement:
    """What a file says: it counts only without faults."""

    entries: list[Entry] = field(default_factory=list)
    ignored: int = 0  # rows of money that went out
    repeated: int = 0  # rows that stand in the file twice
    faults: list[Fault] = field(default_factory=list)


def read(content: bytes, *, today: date) -> Statement:
    """The statement in this file. Never raises: what is wrong stands in `faults`."""
    text = _decode(content)
    if text is None:
        return Statement(faults=[Fault(0, Trouble.NOT_TEXT)])
    try:
        rows, place = _table(text)
        return _read_rows(rows, place, today) if place else _failed(Trouble.NO_HEAD)
    except csv.Error:
        return _failed(Trouble.NOT_TEXT)


def _failed(trouble: Trouble) -> Statement:
    return Statement(faults=[Fault(0, trouble)])


def _decode(content: bytes) -> str | None:
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


Rows = Iterator[tuple[int, list[str]]]


def _table(text: str) -> tuple[Rows, Place | None]:
    """The rows below the head, and which of their cells is what."""
    for delimiter in DELIMITERS:
        rows = _rows(text, delimiter)
        for line, cells in rows:
            if place := find_columns(cells):
                return rows, place
            if line >= HEAD_WITHIN:
                break
    return iter(()), None


def _rows(text: str, delimiter: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        yield reader.line_num, [_cell(each) for each in cells]


def _cell(text: str) -> str:
    """Without what banks put around a number so that a spreadsheet leaves it alone."""
    plain = text.strip().strip("\t`'").strip()
    return plain[2:-1] if plain.startswith('="') and plain.endswith('"') else plain


def _read_rows(rows: Rows, place: Place, today: date) -> Statement:
    statement, known = Statement(), dict[str, Entry]()
    seen = 0
    for line, cells in rows:
        if not any(cells) or cells[0].casefold().startswith(TOTALS):
            continue
        seen += 1
        if seen > MAX_ROWS:
            return _failed(Trouble.TOO_MANY_ROWS)
        found = _read_row(line, Row(cells, place), today)
        if found is None:
            statement.ignored += 1
        elif isinstance(found, Fault):
            statement.faults.append(found)
        else:
            _add(statement, known, found)
    return statement if seen else _failed(Trouble.NO_ROWS)


def _add(statement: Statement, known: dict[str, Entry], entry: Entry) -> None:
    before = known.setdefault(entry.bank_reference, entry)
    if before is entry:
        statement.entries.append(entry)
    elif before.facts == entry.facts:
        statement.repeated += 1
    else:
        statement.faults.append(Fault(entry.line, Trouble.TWICE, entry.bank_reference))


def _read_row(line: int, row: Row, today: date) -> Entry | Fault | None:
    """None: no money came in by it."""
    try:
        amount = _credited(row)
    except NotAnAmount:
        return Fault(line, Trouble.AMOUNT, row.get(Column.CREDIT) or row.get(Column.AMOUNT))
    if amount is None:
        return None
    if amount < 0:
        return Fault(line, Trouble.NEGATIVE, row.get(Column.CREDIT))
    return _entry(line, row, amount, today)


def _credited(row: Row) -> int | None:
    """The sum that came in; None where money went out. Raises `NotAnAmount`."""
    if row.place[Column.CREDIT]:
        text = row.get(Column.CREDIT)
        if not text or text in ("-", "--"):
            if not row.get(Column.DEBIT):
                raise NotAnAmount
            return None
        return fen(text) or None
    amount = fen(row.get(Column.AMOUNT))
    if row.place[Column.DIRECTION]:
        return amount or None if _comes_in(row.get(Column.DIRECTION)) else None
    return amount if amount > 0 else None


def _comes_in(direction: str) -> bool:
    word = direction.casefold()
    if word not in CREDIT_WORDS | DEBIT_WORDS:
        raise NotAnAmount
    return word in CREDIT_WORDS


def _entry(line: int, row: Row, amount: int, today: date) -> Entry | Fault:
    day = _day(row.get(Column.DAY))
    if day is None:
        return Fault(line, Trouble.DAY, row.get(Column.DAY))
    if day > today + timedelta(days=1):
        return Fault(line, Trouble.FUTURE, row.get(Column.DAY))
    entry = Entry(
        line=line,
        bank_reference=row.get(Column.NUMBER),
        payer_name=row.get(Column.PAYER),
        remark=" ".join(dict.fromkeys(row.all(Column.REMARK))),
        amount_fen=amount,
        received_on=day,
    )
    if not entry.bank_reference:
        return Fault(line, Trouble.NUMBER)
    if _is_too_long(entry):
        return Fault(line, Trouble.TOO_LONG)
    return entry


def _is_too_long(entry: Entry) -> bool:
    return (
        len(entry.payer_name) > LONGEST[Column.PAYER]
        or len(entry.bank_reference) > LONGEST[Column.NUMBER]
        or len(entry.remark) > LONGEST[Column.REMARK]
    )


def _day(text: str) -> date | None:
    found = DAY.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    if not found:
        return None
    year, month, day = [int(part) for part in found.groups() if part]
    try:
        return date(year, month, day)
    except ValueError:
        return None
