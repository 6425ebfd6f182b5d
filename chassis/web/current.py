"""What templates may call: sentences, and the form, errors and token of the page being rendered.

Macros are imported without the page's context, so these live in a context variable of the request.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from markupsafe import Markup, escape

from chassis.web import i18n
from chassis.web.forms import Form


@dataclass(frozen=True, slots=True)
class Rendering:
    """One page on its way: what was typed, what is wrong with it, and the form token."""

    form: Mapping[str, str]
    errors: Mapping[str, str]
    refusal_values: Mapping[str, object]
    csrf: Callable[[], str]


_rendering: ContextVar[Rendering] = ContextVar("rendering")


def begin(rendering: Rendering) -> None:
    _rendering.set(rendering)


def markup(msgid: str, **values: object) -> Markup:
    """A sentence as HTML. Only sentences of our catalogues may carry markup; the rest is escaped,
    and so is everything that fills a blank."""
    own = msgid.values if isinstance(msgid, i18n.Sentence) else {}
    translator = i18n.translator()
    text = Markup(translator.gettext(msgid)) if translator.knows(msgid) else escape(str(msgid))
    return _fill(text, {**own, **values})


def markup_of_number(singular: str, plural: str, num: int, **values: object) -> Markup:
    """As `markup`, chosen by a number that fills `%(n)s` (and `%(num)s`)."""
    translator = i18n.translator()
    text = translator.ngettext(singular, plural, num)
    safe = Markup(text) if translator.knows(singular) else escape(text)
    return _fill(safe, {"n": num, "num": num, **values})


def _fill(text: Markup, values: Mapping[str, object]) -> Markup:
    if not values:
        return text
    return text % values if "%(" in text else text.format(**values)


def form_value(name: str, default: object = "") -> object:
    """What was typed into a field, or the value it starts with."""
    form = _rendering.get().form
    if isinstance(form, Form) and not form:
        return default
    return form.get(name, default)


def form_values(name: str) -> list[str]:
    """Every value chosen for a field that may be given more than once."""
    form = _rendering.get().form
    return form.list(name) if isinstance(form, Form) else [form[name]] if name in form else []


def form_was_sent() -> bool:
    return bool(_rendering.get().form)


def form_error(name: str) -> Markup | None:
    """The sentence beside a field, or None."""
    rendering = _rendering.get()
    sentence = rendering.errors.get(name)
    return markup(sentence, **rendering.refusal_values) if sentence else None


def csrf_token() -> str:
    return _rendering.get().csrf()


GLOBALS: dict[str, object] = {
    "_": markup,
    "gettext": markup,
    "ngettext": markup_of_number,
    "form_value": form_value,
    "form_values": form_values,
    "form_was_sent": form_was_sent,
    "form_error": form_error,
    "csrf_token": csrf_token,
}
