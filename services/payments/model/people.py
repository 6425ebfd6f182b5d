"""The people whom an employer pays for: what stands in the rows of a list, or what is wrong with
each of them ($-5, I-3). Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent

from chassis import idnumbers
from chassis.refusals import Invalid

PEOPLE_MAX: Final = 1000
HOURS_MAX: Final = 200
NAME_MAX: Final = 50  # characters
EARLIEST_BIRTH: Final = date(1900, 1, 1)
FORMULA = re.compile(r"[=+@\-\t\r]")
FIGURE = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
Macs: TypeAlias = Callable[[str], str]  # an ID number → its keyed hash


class ListRefused(Invalid):
    """Nothing was taken over: some rows need another look. Mend them in your file and send it
    again."""

    def __init__(self, problems: Sequence["Problem"], errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.problems = tuple(problems)


class Flaw(StrEnum):
    """What can be wrong with a list, or with one of its rows."""

    UNREADABLE = "unreadable"
    OLD_EXCEL = "old_excel"
    NO_HEADINGS = "no_headings"
    NO_PEOPLE = "no_people"
    TOO_MANY = "too_many"
    FORMULA = "formula"
    NO_NAME = "no_name"
    NAME_TOO_LONG = "name_too_long"
    NAME_IS_FORMULA = "name_is_formula"
    NO_NUMBER = "no_number"
    ROUNDED = "rounded"
    WRONG_LENGTH = "wrong_length"
    WRONG_LETTERS = "wrong_letters"
    WRONG_DATE = "wrong_date"
    CHECK_FAILED = "check_failed"
    TWICE = "twice"
    WRONG_HOURS = "wrong_hours"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list as it was read, without judgement."""

    line: int  # as the spreadsheet shows it
    name: str
    id_number: str = field(repr=False)
    hours: str
    has_formula: bool = False
    number_is_figure: bool = False  # Excel keeps fifteen digits of a figure


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row, and how to mend it; line 0 is the list as a whole."""

    line: int
    flaw: Flaw
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """One person on a list. The ID number itself is not kept."""

    name: str
    id_number_mac: str = field(repr=False)
    id_number_masked: str
    check_failed: bool
    hours: int


def judge(
    rows: Iterable[Row], *, macs: Macs, confirmed: bool, today: date
) -> tuple[list[Person], list[Problem]]:
    """The people, and the problems of every row. `confirmed`: numbers whose check character alone
    fails were compared with the cards. Nobody counts while there is a problem."""
    people: list[Person] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for count, row in enumerate(rows, start=1):
        if count > PEOPLE_MAX:
            problems.append(Problem(0, Flaw.TOO_MANY, {"n": PEOPLE_MAX}))
            break
        found = _problems(row, confirmed=confirmed, today=today)
        if not found:
            person = _person(row, macs)
            first = lines.setdefault(person.id_number_mac, row.line)
            if first != row.line:
                found = [Problem(row.line, Flaw.TWICE, {"first": first})]
            people.append(person)
        problems.extend(found)
    if not people and not problems:
        problems.append(Problem(0, Flaw.NO_PEOPLE))
    return people, problems


def _person(row: Row, macs: Macs) -> Person:
    number = idnumbers.normalise(row.id_number)
    return Person(
        name=_name(row),
        id_number_mac=macs(number),
        id_number_masked=idnumbers.mask(number),
        check_failed=ric.calc_check_digit(number) != number[-1],
        hours=int(row.hours),
    )


def _problems(row: Row, *, confirmed: bool, today: date) -> list[Problem]:
    if row.has_formula:
        return [Problem(row.line, Flaw.FORMULA)]
    found = (_name_flaw(row), _number_flaw(row, confirmed, today), _hours_flaw(row))
    return [Problem(row.line, flaw, _values(flaw, row)) for flaw in found if flaw is not None]


def _values(flaw: Flaw, row: Row) -> Mapping[str, int]:
    """What fills the blanks of the sentence."""
    return {
        Flaw.NAME_TOO_LONG: {"n": NAME_MAX},
        Flaw.WRONG_LENGTH: {"n": len(idnumbers.normalise(row.id_number))},
        Flaw.WRONG_HOURS: {"n": HOURS_MAX},
    }.get(flaw, {})


def _name(row: Row) -> str:
    return unicodedata.normalize("NFC", " ".join(row.name.split()))


def _name_flaw(row: Row) -> Flaw | None:
    name = _name(row)
    if not name:
        return Flaw.NO_NAME
    if FORMULA.match(name):
        return Flaw.NAME_IS_FORMULA
    if len(name) > NAME_MAX or not name.isprintable():
        return Flaw.NAME_TOO_LONG
    return None


def _number_flaw(row: Row, confirmed: bool, today: date) -> Flaw | None:
    number = idnumbers.normalise(row.id_number)
    if not number:
        return Flaw.NO_NUMBER
    if row.number_is_figure or FIGURE.fullmatch(number):
        return Flaw.ROUNDED
    if len(number) != idnumbers.LENGTH:
        return Flaw.WRONG_LENGTH
    if not (number.isascii() and number[:-1].isdigit() and number[-1] in "0123456789X"):
        return Flaw.WRONG_LETTERS
    if not _is_date_of_birth(number, today):
        return Flaw.WRONG_DATE
    if not confirmed and ric.calc_check_digit(number) != number[-1]:
        return Flaw.CHECK_FAILED
    return None


def _is_date_of_birth(number: str, today: date) -> bool:
    try:
        return bool(EARLIEST_BIRTH <= ric.get_birth_date(number) <= today)
    except InvalidComponent:
        return False


def _hours_flaw(row: Row) -> Flaw | None:
    text = row.hours
    fits = text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= HOURS_MAX
    return None if fits else Flaw.WRONG_HOURS
