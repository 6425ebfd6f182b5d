"""The consumer of the shards: many beats become credit with one read and one write.

Idempotent by (session, seq): a list that comes twice changes nothing the second time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from asyncpg.pgproto import pgproto

from chassis import clock
from chassis.db import Pool, Tx, transaction

from . import statements, wire
from .actions import questioning
from .credit import Beat, Stretch, joined
from .instants import from_ms
from .record import Judged, Kept, OpenSession, StudyRecord
from .settings import ProgressSettings
from .store import beats as store
from .store import learners
from .store import sessions as session_store
from .store.beats import Credit

Arrived = dict[UUID, list[Beat]]
HOUR_MS = 3_600_000
_id = pgproto.UUID  # made and hashed many times faster than Python's own


async def fold(pool: Pool, settings: ProgressSettings, bodies: Sequence[bytes]) -> None:
    """Credit what these messages hold. Raises when the database is away, and `wire.Unreadable`
    for a message that was not packed here: the chassis parks it."""
    learner_ids, arrived = _open(bodies)
    if not arrived:
        return
    async with transaction(pool) as tx:
        await _Fold(tx, settings).run(learner_ids, arrived)


def _open(bodies: Iterable[bytes]) -> tuple[set[UUID], Arrived]:
    """The beats by session; the first of each seq counts."""
    learner_ids: set[UUID] = set()
    arrived: dict[UUID, dict[int, Beat]] = defaultdict(dict)
    for body in bodies:
        for request in wire.unpack(body):
            learner_ids.add(_id(request.learner))
            known = arrived[_id(request.session)]
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
    """One transaction's work: one turn of each learner's record."""

    def __init__(self, tx: Tx, settings: ProgressSettings) -> None:
        self._tx = tx
        self._settings = settings
        self._rules = settings.rules
        self._records: dict[UUID, StudyRecord] = {}
        self._credits: dict[tuple[UUID, UUID], Credit] = {}
        self._days: dict[tuple[UUID, date], int] = defaultdict(int)
        self._away: dict[UUID, tuple[datetime, datetime]] = {}

    async def run(self, learner_ids: set[UUID], arrived: Arrived) -> None:
        await learners.lock_learners(self._tx, learner_ids)
        sessions = await self._load(learner_ids, arrived)
        fresh = await self._without_known(sessions, arrived)
        by_learner: dict[UUID, Arrived] = defaultdict(dict)
        for session_id, beats in fresh.items():
            by_learner[sessions[session_id].learner_id][session_id] = beats
            self._note_absence(sessions[session_id], beats)
        for learner_id, theirs in by_learner.items():
            record = self._records[learner_id]
            record.take(theirs, await self._kept(record.behind(theirs)))
        if fresh:
            await self._save([sessions[session_id] for session_id in fresh])

    async def _load(self, learner_ids: set[UUID], arrived: Arrived) -> dict[UUID, OpenSession]:
        first_ms = min(beat.received_ms for beats in arrived.values() for beat in beats)
        found = await store.list_sessions(
            self._tx,
            learner_ids=learner_ids,
            session_ids=arrived.keys(),
            since=from_ms(first_ms - self._rules.memory_ms),
        )
        for session in found:
            if session.learner_id not in self._records:
                self._records[session.learner_id] = StudyRecord(self._rules)
            self._records[session.learner_id].open(session)
        return {session.session_id: session for session in found}

    async def _without_known(self, sessions: dict[UUID, OpenSession], arrived: Arrived) -> Arrived:
        """Without beats that were accepted before or whose session is not there."""
        old = [
            (session_id, beat.seq)
            for session_id, beats in arrived.items()
            if (session := sessions.get(session_id))
            for beat in beats
            if beat.seq <= session.standing.seq
        ]
        known = await store.list_known(self._tx, old) if old else set()
        return {
            session_id: fresh
            for session_id, beats in arrived.items()
            if session_id in sessions
            and (fresh := [beat for beat in beats if (session_id, beat.seq) not in known])
        }

    async def _kept(self, behind: dict[UUID, int]) -> dict[UUID, Kept]:
        """What has to be judged again; a session with too much of it is left as it is."""
        kept = {
            session_id: await store.list_kept(self._tx, session_id, settled_ms)
            for session_id, settled_ms in behind.items()
        }
        return {session_id: one for session_id, one in kept.items() if one is not None}

    def _note_absence(self, session: OpenSession, beats: list[Beat]) -> None:
        """A page that is back after an outage: a question has waited meanwhile (P-5)."""
        back_ms = min(beat.received_ms for beat in beats)
        if back_ms > session.heard_ms + round(1000 * self._settings.outage_seconds):
            self._away[session.session_id] = (from_ms(session.heard_ms), from_ms(back_ms))

    def _count(self, judged: Judged) -> None:
        session, ms = judged.session, judged.credited_ms
        key = (session.enrolment_id, session.courseware_id)
        earned = self._credits[key].credited_ms if key in self._credits else 0
        self._credits[key] = Credit(
            *key, earned + ms, session.standing.position_ms, from_ms(judged.beat.received_ms)
        )
        if ms:
            self._days[session.learner_id, _day_of(judged.accounted_ms // HOUR_MS)] += ms

    async def _save(self, touched: list[OpenSession]) -> None:
        judged = [one for record in self._records.values() for one in record.judged]
        for one in judged:
            self._count(one)
        uncredited = [
            (session.session_id, stretch) for session in touched for stretch in _news(session)
        ]
        due = await store.save_fold(
            self._tx,
            beats=judged,
            sessions=touched,
            credits=list(self._credits.values()),
            days=self._days,
        )
        again = [
            (session.session_id, from_ms(session.again_from_ms))
            for session in touched
            if session.again_from_ms is not None
        ]
        if uncredited or again:
            await store.save_uncredited(self._tx, rows=uncredited, again=again)
        await self._look_closer(touched, due)
        changed = {key for key, record in self._records.items() if record.changed}
        if changed:
            await session_store.notify(self._tx, sorted(changed))

    async def _look_closer(self, touched: list[OpenSession], due: list[store.Due]) -> None:
        """What few beats lead to: questions, and reports to a record store."""
        now = clock.now()
        await statements.progressed(self._tx, self._settings.author, due, now=now)
        for session in touched:
            if session.session_id in self._away:
                heard_at, back_at = self._away[session.session_id]
                await questioning.come_back(
                    self._tx,
                    self._settings,
                    enrolment_id=session.enrolment_id,
                    courseware_id=session.courseware_id,
                    session_id=session.session_id,
                    heard_at=heard_at,
                    now=back_at,
                )
        for one in due:
            if one.question:
                session = _of(touched, one)
                await questioning.ask(self._tx, self._settings, one, session.session_id, now=now)
                self._records[one.learner_id].changed = True


@lru_cache(maxsize=64)
def _day_of(hour: int) -> date:
    """The business date of an hour since the epoch: China's days begin on the hour."""
    return clock.date_of(from_ms(hour * HOUR_MS))


def _of(touched: list[OpenSession], due: store.Due) -> OpenSession:
    """The session in which a courseware is studied: the newest that was heard."""
    return max(
        (
            s
            for s in touched
            if s.enrolment_id == due.enrolment_id and s.courseware_id == due.courseware_id
        ),
        key=lambda session: session.session_id,
    )


def _news(session: OpenSession) -> list[Stretch]:
    """What is to be stored of a session's uncredited stretches; its tail moves on."""
    if session.again_from_ms is not None:
        session.tail = None
    whole = sorted(session.uncredited, key=lambda stretch: stretch.from_ms)
    news = joined(whole, session.tail)
    session.tail = news[-1] if news else session.tail
    return news
