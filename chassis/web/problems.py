"""Refusals and faults as answers: RFC 9457 problem+json for the API, a page for people."""

from http import HTTPStatus
from urllib.parse import quote

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chassis.db import DATABASE_AWAY, TRY_AGAIN
from chassis.refusals import Invalid, NotFound, Refusal, TooLarge, Unauthorized, Unavailable
from chassis.sessions import REFRESH_COOKIE
from chassis.web import i18n
from chassis.web.forms import sentences
from chassis.web.i18n import N_
from chassis.web.pages import error_page, said, speak

log = structlog.get_logger()

PROBLEM = "application/problem+json"
UNREADABLE = N_("This could not be read. Please send it once more.")
UNFIT = N_("There is a character in it that no text may hold. Please type it again.")


class MethodNotAllowed(Refusal):
    """This address does not take this kind of request."""

    status = 405


class Unexpected(Refusal):
    """Something went wrong on our side. Nothing was changed; please try again."""

    status = 500


def wants_problem(request: Request) -> bool:
    """API paths answer with problem+json; all others with a page."""
    return request.url.path.startswith(("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics"))


def answer(request: Request, refusal: Refusal) -> Response:
    """The one place where a refusal becomes a response."""
    if wants_problem(request):
        return problem(request, refusal)
    if isinstance(refusal, Unauthorized):
        return to_sign_in(request)
    return error_page(request, refusal)


def problem(request: Request, refusal: Refusal) -> JSONResponse:
    speak(request)
    body: dict[str, object] = {
        "type": f"urn:tic-edu:refusal:{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": said(refusal),
        "code": refusal.code,
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [
            {"field": field, "message": i18n.gettext(sentence, **refusal.values)}
            for field, sentence in refusal.errors.items()
        ]
    body |= {key: value for key, value in refusal.values.items() if key not in body}
    headers = {"Cache-Control": "no-store"}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, refusal.status, headers, PROBLEM)


def to_sign_in(request: Request) -> RedirectResponse:
    """To the sign-in page and back; or first a fresh access token, keeping what was posted."""
    path = request.url.path
    here = quote(f"{path}?{request.url.query}" if request.url.query else path, safe="/")
    if request.cookies.get(REFRESH_COOKIE):
        return RedirectResponse(f"/session/refresh?next={here}", 307)
    login = "/staff/login" if path.split("/")[1] == "staff" else "/login"
    if request.method != "GET":
        return RedirectResponse(login, 303)
    return RedirectResponse(f"{login}?next={here}", 303)


def install(app: FastAPI) -> None:
    """Register the handlers. Answers never hold values that were sent, nor a trace."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    for kind in {*DATABASE_AWAY, *TRY_AGAIN}:
        app.add_exception_handler(kind, _away)
    for unfit in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(unfit, _unfit)
    app.add_exception_handler(Exception, _fault)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return answer(request, error)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not wants_problem(request) and any(e["loc"][0] == "path" for e in error.errors()):
        return answer(request, NotFound())
    return answer(request, Invalid(sentences(error.errors())))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    families: dict[int, Refusal] = {
        404: NotFound(),
        405: MethodNotAllowed(),
        413: TooLarge(),
    }
    if isinstance(error.__cause__, Refusal):  # raised while FastAPI was reading the body
        return answer(request, error.__cause__)
    otherwise = Invalid({"body": UNREADABLE}) if error.status_code < 500 else Unexpected()
    return answer(request, families.get(error.status_code, otherwise))


async def _away(request: Request, error: Exception) -> Response:
    log.warning("database_away", reason=type(error).__name__)
    return answer(request, Unavailable())


async def _unfit(request: Request, error: Exception) -> Response:
    """A NUL in some text: PostgreSQL holds none, and no person types one."""
    return answer(request, Invalid({"body": UNFIT}))


async def _fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", exc_info=error)
    return answer(request, Unexpected())
