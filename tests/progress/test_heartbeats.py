"""The hot path's door: what it takes, what it refuses, and that it never falls over."""

import asyncio
import base64
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.bus import SHARDS, BusAway
from chassis.refusals import Invalid
from services.progress import tokens, wire
from services.progress.batcher import Batcher, shard_of
from services.progress.heartbeats import BEATS_MAX, PATH, BodyUnreadable, read_body
from services.progress.settings import ProgressSettings
from tests.conftest import Running
from tests.progress.conftest import MakeLearner, Page, course, courseware

KEY = b"k" * 32


@pytest.fixture
async def page(learner: MakeLearner) -> Page:
    item = courseware()
    return await (await learner(course(item))).open(item)


def key_of(progress: Running) -> bytes:
    told = progress.kit.settings
    assert isinstance(told, ProgressSettings)
    return told.beat_token_key.get_secret_value()


async def refused(progress: Running, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await progress.client.post(PATH, content=content, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert problem["status"] == answer.status_code
    return answer.status_code, problem


BAD_BEATS: dict[str, tuple[dict[str, Any], str]] = {
    "negative seq": ({"seq": -1}, "beats[0].seq"),
    "huge seq": ({"seq": 2**31}, "beats[0].seq"),
    "seq as text": ({"seq": "1"}, "beats[0].seq"),
    "seq with a fraction": ({"seq": 1.5}, "beats[0].seq"),
    "no time": ({"at": "yesterday"}, "beats[0].at"),
    "time without zone": ({"at": "2026-01-01T00:00:00"}, "beats[0].at"),
    "negative position": ({"position_seconds": -1}, "beats[0].position_seconds"),
    "endless position": ({"position_seconds": 1e300}, "beats[0].position_seconds"),
    "absurd speed": ({"playback_rate": 1000}, "beats[0].playback_rate"),
    "playing as a number": ({"playing": 1}, "beats[0].playing"),
    "visible as nothing": ({"visible": None}, "beats[0].visible"),
    "negative idleness": ({"idle_seconds": -5}, "beats[0].idle_seconds"),
    "something else": ({"credit": 45}, "beats[0].credit"),
}


async def test_a_beat_that_makes_no_sense_is_refused_beside_its_field(page: Page) -> None:
    for case, (said, field) in BAD_BEATS.items():
        body = {"session_token": page.opened["session_token"], "beats": [page.make(1) | said]}
        status, problem = await refused(page.progress, body)
        assert (status, [e["field"] for e in problem["errors"]]) == (422, [field]), case


async def test_what_is_missing_is_named(page: Page) -> None:
    beat = page.make(1)
    del beat["visible"]
    body = {"session_token": page.opened["session_token"], "beats": [beat]}
    status, problem = await refused(page.progress, body)
    assert (status, problem["errors"][0]["field"]) == (422, "beats[0].visible")
    status, problem = await refused(page.progress, {"beats": []})
    assert (status, problem["errors"][0]["field"]) == (422, "session_token")


async def test_what_is_not_json_is_refused(progress: Running) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"nonsense", b'{"session_token": "x'):
        status, problem = await refused(progress, body)
        assert (status, problem["code"]) == (400, "BodyUnreadable")


async def test_json_of_another_kind_is_refused(progress: Running) -> None:
    deep = b'{"session_token":"x","beats":[' + b"[" * 5000
    for body in (b"[]", b"7", b"null", b'"x"', b'{"session_token": 7}', b"[" * 5000, deep):
        assert (await refused(progress, body))[0] == 422


async def test_too_many_beats_are_refused(page: Page) -> None:
    body = {"session_token": page.opened["session_token"]}
    small = {"seq": 0, "at": "2026-01-01T00:00:00Z", "playing": True, "visible": True}
    small |= {"idle_seconds": 0}
    status, problem = await refused(page.progress, body | {"beats": [small] * (BEATS_MAX + 1)})
    assert (status, problem["errors"][0]["field"]) == (422, "beats")
    assert str(BEATS_MAX) in problem["errors"][0]["message"]
    taken = await page.post(*[small | {"seq": n} for n in range(BEATS_MAX)])
    assert (taken.status_code, taken.json()) == (202, {"accepted": BEATS_MAX})


async def test_a_body_of_a_million_beats_is_refused_unread(page: Page) -> None:
    beat = json.dumps(page.make(1)).encode()
    status, _ = await refused(page.progress, b'{"beats":[' + b",".join([beat] * 100_000) + b"]}")
    assert status == 413

    async def endless() -> Any:
        while True:
            yield beat

    answer = await page.progress.client.post(PATH, content=endless())
    assert answer.status_code == 413


async def test_forged_foreign_and_expired_tokens_are_refused(page: Page) -> None:
    genuine = page.opened["session_token"]
    raw = bytearray(base64.urlsafe_b64decode(genuine))
    raw[3] ^= 1
    ids = {"learner_id": uuid4(), "session_id": uuid4()}
    soon, past = int(time.time()) + 60, int(time.time()) - 1
    bad = [
        "",
        "x" * 72,
        genuine[:-1],
        genuine + "A",
        genuine[::-1],
        "签" * 72,
        base64.urlsafe_b64encode(bytes(raw)).decode(),
        page.learner.token,
        page.learner.token * 10,
        tokens.sign(KEY, **ids, expires_at_seconds=soon),
        tokens.sign(key_of(page.progress), **ids, expires_at_seconds=past),
    ]
    for token in bad:
        body = {"session_token": token, "beats": [page.make(1)]}
        status, problem = await refused(page.progress, body)
        assert (status, problem["code"]) == (401, "SessionTokenInvalid"), token
    assert await page.progress.pool.fetchval("SELECT count(*) FROM beats") == 0


async def test_only_post_is_answered(progress: Running) -> None:
    answer = await progress.client.get(PATH)
    assert answer.status_code == 405


async def test_no_beats_are_accepted_as_nothing(page: Page) -> None:
    answer = await page.post()
    assert (answer.status_code, answer.json()) == (202, {"accepted": 0})


async def test_while_the_bus_is_away_the_page_is_asked_to_come_again(page: Page) -> None:
    # P-8
    await page.progress.kit.bus.stop()
    beat = page.make(1)
    answer = await page.post(beat)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "BeatsNotTaken"
    await page.progress.kit.bus.start()
    assert (await page.post(beat)).status_code == 202


async def test_refusals_speak_the_language_of_the_page(page: Page) -> None:
    body = {"session_token": "x", "beats": []}
    _, chinese = await refused(page.progress, body)
    _, english = await refused(page.progress, body, **{"Cookie": "lang=en"})
    assert "过期" in chinese["detail"]
    assert english["detail"].startswith("This study session has expired")


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(
                st.sampled_from(["session_token", "beats", "seq", "at", "playing", "sent_at"]), each
            )
        ),
        max_leaves=8,
    )
)
def test_any_body_is_refused_or_holds_a_beat(body: Any) -> None:
    try:
        sent = read_body(json.dumps(body).encode())
    except (Invalid, BodyUnreadable):
        return
    assert sent.beats


