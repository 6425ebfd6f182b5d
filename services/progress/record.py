"""A learner's study record becomes credit: openings, endings, restarts and beats, in the order in
which they were taken. Pure.

The consumer goes on with it turn by turn; `audit` plays the whole record again through the same
class. A turn is what one transaction took: all beats that were folded together, or one opening.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from .credit import Beat, Opening, Rules, Span, Standing, Stretch, judge, page_clock_at

Arrived = Mapping[UUID, Sequence[Beat]]


@dataclass(slots=True)
class OpenSession:
    """A session as its beats are folded into it.

    It was open from `open_since_ms` until its silence begins, and during `open_before`; there
    also stands what late beats have earned in a silence, so that nobody else earns it too.
    """

    session_id: UUID
    learner_id: UUID
    enrolment_id: UUID
    courseware_id: UUID
    opening: Opening
    standing: Standing
    heard_ms: int
    open_since_ms: int
    ended_ms: int | None = None
    void_ms: int = 0
    open_before: list[Span] = field(default_factory=list)
    tail: Stretch | None = None
    credited_ms: int = 0
    uncredited: list[Stretch] = field(default_factory=list)
    again_from_ms: int | None = None  # the uncredited stretches from here on are told anew

    @property
    def start(self) -> Standing:
        return Standing(self.opening.started_ms, self.opening.position_ms)

    def open_spans(self, silence_ms: int) -> Iterator[Span]:
        """The times in which this session was open, as far as is known (P-4)."""
        until = self.heard_ms + silence_ms
        if self.ended_ms is not None:
            until = min(until, self.ended_ms)
        yield Span(self.open_since_ms, until)
        yield from self.open_before

    def hear(self, received_ms: int, rules: Rules) -> bool:
        """Something came from its page. True when it is open again after a silence."""
        if self.ended_ms is not None and received_ms > self.ended_ms:
            return False
        silent_at = self.heard_ms + rules.silence_ms
        was_silent = received_ms > silent_at
        if was_silent:
            self.open_before.append(Span(self.open_since_ms, silent_at))
            self.open_since_ms = received_ms
        if self.open_before and received_ms > self.heard_ms:
            recent = received_ms - rules.memory_ms
            self.open_before = [span for span in self.open_before if span.until_ms > recent]
        self.heard_ms = max(self.heard_ms, received_ms)
        return was_silent

    def claim(self, credited: Iterable[Span]) -> None:
        """Keep what was earned before the session was open again, or after others believed it
        silent: it is nobody else's any more."""
        for span in credited:
            if span.from_ms >= self.open_since_ms:
                continue
            last = self.open_before[-1] if self.open_before else None
            if last and last.from_ms <= span.from_ms <= last.until_ms:
                self.open_before[-1] = Span(last.from_ms, max(last.until_ms, span.until_ms))
            else:
                self.open_before.append(span)


class Kept(NamedTuple):
    """A beat that was judged before, and what became of it."""

    beat: Beat
    accounted_ms: int
    ahead_ms: int
    credited_ms: int
    void_ms: int


class Judged(NamedTuple):
    session: OpenSession
    beat: Beat
    accounted_ms: int
    ahead_ms: int
    credited_ms: int
    void_ms: int

    @property
    def kept(self) -> Kept:
        return Kept(self.beat, *self[2:])


