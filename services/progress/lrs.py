"""The learning record store outside: how statements are posted, and what its answers mean."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self

import httpx

from chassis import clock

from .xapi import VERSION, Statement, says_the_same

CONNECT_SECONDS = 3
WAIT_SECONDS = 10
WHOLE_CALL_SECONDS = 20
ANSWER_BYTES_MAX = 256 * 1024
REFUSAL_LENGTH = 500
REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class RecordStoreAway(Exception):
    """Not taken now, or nobody knows: the same statements may be sent again at any time."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class StatementsRefused(Exception):
    """Something about what was sent is not taken; the text says what, in the store's words."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}"[:REFUSAL_LENGTH])
        self.is_conflict = status == HTTPStatus.CONFLICT


class RecordStore:
    """Every call is bounded in time and in what it reads, and follows no redirect."""

    def __init__(self, endpoint: str, *, key: str, secret: str) -> None:
        self._statements = f"{endpoint}/statements"
        self._client = httpx.AsyncClient(
            auth=httpx.BasicAuth(key, secret),
            headers={"X-Experience-API-Version": VERSION, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(WAIT_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def post(self, statements: Sequence[Statement]) -> None:
        """All of them or none are kept. Raises `StatementsRefused`, `RecordStoreAway`."""
        async with self._asked("POST", json=list(statements)) as answer:
            said = await _read(answer)
        if answer.status_code in REFUSALS:
            raise StatementsRefused(answer.status_code, _one_line(said))
        if not answer.is_success:
            raise _away(answer)

    async def keeps(self, statement: Statement) -> bool:
        """Whether this very statement is kept there already. Raises `RecordStoreAway`."""
        async with self._asked("GET", params={"statementId": statement["id"]}) as answer:
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return False
            if not answer.is_success:
                raise _away(answer)
            return says_the_same(statement, _json(await _read(answer)))

    @asynccontextmanager
    async def _asked(self, method: str, **what: Any) -> AsyncIterator[httpx.Response]:
        try:
            async with (
                asyncio.timeout(WHOLE_CALL_SECONDS),
                self._client.stream(method, self._statements, **what) as answer,
            ):
                yield answer
        except (httpx.HTTPError, TimeoutError) as error:
            raise RecordStoreAway(type(error).__name__) from None


async def _read(answer: httpx.Response) -> bytes:
    """The answer's beginning."""
    read = bytearray()
    async for part in answer.aiter_bytes():
        read += part
        if len(read) >= ANSWER_BYTES_MAX:
            break
    return bytes(read[:ANSWER_BYTES_MAX])


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _away(answer: httpx.Response) -> RecordStoreAway:
    retry_after = _retry_after(answer.headers.get("Retry-After", ""))
    return RecordStoreAway(f"http {answer.status_code}", retry_after)


def _retry_after(told: str) -> timedelta | None:
    """What the header says, in seconds or as a date; None where it says nothing of use."""
    if told.isascii() and told.isdigit():
        return timedelta(seconds=int(told[:9]))
    try:
        return max(timedelta(0), parsedate_to_datetime(told) - clock.now())
    except (ValueError, TypeError):
        return None


def _one_line(said: bytes) -> str:
    text = said[: 4 * REFUSAL_LENGTH].decode(errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
