"""What somebody who opens an account must tell (I-1), and what may be wrong with it. Pure.

One shape for the form and for the API; every problem is found at once and stands at its field.
"""

from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from chassis import clock
from chassis.web.i18n import N_, Sentence
from contracts.identity import LearnerKind, Qualification

from . import contact, id_card, passwords
from .id_card import IdCard

LATEST_EXPIRY: Final = timedelta(days=366 * 20)
EARLIEST_EXPIRY: Final = date(1990, 1, 1)

CONFIRM_NUMBER = N_(
    "By the national standard the last character should be {expected}, you entered {entered}. "
    "Please compare with the card, and confirm if it is printed so."
)
QUALIFICATION_MISSING = N_("Please give the certificate, so that it can be renewed.")
QUALIFICATION_FOREIGN = N_("Leave this empty, or choose “certificate holder” above.")
BAD_EXPIRY = N_("Please compare this date with the certificate.")
NO_CONTROLS = N_("Please enter plain text on one line.")


def _plain(text: str) -> str:
    text = text.strip()
    if not all(c.isprintable() for c in text):
        raise ValueError(NO_CONTROLS)
    return text


Line = Annotated[str, AfterValidator(_plain)]


def _expiry(expires_on: date) -> date:
    if not EARLIEST_EXPIRY <= expires_on <= clock.today() + LATEST_EXPIRY:
        raise ValueError(BAD_EXPIRY)
    return expires_on


class QualificationWish(BaseModel):
    """The certificate that a holder must renew."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Line, Field(min_length=1, max_length=40)]
    category: Annotated[Line, Field(min_length=1, max_length=40)]
    expires_on: Annotated[date, AfterValidator(_expiry)]

    def as_fact(self) -> Qualification:
        return Qualification(**self.model_dump())


class RegistrationWish(BaseModel):
    """A registration as sent. After validation the texts are in their one spelling."""

    model_config = ConfigDict(extra="forbid")

    real_name: Annotated[str, Field(max_length=100), AfterValidator(contact.read_real_name)]
    id_number: str = Field(max_length=40, repr=False)
    id_number_confirmed: bool = Field(default=False, validate_default=True)
    mobile: Annotated[str, Field(max_length=40), AfterValidator(contact.read_mobile)]
    email: Annotated[str, Field(max_length=254), AfterValidator(contact.read_email)]
    phone: str | None = Field(default=None, max_length=40)
    kind: LearnerKind
    qualification: QualificationWish | None = Field(default=None, validate_default=True)
    password: str = Field(repr=False)
    password_again: str = Field(repr=False)
    captcha_id: str = Field(max_length=64)
    captcha_answer: str = Field(max_length=64)

    @property
    def card(self) -> IdCard:
        return id_card.read(self.id_number, today=clock.today())

    @field_validator("id_number")
    @classmethod
    def _possible(cls, text: str) -> str:
        return id_card.read(text, today=clock.today()).number

    @field_validator("id_number_confirmed")
    @classmethod
    def _confirmed_if_doubtful(cls, confirmed: bool, info: ValidationInfo) -> bool:
        """A wrong check character does not refuse the person, but needs an explicit yes (I-3)."""
        number = info.data.get("id_number")
        if number is not None and not confirmed:
            card = id_card.read(number, today=clock.today())
            if not card.check_passed:
                raise ValueError(
                    Sentence(CONFIRM_NUMBER, expected=card.expected, entered=card.number[-1])
                )
        return confirmed

    @field_validator("phone")
    @classmethod
    def _reachable(cls, phone: str | None) -> str | None:
        return contact.read_phone(phone) if phone and phone.strip() else None

    @field_validator("qualification")
    @classmethod
    def _fits_the_kind(
        cls, given: QualificationWish | None, info: ValidationInfo
    ) -> QualificationWish | None:
        kind = info.data.get("kind")
        if kind is LearnerKind.HOLDER and given is None:
            raise ValueError(QUALIFICATION_MISSING)
        if kind not in (LearnerKind.HOLDER, None) and given is not None:
            raise ValueError(QUALIFICATION_FOREIGN)
        return given

    @field_validator("password")
    @classmethod
    def _hard_to_guess(cls, password: str, info: ValidationInfo) -> str:
        told = ("real_name", "id_number", "mobile", "email")
        known = {name: info.data[name] for name in told if name in info.data}
        return passwords.check(password, known=passwords.known_words(**known))

    @field_validator("password_again")
    @classmethod
    def _same_twice(cls, again: str, info: ValidationInfo) -> str:
        if "password" in info.data and again != info.data["password"]:
            raise ValueError(passwords.UNEQUAL)
        return again


class ContactWish(BaseModel):
    """What a learner may change alone: how to be reached, and the certificate to renew."""

    model_config = ConfigDict(extra="forbid")

    mobile: Annotated[str, Field(max_length=40), AfterValidator(contact.read_mobile)]
    email: Annotated[str, Field(max_length=254), AfterValidator(contact.read_email)]
    phone: Annotated[str, Field(max_length=40), AfterValidator(contact.read_phone)] | None = None
    qualification: QualificationWish | None = None


class IdentityWish(BaseModel):
    """Name and ID number, corrected after the desk has returned them (I-8)."""

    model_config = ConfigDict(extra="forbid")

    real_name: Annotated[str, Field(max_length=100), AfterValidator(contact.read_real_name)]
    id_number: str = Field(max_length=40, repr=False)

    @property
    def card(self) -> IdCard:
        return id_card.read(self.id_number, today=clock.today())

    @field_validator("id_number")
    @classmethod
    def _possible(cls, text: str) -> str:
        return id_card.read(text, today=clock.today()).number
