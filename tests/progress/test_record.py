"""The study record against the slow model, in any life that a learner with pages may lead."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.progress.credit import Beat, Standing
from services.progress.record import Kept, OpenSession, StudyRecord
from tests.progress.lives import (
    RULES,
    START,
    STEPS,
    Arrived,
    Ended,
    Event,
    Life,
    Opened,
    Restarted,
    Turn,
)
from tests.progress.reference import Millis, Studied

COURSEWARES = [UUID(int=n) for n in (1, 2, 3)]
ENROLMENT = UUID(int=100)


class Ledger:
    """A record, with all beats as the store keeps them."""

    def __init__(self) -> None:
        self.record = StudyRecord(RULES)
        self.beats: dict[UUID, list[Beat]] = {}
        self.told_ms: dict[UUID, int] = {}
        self.log: list[Event] = []

    def hear(self, event: Event) -> None:
        self.log.append(event)
        match event:
            case Opened():
                self._open(event)
            case Ended():
                self.record.end(event.session_id, event.at_ms)
            case Restarted():
                self.record.restart(ENROLMENT, event.courseware_id, event.at_ms)
            case Arrived():
                self._take(event.turn)

    def _open(self, event: Opened) -> None:
        self.beats[event.session_id], self.told_ms[event.session_id] = [], 0
        self.record.open(
            OpenSession(
                session_id=event.session_id,
                learner_id=UUID(int=7),
                enrolment_id=ENROLMENT,
                courseware_id=event.courseware_id,
                opening=event.opening,
                standing=Standing(event.opening.started_ms, event.opening.position_ms),
                heard_ms=event.opening.started_ms,
                open_since_ms=event.opening.started_ms,
            )
        )

    def _take(self, turn: Turn) -> None:
        fresh = {key: self._fresh(key, beats) for key, beats in turn.items()}
        fresh = {key: beats for key, beats in fresh.items() if beats}
        self.record.take(fresh, {key: self._kept(key) for key in self.record.behind(fresh)})
        for judged in self.record.judged:
            self.beats[judged.session.session_id].append(judged.beat)
            self.told_ms[judged.session.session_id] += judged.credited_ms

    def _kept(self, session_id: UUID) -> Kept:
        return Kept(self.beats[session_id], self.record.sessions[session_id].uncredited)

    def _fresh(self, session_id: UUID, beats: list[Beat]) -> list[Beat]:
        known = {beat.seq for beat in self.beats[session_id]}
        new: dict[int, Beat] = {}
        for beat in beats:
            if beat.seq not in known:
                new.setdefault(beat.seq, beat)
        return list(new.values())


def happens(name: str) -> Callable[["StudyLife"], None]:
    def happen(self: "StudyLife", said: tuple[object, ...]) -> None:
        getattr(self.life, name)(*said)

    happen.__name__ = name
    return rule(said=st.tuples(*STEPS[name]))(happen)


class StudyLife(RuleBasedStateMachine):
    """The record and the slow model are told the same, and must say the same."""

    opens = happens("open")
    leaves = happens("leave")
    studies_here = happens("study_here")
    misses_a_question = happens("miss_a_question")
    time_passes = happens("pass_time")
    something_changes = happens("change")
    clock_is_set = happens("set_clock")
    network_is_lost = happens("lose_network")
    network_is_back = happens("find_network")
    beats_get_lost = happens("lose_beats")
    beats_turn_up = happens("find_beats")
    beats_come_twice = happens("repeat")
    page_lies = happens("lie")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.life = Life(COURSEWARES, tell=self.ledger.hear)
        self.life.open(0, document=False, max_rate=1.5, position_ms=0)

    def sessions(self) -> Iterator[tuple[OpenSession, Studied]]:
        for session_id, slow in self.life.reference.sessions.items():
            yield self.ledger.record.sessions[session_id], slow

    @invariant()
    def figures_are_those_of_the_reference(self) -> None:
        # P-2 to P-5, P-8
        for session, slow in self.sessions():
            assert session.credited_ms == slow.credited_ms
            assert session.credited_ms == self.ledger.told_ms[session.session_id]
            assert session.standing.accounted_ms == slow.account.until_ms

    @invariant()
    def every_millisecond_is_credited_or_has_one_reason(self) -> None:
        # P-9
        between = self.life.reference.between
        for session, slow in self.sessions():
            explained: Millis = 0
            for stretch in session.uncredited:
                when = between(stretch.from_ms, stretch.until_ms)
                assert not explained & when
                explained |= when
            whole = between(session.opening.started_ms, session.standing.accounted_ms)
            assert not explained & ~whole
            assert whole & ~explained == slow.account.credited

    @invariant()
    def nothing_is_credited_twice_or_beyond_the_time_that_passed(self) -> None:
        # P-2, P-4
        together: Millis = 0
        for _, slow in self.sessions():
            assert not together & slow.account.credited
            together |= slow.account.credited
        latest_ms = self.life.now_ms + max(page.delay_ms for page in self.life.players)
        assert together.bit_count() <= latest_ms - START

    def teardown(self) -> None:
        """The whole log in one go gives the same."""
        again = Ledger()
        for event in self.ledger.log:
            again.hear(event)
        for session, _ in self.sessions():
            other = again.record.sessions[session.session_id]
            assert (other.credited_ms, other.standing) == (session.credited_ms, session.standing)


SCRIPTS: dict[str, tuple[list[tuple[str, tuple[object, ...]]], list[int]]] = {
    "three beats turn up behind others": (
        [
            ("lose_network", (0, 100_000)),
            ("lose_beats", (0, {1, 2, 3})),
            ("find_network", (0, 0)),
            ("pass_time", (6_000, 1)),
            ("find_beats", (0, 9)),
            ("pass_time", (15_000, 1)),
        ],
        [120_000],
    ),
    "two pages claim the same silence": (
        [
            ("open", (1, True, 1.5, 0)),
            ("lose_network", (0, 0)),
            ("lose_network", (1, 301_000)),
            ("find_network", (0, 0)),
            ("pass_time", (1_000, 1)),
            ("find_network", (1, 1)),
        ],
        [300_000 - 45_000, 0],
    ),
    "two pages claim the same silence, and one was left meanwhile": (
        [
            ("open", (1, True, 1.5, 0)),
            ("lose_network", (0, 0)),
            ("lose_network", (1, 80_000)),
            ("study_here", (0,)),
            ("pass_time", (40_000, 1)),
            ("find_network", (1, 1)),
            ("pass_time", (1_000, 1)),
            ("find_network", (0, 0)),
        ],
        [120_000 - 80_000, 80_000 - 45_000],
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_life_that_chance_seldom_finds(name: str) -> None:
    # P-4, P-8
    script, credited_ms = SCRIPTS[name]
    both = StudyLife()
    for step, said in script:
        getattr(both.life, step)(*said)
        both.figures_are_those_of_the_reference()
    both.every_millisecond_is_credited_or_has_one_reason()
    assert [session.credited_ms for session, _ in both.sessions()] == credited_ms


def test_a_beat_that_was_overtaken_still_opens_its_page() -> None:
    # P-4: silent from 0:45 on, heard again at 1:48 and, on a faster way, at 1:41
    ledger = Ledger()
    life = Life(COURSEWARES, tell=ledger.hear)
    life.open(0, document=True, max_rate=1.5, position_ms=0)
    life.change(0, ("asleep", True), tidy=False, ms=0)
    life.open(1, document=True, max_rate=1.5, position_ms=0)
    life.pass_time(100_000, in_turn=1)
    life.change(0, ("delay_ms", 8_000), tidy=True, ms=1_000)
    life.change(0, ("delay_ms", 0), tidy=True, ms=1_000)
    life.change(1, ("visible", True), tidy=True, ms=0)
    slow = life.reference.sessions[life.page(1).session_id]
    assert slow.credited_ms == 101_000 - 45_000
    assert ledger.record.sessions[life.page(1).session_id].credited_ms == slow.credited_ms


StudyLife.TestCase.settings = settings(
    deadline=None, derandomize=True, max_examples=80, stateful_step_count=30
)
TestStudyLife = StudyLife.TestCase
