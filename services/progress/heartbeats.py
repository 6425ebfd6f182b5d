"""`POST /api/progress/heartbeats`: the hot path's door, a bare ASGI application (P-2, P-8).

One pass of msgspec reads and checks the body; the session token proves whose beats they are. No
database, no log line, no task per request: 202 means that the bus has the beats for sure.
"""

import time
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from chassis.bus import BusAway
from chassis.refusals import Invalid, Refusal, TooLarge
from chassis.web.problems import MethodNotAllowed, problem

from . import tokens
from .batcher import Batcher
from .instants import to_ms
from .model import BeatsNotTaken, SessionTokenInvalid
from .wire import WireBeat, WireRequest

PATH = "/api/progress/heartbeats"
BODY_BYTES = 64 * 1024
BEATS_MAX = 200  # in one request: ten minutes of 15 s are 40
RETRY_SECONDS = 5
YEAR_SECONDS = 366 * 24 * 3600


class BodyUnreadable(Refusal):
    """This could not be read as JSON."""


class BeatIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What the page says of the time since its last beat."""

    seq: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    at: Annotated[datetime, Meta(tz=True)]
    playing: bool
    visible: bool
    idle_seconds: Annotated[float, Meta(ge=0, le=YEAR_SECONDS)]
    position_seconds: Annotated[float, Meta(ge=0, le=YEAR_SECONDS)] = 0
    playback_rate: Annotated[float, Meta(ge=0, le=64)] = 1


class BeatsIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`sent_at` is the page's clock at sending; without it the newest beat counts as just made."""

    session_token: str
    beats: Annotated[list[BeatIn], Meta(max_length=BEATS_MAX)]
    sent_at: Annotated[datetime, Meta(tz=True)] | None = None


_seq = attrgetter("seq")
_decode = msgspec.json.Decoder(BeatsIn).decode
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


def _describe() -> dict[str, Any]:
    """The OpenAPI path item, from the same types that read the body."""
    _, parts = msgspec.json.schema_components([BeatsIn], ref_template="#/$defs/{name}")
    parts["BeatsIn"]["properties"]["beats"]["items"] = parts["BeatIn"]
    problems = {400: "Not JSON", 401: "Token", 413: "Too large", 422: "Fields", 503: "Try again"}
    taken = {"type": "object", "properties": {"accepted": {"type": "integer"}}}
    return {
        "post": {
            "tags": ["progress"],
            "summary": "Take study beats",
            "operationId": "take_heartbeats",
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": parts["BeatsIn"]}},
            },
            "responses": {
                "202": {
                    "description": "The bus has the beats",
                    "content": {"application/json": {"schema": taken}},
                },
                **{
                    str(status): {
                        "description": text,
                        "content": {"application/problem+json": {"schema": {"type": "object"}}},
                    }
                    for status, text in problems.items()
                },
            },
        }
    }


class Heartbeats:
    """The ASGI application."""

    openapi = _describe()

    def __init__(self, batcher: Batcher, key: bytes) -> None:
        self._batcher = batcher
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            accepted = await self._take(scope, receive)
        except Refusal as refusal:
            return await problem(Request(scope), refusal)(scope, receive, send)
        body = b'{"accepted":%d}' % accepted
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, scope: Scope, receive: Receive) -> int:
        """How many beats were handed on."""
        if scope["method"] != "POST":
            raise MethodNotAllowed()
        sent = read_body(await _body(scope, receive))
        now = time.time()
        ticket = tokens.read(self._key, sent.session_token, now_seconds=now)
        if ticket is None:
            raise SessionTokenInvalid()
        if not sent.beats:
            return 0
        request = WireRequest(ticket.learner, ticket.session, int(now * 1000), _pack(sent))
        try:
            await self._batcher.add(request)
        except BusAway:
            raise BeatsNotTaken(retry_after_seconds=RETRY_SECONDS) from None
        return len(request.beats)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > BODY_BYTES):
            raise TooLarge()
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > BODY_BYTES:
            raise TooLarge()
        if not message.get("more_body"):
            return body


def read_body(body: bytes) -> BeatsIn:
    """Raises `Invalid`, `BodyUnreadable`."""
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyUnreadable() from None


def _invalid(complaint: str) -> Invalid:
    """msgspec's complaint as field and sentence; it never holds a value that was sent."""
    _, _, place = complaint.partition(" - at `$")
    field = place.rstrip("`").lstrip(".") or "body"
    if "length <=" in complaint:
        return Invalid({field: "At most {most} beats fit in one request."}, most=BEATS_MAX)
    if "required field" in complaint or "unknown field" in complaint:
        name = complaint.split("`")[1]
        where = f"{field}.{name}" if place else name
        missing = "required field" in complaint
        return Invalid(
            {where: "Please fill this in." if missing else "This field is not known here."}
        )
    return Invalid({field: "Please check this entry."})


def _pack(sent: BeatsIn) -> list[WireBeat]:
    pages_now = to_ms(sent.sent_at or max(sent.beats, key=_seq).at)
    return [
        WireBeat(
            beat.seq,
            page_ms := to_ms(beat.at),
            min(max(pages_now - page_ms, 0), 2**31 - 1),
            round(beat.position_seconds * 1000),
            round(beat.playback_rate, 3),  # as precise as it is stored
            beat.playing,
            beat.visible,
            round(beat.idle_seconds * 1000),
        )
        for beat in sent.beats
    ]
