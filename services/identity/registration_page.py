"""The registration form: from its fields to a wish, and what the system reads from them (I-1)."""

from typing import Any, Final

from chassis import clock, idnumbers
from chassis.refusals import Invalid, Refusal
from chassis.web.forms import Form
from chassis.web.i18n import N_
from contracts.identity import LearnerKind

from . import contact, id_card
from .model import QUALIFICATION_CATEGORIES, Learner, compose_account_name

PLAIN: Final = (
    *("real_name", "id_number", "mobile", "email", "phone", "kind"),
    *("password", "password_again", "captcha_id", "captcha_answer"),
)
CERTIFICATE: Final = ("number", "category", "expires_on")

WELCOME: Final = N_("Your account name is {name}. Please open the link that was mailed to {email}.")
WELCOME_SHARED: Final = N_(
    "Somebody with the same name and digits was here before you, so your account name is {name}. "
    "Please open the link that was mailed to {email}."
)


def values(form: Form) -> dict[str, Any]:
    """The form as a registration; what is empty counts as missing. A confirmation counts for the
    number it was given for, not for another one typed afterwards (I-3)."""
    number = idnumbers.normalise(form.get("id_number", ""))
    confirmed = bool(number) and form.get("id_number_confirmed") == number
    return {
        **_given(form, PLAIN),
        "id_number_confirmed": confirmed,
        **certificate(form, required=form.get("kind") == LearnerKind.HOLDER),
    }


def certificate(form: Form, *, required: bool) -> dict[str, Any]:
    """The part about the certificate, if there is anything in it or it can't be left out."""
    given = {
        name: form[f"qualification.{name}"]
        for name in CERTIFICATE
        if form.get(f"qualification.{name}")
    }
    return {"qualification": given} if given or required else {}


def _given(form: Form, names: tuple[str, ...]) -> dict[str, str]:
    return {name: form[name] for name in names if form.get(name)}


def context(form: Form, refusal: Refusal | None) -> dict[str, Any]:
    """What the page shows beside the fields: the composed name, and what the number says."""
    errors = refusal.errors if isinstance(refusal, Invalid) else {}
    card = _card(form)
    doubtful = card is not None and not card.check_passed
    asked = doubtful and ("id_number_confirmed" in errors or "id_number_confirmed" in form)
    return {
        "categories": [(name, name) for name in QUALIFICATION_CATEGORIES],
        "card": card,
        "account_name": _account_name(form, card),
        "ask_to_confirm": asked,
    }


def _card(form: Form) -> id_card.IdCard | None:
    try:
        return id_card.read(form.get("id_number", ""), today=clock.today())
    except ValueError:
        return None


def _account_name(form: Form, card: id_card.IdCard | None) -> str | None:
    try:
        name = contact.read_real_name(form.get("real_name", ""))
    except ValueError:
        return None
    return compose_account_name(name, card.number) if card else None


def welcome(learner: Learner) -> str:
    """The message after registering; a suffix is told (I-2)."""
    return WELCOME_SHARED if learner.account_ordinal > 1 else WELCOME
