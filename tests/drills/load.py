"""Learners who register, buy and study through the gateway and write down every 2xx they are given.

An answer that does not come, or a 503, settles nothing: they ask again, as a page or a phone does.
Any other answer than the expected one is a fault of the platform.
"""

import asyncio
import itertools
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

import httpx
from stdnum.cn import ric

from tests.journeys.person import Learner, Study

T = TypeVar("T")
TRANSIENT = {429, 502, 503, 504}
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.25
BEATS_PER_COURSE = 8
COURSES_PER_PERSON = 3
PEOPLE = itertools.count(1)
PASSWORD = "drill only: nine brown owls"


class Unsure(Exception):
    """No answer that counts: it may have happened, or not."""


async def persist(step: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer that counts."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await step()
            except Unsure:
                await asyncio.sleep(PAUSE_SECONDS)


@dataclass
class Acknowledged:
    """What the platform has promised: every fact that was answered with 2xx."""

    mobiles: set[str] = field(default_factory=set)
    orders: dict[str, str] = field(default_factory=dict)  # order → learner
    paid: dict[str, str] = field(default_factory=dict)  # order → course
    carts: dict[str, set[str]] = field(default_factory=dict)  # learner → courses left in it
    beats: set[tuple[str, int]] = field(default_factory=set)  # session, seq
    answers: Counter[str] = field(default_factory=Counter)  # "2xx", "503", "none" …

    def facts(self) -> int:
        carts = sum(map(len, self.carts.values()))
        return len(self.mobiles) + len(self.orders) + len(self.paid) + carts + len(self.beats)


@dataclass
class Shopper(Learner):
    """One learner of the load; `journal` is shared by all."""

    journal: Acknowledged = field(default_factory=Acknowledged)
    learner_id: str = ""
    tried_to_register: bool = False

    async def ask(self, method: str, path: str, *, expect: int, **request: Any) -> Any:
        answer = await self.try_to(method, path, **request)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def try_to(self, method: str, path: str, **request: Any) -> httpx.Response:
        """An answer that counts. Raises Unsure for all others."""
        try:
            answer = await self.http.request(method, path, **request)
        except httpx.TransportError:
            self.journal.answers["none"] += 1
            raise Unsure from None
        self.journal.answers[str(answer.status_code)] += 1
        if answer.status_code in TRANSIENT:
            raise Unsure
        return answer

    async def live(self, stop: asyncio.Event) -> None:
        """One person after the other, until `stop`."""
        while not stop.is_set():
            await self._one_life(stop)

    async def _one_life(self, stop: asyncio.Event) -> None:
        """Register; buy a few courses and study each a little; leave one in the cart."""
        await self._arrive()
        courses = await persist(lambda: self.courses("elective"))
        left_over, *bought = random.sample(courses, COURSES_PER_PERSON + 1)
        for course in bought:
            if stop.is_set():
                break
            await self._buy(course["course_id"])
            await self._study(course["coursewares"][0]["courseware_id"])
        await self._put(left_over["course_id"])
        self.journal.carts[self.learner_id] = {left_over["course_id"]}

    async def _arrive(self) -> None:
        self.http.headers.pop("Authorization", None)
        self.http.cookies.clear()
        self.details, self.tried_to_register = a_person(), False
        await persist(self._register)
        await persist(lambda: self.sign_in(self.details["mobile"]))
        me = await persist(lambda: self.ask("GET", "/api/identity/me", expect=200))
        self.learner_id = me["learner_id"]
        self.journal.mobiles.add(self.details["mobile"])

    async def _register(self) -> None:
        """A try whose answer was lost may have succeeded: then the second one is refused."""
        body = {**self.details, **await self.captcha()}
        known_now, self.tried_to_register = self.tried_to_register, True
        answer = await self.try_to("POST", "/api/identity/learners", json=body)
        known = answer.status_code == 409 and known_now
        assert known or answer.status_code == 201, answer.text

    async def _put(self, course_id: str) -> None:
        path = f"/api/payments/cart/items/course/{course_id}"
        await persist(lambda: self.ask("PUT", path, expect=200))

    async def _buy(self, course_id: str) -> None:
        """The cart becomes an order; asked again with its key, the order stays one."""
        await self._put(course_id)
        key = {"Idempotency-Key": secrets.token_hex(8)}
        order = await persist(
            lambda: self.ask("POST", "/api/payments/orders", expect=201, headers=key)
        )
        self.journal.orders[order["order_id"]] = self.learner_id
        code = await persist(lambda: self._code(order["order_id"]))
        await persist(
            lambda: self.ask("POST", "/simulators/wechat/pay", expect=200, json={"code_url": code})
        )
        self.journal.paid[order["order_id"]] = course_id
        await persist(lambda: self._opened(course_id))

    async def _code(self, order_id: str) -> str:
        """What the phone scans; not there while WeChat has not answered."""
        path = f"/api/payments/orders/{order_id}/payments"
        answer = await self.try_to("POST", path, json={"method": "wechat_native"})
        assert answer.status_code in {201, 202}, answer.text
        code: str | None = answer.json().get("code_url")
        if not code:
            raise Unsure
        return code

    async def _opened(self, course_id: str) -> None:
        enrolments = await self.ask("GET", "/api/progress/enrolments", expect=200)
        if course_id not in {item["course_id"] for item in enrolments["items"]}:
            raise Unsure

    async def _study(self, courseware_id: str) -> None:
        study = await persist(lambda: self.open_courseware(courseware_id))
        for seq in range(BEATS_PER_COURSE):
            await persist(lambda seq=seq: self._beat(study, seq))  # type: ignore[misc]
            self.journal.beats.add((study.session["session_id"], seq))
            await asyncio.sleep(PAUSE_SECONDS)
        await persist(study.leave)

    async def _beat(self, study: Study, seq: int) -> None:
        try:
            answer = await study.beat(seq=seq)
        except httpx.TransportError:
            self.journal.answers["none"] += 1
            raise Unsure from None
        self.journal.answers[str(answer.status_code)] += 1
        if answer.status_code in TRANSIENT:
            raise Unsure
        assert answer.status_code == 202, answer.text


def a_person() -> dict[str, Any]:
    """Somebody nobody has met: a valid ID number, a mobile number, an address of their own."""
    unique = next(PEOPLE)
    born = date(1960, 1, 1) + timedelta(days=unique % 14_000)
    number = f"110105{born:%Y%m%d}{unique // 14_000:03}"
    return {
        "real_name": "演练",
        "id_number": number + ric.calc_check_digit(number + "0"),
        "mobile": f"139{unique:08}",
        "email": f"drill-{unique}@example.com",
        "password": PASSWORD,
        "password_again": PASSWORD,
        "kind": "newcomer",
    }
