"""A learner's study record becomes credit: openings, endings, restarts and beats, in the order in
which they were taken. Pure.

The consumer goes on with it turn by turn; `audit` plays the whole record again through the same
class. A turn is what one transaction took: all beats that were folded together, or one opening.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from .credit import Beat, Opening, Reason, Rules, Span, Standing, Stretch, judge, page_clock_at

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
        elif self.opening.started_ms < received_ms < self.open_since_ms:  # overtaken on its way
            until_ms = min(received_ms + rules.silence_ms, self.open_since_ms)
            self.open_before.append(Span(received_ms, until_ms))
        if self.open_before and received_ms > self.heard_ms:
            recent = received_ms - rules.memory_ms
            self.open_before = [span for span in self.open_before if span.until_ms > recent]
        self.heard_ms = max(self.heard_ms, received_ms)
        return was_silent

    def claim(self, credited: Iterable[Span], rules: Rules) -> None:
        """Keep what was earned while the session was not open, before it was heard again or, when
        it had ended, after it fell silent: it is nobody else's any more."""
        silent_at = self.heard_ms + rules.silence_ms
        for span in credited:
            if self.open_since_ms <= span.from_ms and span.until_ms <= silent_at:
                continue
            last = self.open_before[-1] if self.open_before else None
            if last and last.from_ms <= span.from_ms <= last.until_ms:
                self.open_before[-1] = Span(last.from_ms, max(last.until_ms, span.until_ms))
            else:
                self.open_before.append(span)


class Settled(NamedTuple):
    """Up to this instant a session is not judged again; what it had not spoken of earns nothing,
    for this reason."""

    until_ms: int
    reason: Reason


class Kept(NamedTuple):
    """What is needed of a session to judge it again: all its beats, and its stretches from the
    instant on up to which it is settled."""

    beats: Sequence[Beat]
    uncredited: Sequence[Stretch]


class Judged(NamedTuple):
    session: OpenSession
    beat: Beat
    accounted_ms: int
    credited_ms: int


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
        """The sessions in which something arrives behind beats that were judged before, and up to
        which instant each is settled; for these `take` needs what is kept."""
        return {
            session_id: self._settled(self.sessions[session_id], beats).until_ms
            for session_id, beats in arrived.items()
            if min(b.seq for b in beats) <= self.sessions[session_id].standing.seq
        }

    def _settled(self, session: OpenSession, fresh: Sequence[Beat]) -> Settled:
        """What was found of the time before a restart, or further back than a beat may speak of,
        stays: whoever was a rival then may be forgotten."""
        first_ms = min(beat.received_ms for beat in fresh)
        forgotten = Settled(first_ms - self.rules.reach_ms, Reason.LOST_NETWORK)
        return max(forgotten, Settled(session.void_ms, Reason.RESTARTED))

    def take(self, arrived: Arrived, kept: Mapping[UUID, Kept]) -> None:
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
        session.claim(verdict.credited, self.rules)
        self._count(session, beat, verdict.standing.accounted_ms, verdict.credited_ms)

    def _judge_behind(self, session: OpenSession, fresh: Sequence[Beat], kept: Kept | None) -> None:
        """Some of these beats belong before others that were judged already: judge all of
        them again, and give the gain to the first that is new.

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
                self._count(session, beat, session.standing.accounted_ms, 0)

    def _replay(self, session: OpenSession, fresh: Sequence[Beat], kept: Kept) -> bool:
        """False, and nothing done, when less would be credited than before."""
        settled, rivals = self._settled(session, fresh), self._rivals(session)
        since_ms = min(settled.until_ms, session.standing.accounted_ms)
        since_ms = max(since_ms, session.opening.started_ms)
        whole = sorted([*kept.beats, *fresh], key=lambda beat: beat.seq)
        page_ms = page_clock_at(session.opening.started_ms, whole)
        standing = replace(session.start, page_ms=page_ms)
        credited: list[Span] = []
        uncredited = [stretch for one in kept.uncredited for stretch in one.until(since_ms)]
        accounted: dict[int, int] = {}
        for beat in whole:
            verdict = judge(
                standing,
                beat,
                opening=session.opening,
                rivals=rivals,
                ended_ms=session.ended_ms,
                void_ms=settled.until_ms,
                void_reason=settled.reason,
                rules=self.rules,
            )
            standing = verdict.standing
            accounted[beat.seq] = standing.accounted_ms
            credited += verdict.credited
            uncredited += (part for one in verdict.uncredited for part in one.since(since_ms))
        gained_ms = _ms(credited) - _credited_since(session, kept, since_ms)
        if gained_ms < 0:
            return False
        session.standing = replace(standing, accounted_ms=max(standing.accounted_ms, since_ms))
        session.uncredited, session.again_from_ms = uncredited, since_ms
        for beat in fresh:
            self._hear(session, beat)
            self._count(session, beat, accounted[beat.seq], gained_ms)
            gained_ms = 0
        session.claim(credited, self.rules)
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

    def _count(self, session: OpenSession, beat: Beat, accounted_ms: int, ms: int) -> None:
        session.credited_ms += ms
        self.judged.append(Judged(session, beat, accounted_ms, ms))


def _credited_since(session: OpenSession, kept: Kept, since_ms: int) -> int:
    """What a session has been credited from this instant on: all that has no reason."""
    account = Span(since_ms, session.standing.accounted_ms)
    return _ms([account]) - _ms(part for one in kept.uncredited for part in one.since(since_ms))


def _ms(times: Iterable[Span | Stretch]) -> int:
    return sum(time.until_ms - time.from_ms for time in times)


def _by_arrival(beats: Sequence[Beat]) -> Iterator[tuple[int, Beat]]:
    """A session's beats in the order of seq, each not before what it follows."""
    arrived_ms = 0
    for beat in sorted(beats, key=lambda beat: beat.seq):
        arrived_ms = max(arrived_ms, beat.received_ms)
        yield arrived_ms, beat
