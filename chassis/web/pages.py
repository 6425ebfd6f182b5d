"""Pages: a service's templates on top of the shared ones, and the answers that carry them."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis.refusals import Invalid, Refusal
from chassis.web import current, i18n
from chassis.web.filters import FILTERS
from chassis.web.forms import CSRF_COOKIE, Form, csrf_token_for

HERE: Final = Path(__file__).parent
FLASH_COOKIE: Final = "flash"
FLASH_SECONDS: Final = 120
LANG_SECONDS: Final = 365 * 24 * 3600
MAX_FLASH_LENGTH: Final = 2000


@dataclass(frozen=True, slots=True)
class Flash:
    """One message on the page after a form: `kind` is ok, warn or bad."""

    message: str
    kind: str = "ok"
    values: Mapping[str, object] = field(default_factory=dict)


class Pages:
    """The templates and sentences of one service. `folder` holds `templates/` and `locale/`."""

    def __init__(
        self,
        service: str,
        folder: Path,
        *,
        phones: tuple[str, ...] = (),
        email: str = "",
        secure_cookies: bool = False,
    ) -> None:
        self.service = service
        self.phones = phones
        self.email = email
        self.secure_cookies = secure_cookies
        self._chinese = i18n.read_catalogue(HERE / "locale", folder / "locale")
        self.environment = _environment(folder / "templates")

    def translator(self, request: Request) -> i18n.Translator:
        """The language that this request is answered in."""
        return i18n.Translator(i18n.choose(request), self._chinese)


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(HERE / "templates")]),
        autoescape=True,
        optimized=False,  # what a filter makes of a constant depends on the language
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.extend(newstyle_gettext=True)
    environment.filters.update(FILTERS)
    environment.globals.update(current.GLOBALS)
    return environment


def speak(request: Request) -> i18n.Translator:
    """Answer the rest of this request in the language it asks for."""
    pages: Pages = request.app.state.pages
    translator = pages.translator(request)
    i18n.speak(translator)
    return translator


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """HTML. Templates know `who`, `lang`, `path`, `refusal`, `errors`, `form` and `flash`."""
    pages: Pages = request.app.state.pages
    translator = speak(request)
    refusal = context.get("refusal")
    rendering = current.Rendering(
        form=context.get("form") or Form(),
        errors=refusal.errors if isinstance(refusal, Invalid) else {},
        refusal_values=refusal.values if isinstance(refusal, Refusal) else {},
        csrf=partial(csrf_token_for, request),
    )
    current.begin(rendering)
    flash = read_flash(request)
    text = pages.environment.get_template(template).render(
        {**_standing(request, pages, translator), "flash": flash, "refusal": None}
        | {"form": rendering.form, "errors": rendering.errors}
        | context
    )
    response = HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
    _set_cookies(request, response, pages, flash=flash, lang=translator.lang)
    return response


def _standing(request: Request, pages: Pages, translator: i18n.Translator) -> dict[str, Any]:
    who = getattr(request.state, "who", None)
    other = "zh" if translator.lang == i18n.ENGLISH else "en"
    switch = request.url.include_query_params(lang=other)
    return {
        "request": request,
        "service": pages.service,
        "who": who,
        "lang": translator.lang,
        "path": request.url.path,
        "switch_lang": other,
        "switch_url": f"{switch.path}?{switch.query}",
        "phones": pages.phones,
        "email": pages.email,
        "cart_count": None,
        "message_count": None,
    }


def _set_cookies(
    request: Request, response: Response, pages: Pages, *, flash: Flash | None, lang: str
) -> None:
    secure = pages.secure_cookies
    if flash is not None:
        response.delete_cookie(FLASH_COOKIE)
    if "lang" in request.query_params:
        response.set_cookie(
            i18n.COOKIE, lang, max_age=LANG_SECONDS, httponly=True, samesite="lax", secure=secure
        )
    token = getattr(request.state, "csrf", None)
    if token is not None and token != request.cookies.get(CSRF_COOKIE):
        response.set_cookie(CSRF_COOKIE, token, httponly=True, samesite="lax", secure=secure)


def see_other(
    url: str,
    *,
    request: Request | None = None,
    flash: str | None = None,
    kind: str = "ok",
    **values: object,
) -> RedirectResponse:
    """303 to a page that may be reloaded, with a message (a msgid) that it shows once."""
    response = RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
    if flash:
        secure = request is not None and request.app.state.pages.secure_cookies
        response.set_cookie(
            FLASH_COOKIE,
            _pack_flash(flash, kind, values),
            max_age=FLASH_SECONDS,
            httponly=True,
            samesite="lax",
            secure=secure,
        )
    return response


def _pack_flash(message: str, kind: str, values: Mapping[str, object]) -> str:
    data = {"message": message, "kind": kind, "values": {k: str(v) for k, v in values.items()}}
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def read_flash(request: Request) -> Flash | None:
    """The message left by the page before, if there is one and it can be read."""
    cookie = request.cookies.get(FLASH_COOKIE, "")
    if not cookie or len(cookie) > MAX_FLASH_LENGTH:
        return None
    try:
        data = json.loads(base64.urlsafe_b64decode(cookie))
        kind = data["kind"] if data["kind"] in ("ok", "warn", "bad") else "ok"
        return Flash(str(data["message"]), kind, dict(data["values"]))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def error_page(request: Request, refusal: Refusal) -> HTMLResponse:
    """A refusal as a page, inside the staff frame where it belongs there."""
    staff = request.url.path.split("/")[1:2] == ["staff"]
    layout = "staff.html" if staff else "base.html"
    response = page(request, "error.html", refusal=refusal, layout=layout, status=refusal.status)
    if refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def said(refusal: Refusal) -> str:
    """The refusal's sentence in the request's language, filled, as plain text."""
    return i18n.gettext(refusal.message, **refusal.values)
