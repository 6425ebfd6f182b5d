"""A learner and a staff member at the public HTTP contract: what a phone app would do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
CAPTCHA_ANSWER = "2468"
EVENTUALLY_SECONDS = 30


async def eventually(
    ask: Callable[[], Awaitable[T | None]], *, within: float = EVENTUALLY_SECONDS
) -> T:
    """The first answer that is not empty."""
    async with asyncio.timeout(within):
        while not (answer := await ask()):
            await asyncio.sleep(0.05)
    return answer


@dataclass
class Caller:
    """Somebody with a browser at the platform's address."""

    base_url: str
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(base_url=self.base_url, timeout=15, trust_env=False)

    async def close(self) -> None:
        await self.http.aclose()

    async def ask(self, method: str, path: str, *, expect: int, **request: Any) -> Any:
        """The JSON of an answer with the expected status; anything else is a failed test."""
        answer = await self.http.request(method, path, **request)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def captcha(self) -> dict[str, str]:
        made = await self.ask("POST", "/api/identity/captchas", expect=201)
        return {"captcha_id": made["captcha_id"], "captcha_answer": CAPTCHA_ANSWER}

    async def mail(self, *, to: str, subject: str = "") -> list[dict[str, Any]]:
        found = await self.http.get(
            "/simulators/mailbox/messages", params={"to": to, "subject": subject}
        )
        messages: list[dict[str, Any]] = found.json()
        return messages


@dataclass
class Learner(Caller):
    """A person on the way from registration to certificate."""

    details: dict[str, Any] = field(default_factory=dict)

    async def register(self, *, expect: int = 201, **more: Any) -> Any:
        body = {**self.details, **await self.captcha(), **more}
        return await self.ask("POST", "/api/identity/learners", expect=expect, json=body)

    async def sign_in(self, login: str) -> None:
        body = {"login": login, "password": self.details["password"], **await self.captcha()}
        tokens = await self.ask("POST", "/api/identity/sessions", expect=201, json=body)
        self.http.cookies.clear()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    async def courses(self, kind: str) -> list[dict[str, Any]]:
        """All courses of a kind, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {"kind": kind, "limit": "5", **({"cursor": cursor} if cursor else {})}
            page = await self.ask("GET", "/api/catalogue/courses", expect=200, params=asked)
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    async def order(self, items: list[dict[str, str]], key: str) -> Any:
        return await self.ask(
            "POST",
            "/api/payments/orders",
            expect=201,
            json={"items": items},
            headers={"Idempotency-Key": key},
        )

    async def pay(self, order_id: str) -> float:
        """Scan the code and pay; return the monotonic time at which the money was given."""
        payment = await self.ask(
            "POST",
            f"/api/payments/orders/{order_id}/payments",
            expect=201,
            json={"method": "wechat_native"},
        )
        body = {"code_url": payment["code_url"]}
        paid_at = time.monotonic()
        await self.ask("POST", "/simulators/wechat/pay", expect=200, json=body)
        return paid_at

    async def enrolments(self) -> list[dict[str, Any]]:
        found = await self.ask("GET", "/api/progress/enrolments", expect=200)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def open_courseware(self, courseware_id: str) -> "Study":
        body = {"courseware_id": courseware_id}
        session = await self.ask("POST", "/api/progress/sessions", expect=201, json=body)
        return Study(self, session)

    async def complete(self, courseware_id: str, *, expect: int = 201) -> Any:
        path = f"/api/progress/coursewares/{courseware_id}/completion"
        return await self.ask("POST", path, expect=expect)

    async def do_exercise(self, courseware_id: str) -> None:
        path = f"/api/progress/coursewares/{courseware_id}/exercise"
        questions = (await self.ask("GET", path, expect=200))["questions"]
        if questions:
            answers = {question["question_id"]: [0] for question in questions}
            await self.ask("POST", path, expect=201, json={"answers": answers})

    async def hours(self) -> Any:
        return await self.ask("GET", "/api/progress/hours", expect=200)


@dataclass
class Study:
    """An open courseware that beats as the player does."""

    learner: Learner
    session: dict[str, Any]
    seq: int = 0
    started: float = field(default_factory=time.monotonic)

    async def beat(self, **more: Any) -> httpx.Response:
        position = self.session["position_seconds"] + (time.monotonic() - self.started)
        beat = {
            "seq": self.seq,
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            + f".{int(time.time() * 1000) % 1000:03}Z",
            "position_seconds": round(position, 3),
            "playback_rate": 1,
            "playing": True,
            "visible": True,
            "idle_seconds": 0,
            **more,
        }
        self.seq += 1
        body = {"session_token": self.session["session_token"], "beats": [beat]}
        return await self.learner.http.post("/api/progress/heartbeats", json=body)

    async def state(self) -> Any:
        path = f"/api/progress/sessions/{self.session['session_id']}"
        return await self.learner.ask("GET", path, expect=200)

    async def leave(self) -> None:
        path = f"/api/progress/sessions/{self.session['session_id']}"
        await self.learner.ask("DELETE", path, expect=204)

    async def until_credited(self, seconds: int, *, every: float) -> None:
        """Beat until that much is credited."""
        async with asyncio.timeout(seconds * 3 + EVENTUALLY_SECONDS):
            while (await self.state())["credited_seconds"] < seconds:
                assert (await self.beat()).status_code == 202
                await asyncio.sleep(every)


@dataclass
class Staff(Caller):
    """Somebody of the association."""

    async def sign_in(self, login: str, password: str) -> None:
        body = {"login": login, "password": password}
        tokens = await self.ask("POST", "/api/identity/staff/sessions", expect=201, json=body)
        self.http.cookies.clear()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    async def verify(self, account_name: str) -> None:
        found = await self.ask(
            "GET", "/api/identity/learners", expect=200, params={"account_name": account_name}
        )
        learner_id = found["items"][0]["learner_id"]
        path = f"/api/identity/learners/{learner_id}/verification"
        await self.ask("POST", path, expect=200, json={"decision": "accept"})
