"""What can be wrong with an employer's list, in sentences: what it is, how to mend it ($-5)."""

from collections.abc import Mapping, Sequence

from chassis.web.i18n import N_, Sentence

from .model.people import Flaw, Problem

FLAWS: Mapping[Flaw, str] = {
    Flaw.UNREADABLE: N_(
        "This file can't be read. Save the list as .xlsx or CSV and send it again."
    ),
    Flaw.OLD_EXCEL: N_(
        "This is an old .xls file, or protected by a password. Save it as .xlsx without a password."
    ),
    Flaw.NO_HEADINGS: N_(
        "The headings 姓名, 身份证号 and 学时 were not found in the first {n} rows. Use the "
        "template."
    ),
    Flaw.NO_PEOPLE: N_("The list holds nobody. Fill in at least one row below the headings."),
    Flaw.TOO_MANY: N_("A list holds at most {n} people. Split it into several cases."),
    Flaw.FORMULA: N_(
        "A cell of this row holds a formula. Copy the row and paste its values alone."
    ),
    Flaw.NO_NAME: N_("The name is missing. Enter it as on the ID card."),
    Flaw.NAME_TOO_LONG: N_(
        "The name has more than {n} characters, or some that can't be printed. Enter it as on the "
        "ID card."
    ),
    Flaw.NAME_IS_FORMULA: N_("The name begins like a formula. Enter it as on the ID card."),
    Flaw.NO_NUMBER: N_("The ID number is missing."),
    Flaw.ROUNDED: N_(
        "Excel took the ID number for a figure and lost its last digits. Format the column as "
        "text, then enter the number again."
    ),
    Flaw.WRONG_LENGTH: N_(
        "An ID number has 18 characters; this one has {n}. Compare it with the card."
    ),
    Flaw.WRONG_LETTERS: N_(
        "An ID number has 17 digits and then a digit or an X. Compare it with the card."
    ),
    Flaw.WRONG_DATE: N_(
        "Digits 7 to 14 of the ID number are no date of birth. Compare it with the card."
    ),
    Flaw.CHECK_FAILED: N_(
        "The last character of the ID number does not fit the others. Compare it with the card; "
        "if it is right, tick the confirmation and send the list again."
    ),
    Flaw.TWICE: N_("This person stands in row {first} already. Keep one of the two rows."),
    Flaw.WRONG_HOURS: N_("The hours must be a whole number from 1 to {n}."),
}


def say(problem: Problem) -> Sentence:
    """What is wrong and how to mend it."""
    return Sentence(FLAWS[problem.flaw], **problem.values)


def errors(problems: Sequence[Problem]) -> dict[str, str]:
    """The problems by their place: `rows.3.wrong_hours`, `list.no_headings`."""
    return {_place(problem): say(problem) for problem in problems}


def _place(problem: Problem) -> str:
    return f"rows.{problem.line}.{problem.flaw}" if problem.line else f"list.{problem.flaw}"
