"""What an employer's contact fills in, as forms and as JSON ($-5)."""

import re
import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chassis.web.forms import BAD_EMAIL
from chassis.web.i18n import N_

from .model import tax_numbers
from .model.employers import Employer

PHONE = re.compile(r"[0-9+() \-转]{5,30}")
BAD_PHONE = N_("Please enter a telephone number, for example 010-62383899.")
BAD_TAX_NUMBER = N_(
    "A tax number has 18 digits and capitals, and its last character checks the others. Compare it "
    "with the business licence."
)
BAD_TEXT = N_("Please enter plain text that does not begin with =, +, - or @.")


def _tax_number(text: str) -> str:
    number = tax_numbers.normalise(text)
    if not tax_numbers.is_current(number):
        raise ValueError(BAD_TAX_NUMBER)
    return number


def _email(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError(BAD_EMAIL) from None
    return found.normalized


def _phone(text: str) -> str:
    phone = unicodedata.normalize("NFKC", text).strip()
    if not PHONE.fullmatch(phone) or sum(c.isdigit() for c in phone) < 5:
        raise ValueError(BAD_PHONE)
    return phone


def _plain(text: str) -> str:
    """Staff copy it into spreadsheets."""
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if not plain.isprintable() or plain.startswith(("=", "+", "-", "@")):
        raise ValueError(BAD_TEXT)
    return plain


class EmployerForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    employer_name: Annotated[
        str, Field(min_length=2, max_length=100, strict=True), AfterValidator(_plain)
    ]
    tax_number: Annotated[str, Field(max_length=40), AfterValidator(_tax_number)] | None = None
    contact_name: Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_plain)]
    phone: Annotated[str, Field(max_length=30), AfterValidator(_phone)]
    email: Annotated[str, Field(max_length=254), AfterValidator(_email)]

    @property
    def employer(self) -> Employer:
        return Employer(
            employer_name=self.employer_name,
            tax_number=self.tax_number,
            contact_name=self.contact_name,
            phone=self.phone,
            email=self.email,
        )
