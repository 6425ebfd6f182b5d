"""What is stored of a life, against the slow model: beats come through the door of messages, the
rest as the actions do it, at times of the test's choosing."""

from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import ids
from chassis.db import transaction
from services.progress import wire
from services.progress.audit import audit
from services.progress.credit import Beat
from services.progress.instants import from_ms, to_ms
from services.progress.store import credits, enrolments, learners, sessions
from tests.conftest import MakeService, Running
from tests.progress.conftest import course, courseware, paid, registered
from tests.progress.lives import RULES, Arrived, Ended, Event, Life, Opened, Restarted, Turn, steps
from tests.progress.reference import Studied


@pytest.fixture
async def progress(service: MakeService) -> Running:
    return await service(
        "progress",
        beat_interval_seconds=RULES.interval_ms / 1000,
        idle_limit_seconds=RULES.idle_limit_ms / 1000,
    )


@dataclass
class Stored:
    """A life as the service keeps it. Sessions get identifiers of the service's making."""

    progress: Running
    learner_id: UUID
    enrolment_id: UUID
    session_ids: dict[UUID, UUID] = field(default_factory=dict)
    heard: list[list[bytes]] = field(default_factory=list)

    async def hear(self, event: Event) -> None:
        match event:
            case Opened():
                await self._open(event)
            case Ended():
                await self._end(event)
            case Restarted():
                await self._restart(event)
            case Arrived():
                bodies = [wire.pack([request]) for request in self._requests(event.turn)]
                self.heard.append(bodies)
                await self.receive(bodies)
                await self.receive(bodies)

    async def receive(self, bodies: list[bytes]) -> None:
        assert self.progress.service.beats is not None
        await self.progress.service.beats(bodies)

    async def _open(self, event: Opened) -> None:
        key = {"enrolment_id": self.enrolment_id, "courseware_id": event.courseware_id}
        self.session_ids[event.session_id] = session_id = ids.new_id()
        async with transaction(self.progress.pool) as tx:
            await learners.lock_learner(tx, self.learner_id)
            await enrolments.ensure_progress(tx, **key, learner_id=self.learner_id)
            await sessions.insert_session(
                tx,
                **key,
                session_id=session_id,
                learner_id=self.learner_id,
                document=event.opening.document,
                started_at=from_ms(event.opening.started_ms),
                position_ms=event.opening.position_ms,
                max_rate=event.opening.max_rate,
                address=None,
                completed=False,
            )

    async def _end(self, event: Ended) -> None:
        async with transaction(self.progress.pool) as tx:
            await learners.lock_learner(tx, self.learner_id)
            assert await sessions.end_session(
                tx,
                session_id=self.session_ids[event.session_id],
                learner_id=self.learner_id,
                ended_at=from_ms(event.at_ms),
            )

    async def _restart(self, event: Restarted) -> None:
        key = {"enrolment_id": self.enrolment_id, "courseware_id": event.courseware_id}
        at = from_ms(event.at_ms)
        async with transaction(self.progress.pool) as tx:
            await learners.lock_learner(tx, self.learner_id)
            await enrolments.ensure_progress(tx, **key, learner_id=self.learner_id)
            studied = await enrolments.lock_progress(tx, **key)
            entry = credits.CreditEntry(
                entry_id=ids.new_id(),
                learner_id=self.learner_id,
                enrolment_id=self.enrolment_id,
                courseware_id=event.courseware_id,
                kind="restart",
                credited_ms=-studied.credited_ms,
                reason="unanswered",
                made_at=at,
            )
            assert await credits.add_entry(tx, entry) == 0
            await sessions.void_until(tx, **key, until=at)

    def _requests(self, turn: Turn) -> list[wire.WireRequest]:
        return [
            wire.WireRequest(
                self.learner_id.bytes,
                self.session_ids[session_id].bytes,
                received_ms,
                [_wired(beat) for beat in together],
            )
            for session_id, beats in turn.items()
            for received_ms, together in groupby(beats, key=lambda beat: beat.received_ms)
        ]


def _wired(beat: Beat) -> wire.WireBeat:
    return wire.WireBeat(
        beat.seq,
        beat.page_ms,
        beat.waited_ms,
        beat.position_ms,
        beat.rate,
        beat.playing,
        beat.visible,
        beat.idle_ms,
    )


async def somebody(progress: Running, coursewares: int) -> tuple[Stored, list[UUID]]:
    items = [courseware() for _ in range(coursewares)]  # too short for questions
    owned, learner_id = course(*items), uuid4()
    for event in (registered(learner_id), owned, paid(learner_id, owned.course_id)):
        await progress.deliver(event)
    enrolment_id = await progress.pool.fetchval(
        "SELECT enrolment_id FROM enrolments WHERE learner_id = $1", learner_id
    )
    return Stored(progress, learner_id, enrolment_id), [item.courseware_id for item in items]


@settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each life is somebody else's
)
@given(st.lists(steps, max_size=25))
async def test_the_stored_figures_are_those_of_the_reference(
    progress: Running, script: list[tuple[str, tuple[object, ...]]]
) -> None:
    # P-2 to P-5, P-8, P-9: every message comes twice, and all of them again at the end
    stored, courseware_ids = await somebody(progress, 2)
    events: list[Event] = []
    life = Life(courseware_ids, tell=events.append)
    life.open(0, document=False, max_rate=1.5, position_ms=0)
    for name, said in script:
        getattr(life, name)(*said)
    for event in events:
        await stored.hear(event)
    for bodies in stored.heard:
        await stored.receive(bodies)

    for session_id, slow in life.reference.sessions.items():
        await _session_is(stored, life, stored.session_ids[session_id], slow)
    for courseware_id in courseware_ids:
        assert await _credited_ms(stored, courseware_id) == life.reference.credited_ms(
            courseware_id
        )
    report = await audit(progress.pool)
    assert [one for one in report.differences if one.learner_id == stored.learner_id] == []


async def _session_is(stored: Stored, life: Life, session_id: UUID, slow: Studied) -> None:
    pool, between = stored.progress.pool, life.reference.between
    row = await pool.fetchrow(
        "SELECT credited_ms, accounted_at FROM sessions WHERE session_id = $1", session_id
    )
    assert row is not None
    assert (row["credited_ms"], to_ms(row["accounted_at"])) == (
        slow.credited_ms,
        slow.account.until_ms,
    )
    explained = 0
    for stretch in await pool.fetch(
        "SELECT from_at, until_at FROM uncredited WHERE session_id = $1", session_id
    ):
        when = between(to_ms(stretch["from_at"]), to_ms(stretch["until_at"]))
        assert not explained & when
        explained |= when
    whole = between(slow.opening.started_ms, slow.account.until_ms)
    assert explained == whole & ~slow.account.credited


async def _credited_ms(stored: Stored, courseware_id: UUID) -> int:
    found: int | None = await stored.progress.pool.fetchval(
        """
        SELECT credited_ms
          FROM courseware_progress
         WHERE enrolment_id = $1
           AND courseware_id = $2
        """,
        stored.enrolment_id,
        courseware_id,
    )
    return found or 0