class StudyRecord:
    """One learner's sessions. `judged` and `changed` tell what the last `take` did: every beat
    with what it earned, and whether a page has to be told something."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.sessions: dict[UUID, OpenSession] = {}
        self.judged: list[Judged] = []
        self.changed = False

    def open(self, session: OpenSession) -> None:
        self.sessions[session.session_id] = session

    def end(self, session_id: UUID, at_ms: int) -> None:
        """Left, taken over or completed: what is said of later time earns nothing."""
        session = self.sessions[session_id]
        session.ended_ms = max(at_ms, session.opening.started_ms)

    def restart(self, enrolment_id: UUID, courseware_id: UUID, at_ms: int) -> None:
        """A courseware starts again: what is said from now on of time before earns nothing."""
        for session in self.sessions.values():
            if (session.enrolment_id, session.courseware_id) == (enrolment_id, courseware_id):
                session.void_ms = max(session.void_ms, at_ms)

    def behind(self, arrived: Arrived) -> dict[UUID, int]:
        """The sessions in which something arrives behind beats that were judged before, with the
        least seq: `take` needs the kept beats from the one before it on."""
        least = {session_id: min(b.seq for b in beats) for session_id, beats in arrived.items()}
        return {
            session_id: seq
            for session_id, seq in least.items()
            if seq <= self.sessions[session_id].standing.seq
        }

    def take(self, arrived: Arrived, kept: Mapping[UUID, Sequence[Kept]]) -> None:
        """One turn. Beats are new, each seq once, their sessions known; `kept` as `behind` asks;
        a session that it leaves out is not judged again.

        In the order of arrival, so that each beat meets its rivals as they were; what comes
        behind others at the end.
        """
        self.judged, self.changed = [], False
        behind = self.behind(arrived)
        in_order = sorted(
            (arrived_ms, session_id, beat.seq, beat)
            for session_id, beats in arrived.items()
            if session_id not in behind
            for arrived_ms, beat in _by_arrival(beats)
        )
        for session_id in arrived.keys() - behind.keys():
            self._set_page_clock(self.sessions[session_id], arrived[session_id])
        for _, session_id, _, beat in in_order:
            self._judge(self.sessions[session_id], beat)
        for session_id in sorted(behind):
            self._judge_behind(self.sessions[session_id], arrived[session_id], kept.get(session_id))

    @staticmethod
    def _set_page_clock(session: OpenSession, beats: Sequence[Beat]) -> None:
        if session.standing.page_ms is None:
            page_ms = page_clock_at(session.opening.started_ms, beats)
            session.standing = replace(session.standing, page_ms=page_ms)

    def _judge(self, session: OpenSession, beat: Beat) -> None:
        before = session.standing
        verdict = judge(
            before,
            beat,
            opening=session.opening,
            rivals=self._rivals(session),
            ended_ms=session.ended_ms,
            void_ms=session.void_ms,
            rules=self.rules,
        )
        session.standing = verdict.standing
        session.uncredited += verdict.uncredited
        if before.state is not verdict.standing.state:
            self.changed = True
        self._hear(session, beat)
        if before.accounted_ms < session.open_since_ms:
            session.claim(verdict.credited)
        self._count(session, beat, verdict.standing, verdict.credited_ms)

    def _judge_behind(
        self, session: OpenSession, fresh: Sequence[Beat], kept: Sequence[Kept] | None
    ) -> None:
        """Some of these beats belong before others that were judged already: judge again from
        there on, and give the gain to the first of them.

        What was credited stays. Where judging again would give less, the beats that came too
        late earn nothing: else their time could be claimed a second time.
        """
        self.changed = True
        in_order = sorted(fresh, key=lambda beat: beat.seq)
        if kept is not None and self._replay(session, in_order, kept):
            return
        for beat in in_order:
            if beat.seq > session.standing.seq:
                self._judge(session, beat)
            else:
                self._hear(session, beat)
                self._count(session, beat, session.standing, 0)

    def _replay(self, session: OpenSession, fresh: Sequence[Beat], kept: Sequence[Kept]) -> bool:
        """False, and nothing done, when less would be credited than before."""
        standing, again = _base(session, fresh, kept)
        since_ms = standing.accounted_ms
        voids = {one.beat.seq: one.void_ms for one in again}
        rivals = self._rivals(session)
        credited: list[Span] = []
        uncredited: list[Stretch] = []
        after: dict[int, Standing] = {}
        whole = sorted([*(one.beat for one in again), *fresh], key=lambda beat: beat.seq)
        for beat in whole:
            verdict = judge(
                standing,
                beat,
                opening=session.opening,
                rivals=rivals,
                ended_ms=session.ended_ms,
                void_ms=voids.get(beat.seq, session.void_ms),
                rules=self.rules,
            )
            standing = after[beat.seq] = verdict.standing
            credited += verdict.credited
            uncredited += verdict.uncredited
        earned_ms = sum(span.until_ms - span.from_ms for span in credited)
        gained_ms = earned_ms - sum(one.credited_ms for one in again)
        if gained_ms < 0:
            return False
        session.standing = standing
        session.uncredited = [s for s in session.uncredited if s.until_ms <= since_ms]
        session.uncredited += uncredited
        earlier_ms = session.again_from_ms
        session.again_from_ms = since_ms if earlier_ms is None else min(since_ms, earlier_ms)
        for beat in fresh:
            self._hear(session, beat)
            self._count(session, beat, after[beat.seq], gained_ms)
            gained_ms = 0
        session.claim(credited)
        return True

    def _rivals(self, session: OpenSession) -> list[Span]:
        if len(self.sessions) == 1:
            return []
        return [
            span
            for other in self.sessions.values()
            if other is not session
            for span in other.open_spans(self.rules.silence_ms)
        ]

    def _hear(self, session: OpenSession, beat: Beat) -> None:
        if session.hear(beat.received_ms, self.rules):
            self.changed = True

    def _count(self, session: OpenSession, beat: Beat, standing: Standing, ms: int) -> None:
        session.credited_ms += ms
        self.judged.append(
            Judged(session, beat, standing.accounted_ms, standing.ahead_ms, ms, session.void_ms)
        )


def _base(
    session: OpenSession, fresh: Sequence[Beat], kept: Sequence[Kept]
) -> tuple[Standing, list[Kept]]:
    """The standing before the first fresh beat, and the kept beats to be judged again."""
    first = fresh[0].seq
    before = [one for one in kept if one.beat.seq < first]
    again = [one for one in kept if one.beat.seq > first]
    if not before:
        whole = [*(one.beat for one in again), *fresh]
        page_ms = page_clock_at(session.opening.started_ms, whole)
        return replace(session.start, page_ms=page_ms), again
    last = max(before, key=lambda one: one.beat.seq)
    standing = Standing(
        accounted_ms=last.accounted_ms,
        position_ms=last.beat.position_ms,
        seq=last.beat.seq,
        page_ms=last.beat.page_ms,
        ahead_ms=last.ahead_ms,
    )
    return standing, again


def _by_arrival(beats: Sequence[Beat]) -> Iterator[tuple[int, Beat]]:
    """A session's beats in the order of seq, each not before what it follows."""
    arrived_ms = 0
    for beat in sorted(beats, key=lambda beat: beat.seq):
        arrived_ms = max(arrived_ms, beat.received_ms)
        yield arrived_ms, beat
