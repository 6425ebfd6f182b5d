"""The consumer of the shards: many beats become credit with one read and one write.

Idempotent by (session, seq): a list that comes twice changes nothing the second time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from chassis import clock
from chassis.db import Pool, Tx, transaction

from . import wire
from .credit import (
    Beat,
    Rules,
    Span,
    Standing,
    Stretch,
    joined,
    judge,
    page_clock_at,
    replay,
)
from .instants import from_ms
from .model import OpenSession
from .store import beats as store
from .store import sessions as session_store
from .store.beats import BeatRow, Credit

Arrived = dict[UUID, list[Beat]]


async def fold(pool: Pool, rules: Rules, bodies: Sequence[bytes]) -> None:
    """Credit what these messages hold. Raises when the database is away, and `wire.Unreadable`
    for a message that was not packed here: the chassis parks it."""
    learner_ids, arrived = _open(bodies)
    if not arrived:
        return
    async with transaction(pool) as tx:
        await _Fold(tx, rules).run(learner_ids, arrived)


def _open(bodies: Iterable[bytes]) -> tuple[set[UUID], Arrived]:
    """The beats by session; the first of each seq counts."""
    learner_ids: set[UUID] = set()
    arrived: dict[UUID, dict[int, Beat]] = defaultdict(dict)
    for body in bodies:
        for request in wire.unpack(body):
            learner_ids.add(UUID(bytes=request.learner))
            known = arrived[UUID(bytes=request.session)]
            for beat in request.beats:
                known.setdefault(beat.seq, _beat(beat, request.received_ms))
    return learner_ids, {key: list(known.values()) for key, known in arrived.items() if known}


def _beat(beat: wire.WireBeat, received_ms: int) -> Beat:
    return Beat(
        seq=beat.seq,
        received_ms=received_ms,
        page_ms=beat.page_ms,
        waited_ms=beat.waited_ms,
        position_ms=beat.position_ms,
        rate=beat.rate,
        playing=beat.playing,
        visible=beat.visible,
        idle_ms=beat.idle_ms,
    )


class _Fold:
    """One transaction's work."""

    def __init__(self, tx: Tx, rules: Rules) -> None:
        self._tx = tx
        self._rules = rules
        self._sessions: dict[UUID, OpenSession] = {}
        self._by_learner: dict[UUID, list[OpenSession]] = defaultdict(list)
        self._rows: list[BeatRow] = []
        self._credits: dict[tuple[UUID, UUID], Credit] = {}
        self._days: dict[tuple[UUID, date], int] = defaultdict(int)
        self._changed: set[UUID] = set()

    async def run(self, learner_ids: set[UUID], arrived: Arrived) -> None:
        first_ms = min(beat.received_ms for beats in arrived.values() for beat in beats)
        since = from_ms(first_ms) - timedelta(
            milliseconds=self._rules.late_ms + self._rules.silence_ms
        )
        for session in await store.lock_sessions(
            self._tx, learner_ids=learner_ids, session_ids=arrived.keys(), since=since
        ):
            self._sessions[session.session_id] = session
            self._by_learner[session.learner_id].append(session)
        touched = await self._judge_all(await self._without_known(arrived))
        await self._save(touched)

    async def _without_known(self, arrived: Arrived) -> Arrived:
        """Without beats that were accepted before or whose session is not there."""
        old = [
            (session_id, beat.seq)
            for session_id, beats in arrived.items()
            if (session := self._sessions.get(session_id))
            for beat in beats
            if beat.seq <= session.standing.seq
        ]
        known = await store.list_known(self._tx, old) if old else set()
        return {
            session_id: fresh
            for session_id, beats in arrived.items()
            if session_id in self._sessions
            and (fresh := [beat for beat in beats if (session_id, beat.seq) not in known])
        }

    async def _judge_all(self, fresh: Arrived) -> list[OpenSession]:
        """Judge in the order of arrival, so that each beat meets its rivals as they were."""
        behind = {
            session_id
            for session_id, beats in fresh.items()
            if min(beat.seq for beat in beats) <= self._sessions[session_id].standing.seq
        }
        in_order = sorted(
            (arrived_ms, session_id, beat.seq, beat)
            for session_id, beats in fresh.items()
            if session_id not in behind
            for arrived_ms, beat in _by_arrival(beats)
        )
        for session_id in fresh.keys() - behind:
            self._set_page_clock(self._sessions[session_id], fresh[session_id])
        for _, session_id, _, beat in in_order:
            self._judge(self._sessions[session_id], beat)
        for session_id in sorted(behind):
            await self._judge_behind(self._sessions[session_id], fresh[session_id])
        return [self._sessions[session_id] for session_id in fresh]

    @staticmethod
    def _set_page_clock(session: OpenSession, beats: list[Beat]) -> None:
        if session.standing.page_ms is None:
            page_ms = page_clock_at(session.started_ms, beats)
            session.standing = replace(session.standing, page_ms=page_ms)

    def _judge(self, session: OpenSession, beat: Beat) -> None:
        before = session.standing
        verdict = judge(
            before,
            beat,
            document=session.document,
            rivals=self._rivals(session),
            ended_ms=session.ended_ms,
            rules=self._rules,
        )
        session.standing = verdict.standing
        session.uncredited += verdict.uncredited
        self._hear(session, beat)
        if before.state is not session.standing.state:
            self._changed.add(session.learner_id)
        self._count(session, beat, verdict.standing.accounted_ms, verdict.credited_ms)

    async def _judge_behind(self, session: OpenSession, fresh: list[Beat]) -> None:
        """Some of these beats belong before others that were judged already: judge the session
        again from its start, and give the gain to the first of them.

        What was credited stays. Where judging again would give less, the beats that came too
        late earn nothing: else their time could be claimed a second time.
        """
        kept = await store.list_beats(self._tx, session.session_id)
        if kept is None or not self._replay(session, kept, fresh):
            for beat in sorted(fresh, key=lambda beat: beat.seq):
                if beat.seq > session.standing.seq:
                    self._judge(session, beat)
                else:
                    self._count(session, beat, session.standing.accounted_ms, 0)
        self._changed.add(session.learner_id)

    def _replay(
        self, session: OpenSession, kept: list[tuple[Beat, int]], fresh: list[Beat]
    ) -> bool:
        """False, and nothing done, when less would be credited than before."""
        whole = [*(beat for beat, _ in kept), *fresh]
        start = Standing(
            session.started_ms,
            session.start_position_ms,
            page_ms=page_clock_at(session.started_ms, whole),
        )
        again = replay(
            start,
            whole,
            document=session.document,
            rivals=self._rivals(session),
            ended_ms=session.ended_ms,
            rules=self._rules,
        )
        gained_ms = again.credited_ms - sum(credited_ms for _, credited_ms in kept)
        if gained_ms < 0:
            return False
        session.standing, session.uncredited = again.standing, list(again.uncredited)
        session.rewritten, session.tail = True, None
        for beat in sorted(fresh, key=lambda beat: beat.seq):
            self._hear(session, beat)
            self._count(session, beat, again.accounted[beat.seq], gained_ms)
            gained_ms = 0
        return True

    def _rivals(self, session: OpenSession) -> list[Span]:
        return [
            other.open_span(self._rules.silence_ms)
            for other in self._by_learner[session.learner_id]
            if other is not session
        ]

    def _hear(self, session: OpenSession, beat: Beat) -> None:
        if beat.received_ms > session.heard_ms + self._rules.silence_ms:
            self._changed.add(session.learner_id)  # open again
        session.heard_ms = max(session.heard_ms, beat.received_ms)

    def _count(self, session: OpenSession, beat: Beat, accounted_ms: int, ms: int) -> None:
        session.credited_ms += ms
        self._rows.append(BeatRow(session.session_id, beat, accounted_ms, ms))
        key = (session.enrolment_id, session.courseware_id)
        earned = self._credits[key].credited_ms if key in self._credits else 0
        self._credits[key] = Credit(
            *key, earned + ms, session.standing.position_ms, from_ms(beat.received_ms)
        )
        if ms:
            self._days[session.learner_id, clock.date_of(from_ms(accounted_ms))] += ms

    async def _save(self, touched: list[OpenSession]) -> None:
        if not touched:
            return
        uncredited: list[tuple[UUID, Stretch]] = []
        for session in touched:
            whole = sorted(session.uncredited, key=lambda stretch: stretch.from_ms)
            news = joined(whole, session.tail)
            session.tail = news[-1] if news else session.tail
            uncredited += [(session.session_id, stretch) for stretch in news]
        await store.save_fold(
            self._tx,
            beats=self._rows,
            sessions=touched,
            credits=list(self._credits.values()),
            days=self._days,
        )
        rewritten = [session.session_id for session in touched if session.rewritten]
        if uncredited or rewritten:
            await store.save_uncredited(self._tx, rows=uncredited, rewritten=rewritten)
        if self._changed:
            await session_store.notify(self._tx, sorted(self._changed))


def _by_arrival(beats: list[Beat]) -> Iterator[tuple[int, Beat]]:
    """A session's beats in the order of seq, each not before what it follows."""
    arrived_ms = 0
    for beat in sorted(beats, key=lambda beat: beat.seq):
        arrived_ms = max(arrived_ms, beat.received_ms)
        yield arrived_ms, beat
