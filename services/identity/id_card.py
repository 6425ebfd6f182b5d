"""What a resident ID number says, and whether it can be right (I-3). Pure.

python-stdnum knows the check character (GB 11643) and the regions; the gaps of its judgement that
were measured are covered here: birth dates in the future or before 1900, and the permits of
residents from Hong Kong, Macao and Taiwan, whose numbers begin with 81, 82 or 83.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent

from chassis import idnumbers
from chassis.web.i18n import N_, Sentence

EARLIEST_BIRTH: Final = date(1900, 1, 1)
PERMIT_PROVINCES: Final = frozenset({"81", "82", "83"})
PROVINCES: Final = PERMIT_PROVINCES | {
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54"),
    *("61", "62", "63", "64", "65", "71"),
}

WRONG_LENGTH = N_("An ID number has 18 characters; this one has {n}.")
WRONG_LETTERS = N_("An ID number has 17 digits and then a digit or an X.")
WRONG_DATE = N_("Digits 7 to 14 are not a possible date of birth. Please compare with the card.")
WRONG_REGION = N_("The first digits do not stand for a region. Please compare with the card.")


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class IdCard:
    """A number that can be right; `expected` is the check character that the standard asks for."""

    number: str
    born_on: date
    sex: Sex
    expected: str
    region_known: bool

    @property
    def check_passed(self) -> bool:
        return self.number[-1] == self.expected

    @property
    def trusted(self) -> bool:
        """Nothing about the number asks for a look by staff (I-3)."""
        return self.check_passed and self.region_known


def read(text: str, *, today: date) -> IdCard:
    """The number as typed. Raises ValueError with the sentence for the person (I-3)."""
    number = idnumbers.normalise(text)
    if len(number) != idnumbers.LENGTH:
        raise ValueError(Sentence(WRONG_LENGTH, n=len(number)))
    if not (number.isascii() and number[:-1].isdigit() and number[-1] in "0123456789X"):
        raise ValueError(WRONG_LETTERS)
    if number[:2] not in PROVINCES:
        raise ValueError(WRONG_REGION)
    return IdCard(
        number=number,
        born_on=_born_on(number, today),
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        expected=ric.calc_check_digit(number),
        region_known=_region_known(number),
    )


def _born_on(number: str, today: date) -> date:
    try:
        born_on = ric.get_birth_date(number)
    except InvalidComponent:
        raise ValueError(WRONG_DATE) from None
    if not EARLIEST_BIRTH <= born_on <= today:
        raise ValueError(WRONG_DATE)
    return born_on


def _region_known(number: str) -> bool:
    if number[:2] in PERMIT_PROVINCES:
        return True
    try:
        ric.get_birth_place(number)
    except (InvalidComponent, KeyError):  # KeyError: a known province, an unknown county
        return False
    return True
