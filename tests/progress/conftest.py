"""A learner who owns a course, and a page that beats as a browser would."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis import clock
from contracts.catalogue import (
    CourseKind,
    CoursePublished,
    Courseware,
    CoursewareKind,
    Question,
    QuestionKind,
)
from contracts.identity import LearnerKind, LearnerRegistered, Qualification
from contracts.payments import ItemKind, OrderLine, OrderPaid, PaymentMethod
from services.progress import wire
from services.progress.batcher import shard_of
from services.progress.instants import to_ms
from tests.conftest import MakeService, Running, bearer

INTERVAL = 15


def question(*, correct: list[int] | None = None) -> Question:
    return Question(
        question_id=uuid4(),
        kind=QuestionKind.SINGLE,
        text="取样的第一步是什么？",
        choices=["核对批次", "出具证书"],
        correct=correct if correct is not None else [0],
    )


def courseware(
    *,
    required_seconds: int = 60,
    kind: CoursewareKind = CoursewareKind.VIDEO,
    exercise: list[Question] | None = None,
) -> Courseware:
    return Courseware(
        courseware_id=uuid4(),
        title="取样与制样",
        kind=kind,
        required_seconds=required_seconds,
        media_path="/media/demo.mp4",
        popup_questions=[question()],
        exercise=exercise or [],
    )


def course(
    *coursewares: Courseware,
    kind: CourseKind = CourseKind.REQUIRED,
    version: int = 1,
    course_id: UUID | None = None,
    title: str = "进出口商品检验基础",
) -> CoursePublished:
    return CoursePublished(
        course_id=course_id or uuid4(),
        version=version,
        title=title,
        kind=kind,
        hours=len(coursewares),
        price_fen=1500 * len(coursewares),
        coursewares=list(coursewares),
    )


def registered(
    learner_id: UUID,
    *,
    kind: LearnerKind = LearnerKind.HOLDER,
    expires_on: date | None = None,
    registered_at: datetime | None = None,
    version: int = 1,
) -> LearnerRegistered:
    expires_on = expires_on or clock.today() + timedelta(days=200)
    qualification = Qualification(number="CIQ-1", category="检验鉴定", expires_on=expires_on)
    return LearnerRegistered(
        learner_id=learner_id,
        version=version,
        real_name="钟检",
        kind=kind,
        email="zhong@example.com",
        id_number_masked="110105********6789",
        id_number_mac="00",
        verified=False,
        qualification=qualification if kind is LearnerKind.HOLDER else None,
        registered_at=registered_at or datetime.now(UTC),
    )


def paid(
    learner_id: UUID, *course_ids: UUID, order_id: UUID | None = None, at: datetime | None = None
) -> OrderPaid:
    line = OrderLine(
        kind=ItemKind.PACKAGE,
        item_id=uuid4(),
        title="打包课程",
        hours=len(course_ids),
        amount_fen=1500 * len(course_ids),
        course_ids=list(course_ids),
    )
    return OrderPaid(
        order_id=order_id or uuid4(),
        number="2026-1",
        learner_id=learner_id,
        method=PaymentMethod.WECHAT,
        amount_fen=line.amount_fen,
        paid_at=at or datetime.now(UTC),
        lines=[line],
    )


@dataclass
class Page:
    """A player's page. `beat` speaks through the message door, at any time one likes; `post`
    through the HTTP door, now."""

    progress: Running
    learner: "Learner"
    opened: dict[str, Any]
    opened_at: datetime
    seq: int = 0
    position: float = 0

    @property
    def session_id(self) -> UUID:
        return UUID(self.opened["session_id"])

    def make(self, after: float, **said: Any) -> dict[str, Any]:
        """A beat that many seconds after the opening, as JSON."""
        beat = {
            "seq": self.seq,
            "at": (self.opened_at + timedelta(seconds=after)).isoformat(),
            "position_seconds": after,
            "playback_rate": 1,
            "playing": True,
            "visible": True,
            "idle_seconds": 0,
            **said,
        }
        self.seq = beat["seq"] + 1
        return beat

    async def open_earlier(self, seconds: float) -> None:
        """So long ago, before any beat; what comes next can lie between then and now."""
        self.opened_at -= timedelta(seconds=seconds)
        await self.progress.pool.execute(
            """
            UPDATE sessions
               SET started_at = $2, heard_at = $2, accounted_at = $2, open_since = $2
             WHERE session_id = $1
            """,
            self.session_id,
            self.opened_at,
        )

    async def post(self, *beats: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"session_token": self.opened["session_token"], "beats": list(beats), **more}
        return await self.progress.client.post("/api/progress/heartbeats", json=body)

    def request(
        self, arrived_after: float, *beats: dict[str, Any], sent: bool = True
    ) -> wire.WireRequest:
        """What the HTTP door would have made of these beats at that time."""
        newest = datetime.fromisoformat(beats[-1]["at"])
        return wire.WireRequest(
            self.learner.learner_id.bytes,
            self.session_id.bytes,
            to_ms(self.opened_at) + round(arrived_after * 1000),
            [_wired(beat, newest) for beat in beats],
        )

    async def deliver(self, arrived_after: float, *beats: dict[str, Any]) -> bytes:
        body = wire.pack([self.request(arrived_after, *beats)])
        await self.learner.deliver(body)
        return body

    async def study(self, *, since: float = 0, until: float, **said: Any) -> None:
        """A beat each interval, on time."""
        at = since
        while at < until:
            at = min(at + INTERVAL, until)
            await self.deliver(at, self.make(at, **said))

    async def look(self) -> dict[str, Any]:
        answer = await self.learner.get(f"/api/progress/sessions/{self.session_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def credited(self) -> int:
        return int((await self.look())["credited_seconds"])

    async def leave(self) -> httpx.Response:
        return await self.learner.delete(f"/api/progress/sessions/{self.session_id}")


def _wired(beat: dict[str, Any], newest: datetime) -> wire.WireBeat:
    at = datetime.fromisoformat(beat["at"])
    return wire.WireBeat(
        beat["seq"],
        to_ms(at),
        max(0, to_ms(newest) - to_ms(at)),
        round(beat["position_seconds"] * 1000),
        float(beat["playback_rate"]),
        beat["playing"],
        beat["visible"],
        round(beat["idle_seconds"] * 1000),
    )


@dataclass
class Learner:
    """Somebody signed in."""

    progress: Running
    token: str
    learner_id: UUID
    pages: list[Page] = field(default_factory=list)

    async def get(self, path: str) -> httpx.Response:
        return await self.progress.client.get(path, headers=bearer(self.token))

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.progress.client.post(path, json=body, headers=bearer(self.token))

    async def delete(self, path: str) -> httpx.Response:
        return await self.progress.client.delete(path, headers=bearer(self.token))

    async def deliver(self, body: bytes) -> None:
        await self.progress.kit.bus.send_to_shard(shard_of(self.learner_id.bytes), body)

    async def open(self, item: Courseware | UUID) -> Page:
        courseware_id = item.courseware_id if isinstance(item, Courseware) else item
        answer = await self.post("/api/progress/sessions", {"courseware_id": str(courseware_id)})
        assert answer.status_code == 201, answer.text
        page = Page(self.progress, self, answer.json(), datetime.now(UTC))
        page.opened_at = await self.progress.pool.fetchval(
            "SELECT started_at FROM sessions WHERE session_id = $1", page.session_id
        )
        self.pages.append(page)
        return page

    async def press(self, item: Courseware) -> httpx.Response:
        """「学过了」"""
        return await self.post(f"/api/progress/coursewares/{item.courseware_id}/completion")

    async def answers(self, item: Courseware, *, rightly: bool) -> httpx.Response:
        """The exercise of single choices, as the paper shows it."""
        path = f"/api/progress/coursewares/{item.courseware_id}/exercise"
        shown = (await self.get(path)).json()["questions"]
        correct = {str(q.question_id): q.choices[q.correct[0]] for q in item.exercise}
        answers = {}
        for one in shown:
            right = one["choices"].index(correct[one["question_id"]])
            answers[one["question_id"]] = [right if rightly else (right + 1) % len(one["choices"])]
        return await self.post(path, {"answers": answers})

    async def has_studied(self, item: Courseware, seconds: int | None = None) -> None:
        """All of the required time, at once."""
        page = await self.open(item)
        await page.study(until=seconds or item.required_seconds)
        await page.leave()

    async def completes(self, item: Courseware) -> httpx.Response:
        await self.has_studied(item)
        return await self.press(item)


PARKED = "SELECT count(*) FROM inbox WHERE state = 'parked'"


@pytest.fixture
async def progress(service: MakeService) -> AsyncIterator[Running]:
    """The service; at the end of each test no message may have been set aside."""
    running = await service("progress", beat_interval_seconds=INTERVAL, beat_batch_milliseconds=1)
    yield running
    assert await running.pool.fetchval(PARKED) == 0


MakeLearner = Callable[..., Awaitable[Learner]]


@pytest.fixture
def learner(progress: Running, learner_token: Callable[..., str]) -> MakeLearner:
    """`await learner(course, …)`: a registered learner who owns these courses."""

    async def make(
        *owned: CoursePublished,
        kind: LearnerKind = LearnerKind.HOLDER,
        expires_on: date | None = None,
    ) -> Learner:
        learner_id = uuid4()
        await progress.deliver(registered(learner_id, kind=kind, expires_on=expires_on))
        for each in owned:
            await progress.deliver(each)
        if owned:
            await progress.deliver(paid(learner_id, *(each.course_id for each in owned)))
        return Learner(progress, learner_token(learner_id), learner_id)

    return make
