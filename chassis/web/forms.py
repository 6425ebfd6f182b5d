"""Forms: read what was sent, check that it came from our own page, say what is wrong with it."""

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from chassis.refusals import Forbidden, Invalid
from chassis.web.i18n import N_, Sentence

CSRF_COOKIE: Final = "csrf"
CSRF_FIELD: Final = "csrf"
MAX_FIELDS = 1000
MAX_FILES = 20

M = TypeVar("M", bound=BaseModel)

# pydantic's error type → the sentence beside the field; {blanks} are filled from the error
MESSAGES: dict[str, str] = {
    "missing": N_("Please fill this in."),
    "extra_forbidden": N_("This field is not known here."),
    "string_type": N_("Please enter text."),
    "string_too_short": N_("At least {min_length} characters."),
    "string_too_long": N_("At most {max_length} characters."),
    "string_pattern_mismatch": N_("This does not have the form that is needed here."),
    "int_type": N_("Please enter a whole number."),
    "int_parsing": N_("Please enter a whole number."),
    "int_parsing_size": N_("This number is too large."),
    "int_from_float": N_("Please enter a whole number."),
    "float_type": N_("Please enter a number."),
    "float_parsing": N_("Please enter a number."),
    "finite_number": N_("Please enter a number."),
    "decimal_parsing": N_("Please enter a number."),
    "decimal_max_places": N_("At most {decimal_places} decimal places."),
    "greater_than": N_("This must be more than {gt}."),
    "greater_than_equal": N_("This must be at least {ge}."),
    "less_than": N_("This must be less than {lt}."),
    "less_than_equal": N_("This must be at most {le}."),
    "bool_type": N_("Please choose yes or no."),
    "bool_parsing": N_("Please choose yes or no."),
    "enum": N_("Please choose one of the options."),
    "literal_error": N_("Please choose one of the options."),
    "date_type": N_("Please enter a date, for example 2027-03-01."),
    "date_parsing": N_("Please enter a date, for example 2027-03-01."),
    "date_from_datetime_parsing": N_("Please enter a date, for example 2027-03-01."),
    "date_from_datetime_inexact": N_("Please enter a date, for example 2027-03-01."),
    "date_past": N_("This date must be in the past."),
    "date_future": N_("This date must be in the future."),
    "datetime_type": N_("Please enter a date and a time."),
    "datetime_parsing": N_("Please enter a date and a time."),
    "datetime_from_date_parsing": N_("Please enter a date and a time."),
    "timezone_aware": N_("Please give the time with its time zone."),
    "uuid_type": N_("This is not a valid identifier."),
    "uuid_parsing": N_("This is not a valid identifier."),
    "url_parsing": N_("Please enter a web address."),
    "list_type": N_("Please give a list."),
    "too_short": N_("At least {min_length} are needed."),
    "too_long": N_("At most {max_length} are allowed."),
    "dict_type": N_("This does not have the form that is needed here."),
    "model_type": N_("This does not have the form that is needed here."),
    "model_attributes_type": N_("This does not have the form that is needed here."),
    "json_invalid": N_("This could not be read as JSON."),
}
OTHERWISE: Final = N_("Please check this entry.")
BAD_EMAIL: Final = N_("Please enter an e-mail address, for example name@example.com.")


class FormExpired(Forbidden):
    """This form did not come from an open page of this site. Please send it once more."""


class Form(dict[str, str]):
    """The text fields of a form (the last value of each name), stripped of outer blanks; passwords
    are left as they are (I-4)."""

    def __init__(
        self,
        fields: Iterable[tuple[str, str]] = (),
        files: Mapping[str, UploadFile] | None = None,
    ) -> None:
        pairs = [(n, value if "password" in n else value.strip()) for n, value in fields]
        super().__init__(pairs)
        self._pairs = pairs
        self.files: dict[str, UploadFile] = dict(files or {})

    def list(self, name: str) -> list[str]:
        """Every value of a field that may be given more than once."""
        return [value for given, value in self._pairs if given == name and value]


async def read_form(request: Request) -> Form:
    """The form that was sent. Raises `FormExpired` unless one of our own pages sent it.

    Its files are open until the answer is given; then the `Guard` closes them.
    """
    sent = await request.form(max_fields=MAX_FIELDS, max_files=MAX_FILES)
    request.state.sent = sent
    fields = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    files = {
        name: value
        for name, value in sent.multi_items()
        if isinstance(value, UploadFile) and value.filename
    }
    form = Form(fields, files)
    _check_csrf(request, form.pop(CSRF_FIELD, ""))
    return form


def close_files(state: Mapping[str, Any]) -> None:
    """Let go of the files of a form that was read in this request, whatever became of it."""
    sent = state.get("sent")
    for _, value in sent.multi_items() if isinstance(sent, FormData) else ():
        if isinstance(value, UploadFile):
            value.file.close()


def _check_csrf(request: Request, field: str) -> None:
    cookie = request.cookies.get(CSRF_COOKIE, "")
    if not cookie or not hmac.compare_digest(cookie.encode(), field.encode()):
        raise FormExpired()


def csrf_token_for(request: Request) -> str:
    """The browser's token: the one it already holds, or a new one."""
    held = request.cookies.get(CSRF_COOKIE, "")
    if len(held) != 43:
        held = getattr(request.state, "csrf", "") or secrets.token_urlsafe(32)
    request.state.csrf = held
    return held


def parse(model: type[M], form: Mapping[str, str]) -> M:
    """The form as a model; what is empty counts as missing. Raises `Invalid`, field by field."""
    values = {name: _value(form, name, field) for name, field in model.model_fields.items()}
    given = {name: value for name, value in values.items() if value not in ("", [], None)}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Invalid(sentences(error.errors(include_url=False, include_input=False))) from None


def _value(form: Mapping[str, str], name: str, field: FieldInfo) -> str | list[str] | None:
    key = field.alias or name
    if isinstance(form, Form) and _is_list(field):
        return form.list(key)
    return form.get(key)


def _is_list(field: FieldInfo) -> bool:
    return getattr(field.annotation, "__origin__", field.annotation) in (list, set, tuple)


def sentences(errors: Sequence[Any]) -> dict[str, str]:
    """pydantic's errors as field → sentence; the first of each field counts."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(_field_of(error["loc"]), _sentence(error))
    return found


def _field_of(place: tuple[str | int, ...]) -> str:
    parts = [str(part) for part in place]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header", "cookie"):
        parts = parts[1:]
    return ".".join(parts) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    reason = context.get("error")
    if error["type"] == "value_error":
        if isinstance(reason, Exception) and reason.args:
            told = reason.args[0]
            return told if isinstance(told, Sentence) else Sentence(str(told))
        return BAD_EMAIL if "email" in str(error.get("msg", "")) else OTHERWISE
    return Sentence(MESSAGES.get(error["type"], OTHERWISE), **context)
