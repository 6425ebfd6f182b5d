"""How people can be reached: names, numbers and addresses, read into one spelling each. Pure.

Every `read_…` raises ValueError with the sentence for the person.
"""

import re
import unicodedata
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from chassis.web.forms import BAD_EMAIL
from chassis.web.i18n import N_, Sentence

NAME_LENGTHS: Final = range(2, 41)
DOTS: Final = str.maketrans(dict.fromkeys("•・･‧∙⋅．", "·"))
PHONE: Final = re.compile(r"[0-9+() 转-]{5,25}")

BAD_NAME = N_("Please enter the name as on the ID card: 2 to 40 letters.")
MOBILE_LENGTH = N_("A mobile number has 11 digits; this one has {n}.")
BAD_MOBILE = N_("This is not a mobile number in mainland China.")
BAD_PHONE = N_("Please enter a telephone number, for example 010-62383899.")


def read_real_name(text: str) -> str:
    """The name with single blanks and one kind of middle dot."""
    name = " ".join(unicodedata.normalize("NFC", text).translate(DOTS).split())
    if len(name) not in NAME_LENGTHS or not all(_belongs_in_name(c) for c in name):
        raise ValueError(BAD_NAME)
    if not any(c.isalpha() for c in name):
        raise ValueError(BAD_NAME)
    return name


def _belongs_in_name(character: str) -> bool:
    return character in "· .'-" or unicodedata.category(character)[0] in "LM"


def read_mobile(text: str) -> str:
    """A mobile number of mainland China in E.164: +8613810245678."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError(BAD_MOBILE) from None
    digits = len(phonenumbers.national_significant_number(number))
    if number.country_code == 86 and digits != 11:
        raise ValueError(Sentence(MOBILE_LENGTH, n=digits))
    mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    if number.country_code != 86 or not mobile:
        raise ValueError(BAD_MOBILE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(text: str) -> str:
    """An address with a lower-case domain. Whether it works is shown by its link (I-7)."""
    try:
        # test_environment admits the reserved `.test`, which can reach nobody; no more than that
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError(BAD_EMAIL) from None
    return found.normalized


def read_phone(text: str) -> str:
    """A telephone number as people write it; it is only ever read by people."""
    phone = unicodedata.normalize("NFKC", text).strip()
    if not PHONE.fullmatch(phone) or sum(c.isdigit() for c in phone) < 5:
        raise ValueError(BAD_PHONE)
    return phone


def mask_mobile(mobile: str) -> str:
    """+8613810245678 → 138****5678"""
    national = mobile.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}"
