"""The first thing every request meets: host, origin, body size, who is asking; then one log line
and one measurement, and the security headers on whatever is answered."""

import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import metrics
from chassis.refusals import Forbidden, Refusal, TooLarge
from chassis.sessions import ACCESS_COOKIE, REFRESH_COOKIE, SessionKeys
from chassis.settings import Settings
from chassis.web import problems
from chassis.web.forms import close_files

log = structlog.get_logger()

BODY_BYTES = 64 * 1024
UPLOAD_BYTES = 10 * 1024 * 1024
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors {ancestors}; "
    "form-action 'self'; img-src 'self' data:"
)


class UnknownHost(Refusal):
    """This address is not served here."""


class ForeignOrigin(Forbidden):
    """This request came from another site and was not carried out."""


class Guard:
    """ASGI middleware. `uploads` are path prefixes that take files; `framed` ones may be shown in
    a frame of ours."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        settings: Settings,
        sessions: SessionKeys,
        uploads: tuple[str, ...],
        framed: tuple[str, ...],
    ) -> None:
        self.app = app
        self.service = service
        self.sessions = sessions
        self.uploads = uploads
        self.framed = framed
        self.origin = settings.public_url
        self.hosts = {urlsplit(self.origin).hostname, "127.0.0.1", "localhost"}
        self.secure = settings.secure_cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        scope.setdefault("state", {})
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        structlog.contextvars.bind_contextvars(service=self.service, traceparent=traceparent)
        seen = _Seen(scope, send, self._headers(scope["path"]))
        try:
            await self._serve(request, scope, receive, seen.send)
        finally:
            close_files(scope["state"])
            self._note(scope, seen.status, time.perf_counter() - started)

    async def _serve(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check_host(request.headers)
            self._check_origin(request)
            limit = self._limit(scope["path"])
            _check_length(request.headers, limit)
        except Refusal as refusal:
            scope["state"]["who"] = None
            return await problems.answer(request, refusal)(scope, receive, send)
        scope["state"]["who"] = self.sessions.verify(_token(request))
        if self._should_refresh(request):
            return await problems.to_sign_in(request)(scope, receive, send)
        await self.app(scope, _bounded(receive, limit), send)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in self.hosts:
            raise UnknownHost()

    def _check_origin(self, request: Request) -> None:
        """Browsers say where a request comes from; others (no Origin at all) carry no cookies
        that somebody else's page could use."""
        if request.method not in UNSAFE or not request.headers.get("cookie"):
            return
        origin = request.headers.get("origin")
        if origin is not None and origin not in (self.origin, self._own_origin(request)):
            raise ForeignOrigin()
        if origin is None and request.headers.get("sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            raise ForeignOrigin()

    def _own_origin(self, request: Request) -> str:
        return f"{'https' if self.secure else 'http'}://{request.headers.get('host')}"

    def _limit(self, path: str) -> int:
        return UPLOAD_BYTES if path.startswith(self.uploads or ("\0",)) else BODY_BYTES

    def _should_refresh(self, request: Request) -> bool:
        """A page asked for with a worn-out access token, but a refresh token at hand."""
        return (
            request.scope["state"]["who"] is None
            and request.method == "GET"
            and REFRESH_COOKIE in request.cookies
            and "text/html" in request.headers.get("accept", "")
            and not request.url.path.startswith(("/api/", "/session/", "/static/", "/media/"))
        )

    def _headers(self, path: str) -> dict[str, str]:
        framed = path.startswith(self.framed or ("\0",))
        headers = {
            "Content-Security-Policy": POLICY.format(ancestors="'self'" if framed else "'none'"),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN" if framed else "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }
        if self.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        metrics.requests.labels(self.service, scope["method"], route, str(status)).inc()
        metrics.seconds.labels(self.service, scope["method"], route).observe(seconds)
        if scope["path"] not in QUIET and not scope["path"].startswith("/static/"):
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


class _Seen:
    """Adds headers to the answer and remembers its status."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[str, str]) -> None:
        self.status = 500
        self._send = send
        self._headers = headers

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)


def _token(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return request.cookies.get(ACCESS_COOKIE, "")


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > limit:
        raise TooLarge()


def _bounded(receive: Receive, limit: int) -> Receive:
    """The body, refused while it is being read once it grows past the limit."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooLarge()
        return message

    return bounded