class SlowBus:
    """Remembers what it was sent; may be away."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.away = False

    async def send(self, shard: int, body: bytes) -> None:
        await asyncio.sleep(0.005)
        if self.away:
            raise BusAway("on purpose")
        self.sent.append((shard, len(wire.unpack(body))))


def request(last_byte: int) -> wire.WireRequest:
    beat = wire.WireBeat(0, 0, 0, 0, 1.0, True, True, 0)
    return wire.WireRequest(b"l" * 15 + bytes([last_byte]), b"s" * 16, 0, [beat])


async def test_beats_that_arrive_together_leave_as_one_message_per_shard() -> None:
    bus = SlowBus()
    batcher = Batcher(bus.send, window_seconds=0.002)
    await asyncio.gather(*(batcher.add(request(n % 32)) for n in range(320)))
    assert len(bus.sent) == SHARDS
    assert sum(size for _, size in bus.sent) == 320
    assert shard_of(request(17).learner) == 1


async def test_a_request_whose_beats_were_not_confirmed_hears_of_it() -> None:
    bus = SlowBus()
    bus.away = True
    batcher = Batcher(bus.send, window_seconds=0)
    results = await asyncio.gather(
        *(batcher.add(request(1)) for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(result, BusAway) for result in results)
    bus.away = False
    await batcher.add(request(1))
    assert bus.sent == [(1, 1)]


async def test_a_page_that_hangs_up_does_not_take_others_with_it() -> None:
    bus = SlowBus()
    batcher = Batcher(bus.send, window_seconds=0.01)
    hanging = asyncio.create_task(batcher.add(request(1)))
    staying = asyncio.create_task(batcher.add(request(1)))
    await asyncio.sleep(0)
    hanging.cancel()
    await staying
    assert bus.sent == [(1, 2)]


async def test_a_learners_tokens_are_read_back() -> None:
    who, session = uuid4(), uuid4()
    token = tokens.sign(KEY, learner_id=who, session_id=session, expires_at_seconds=100)
    assert len(token) == tokens.LENGTH
    ticket = tokens.read(KEY, token, now_seconds=100)
    assert ticket == (who.bytes, session.bytes)
    assert tokens.read(KEY, token, now_seconds=101) is None
