"""The study record against the slow model, in any life that a learner with pages may lead."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.progress.credit import Beat, Opening, Rules, Standing
from services.progress.record import Kept, OpenSession, StudyRecord
from tests.progress.players import INTERVAL_MS, Player
from tests.progress.reference import Millis, Reference

RULES = Rules(interval_ms=INTERVAL_MS, idle_limit_ms=60_000)
START = 1_700_000_000_000
DAY_MS = 86_400_000
COURSEWARES = [UUID(int=n) for n in (1, 2, 3)]
ENROLMENT = UUID(int=100)
PAGES_MAX = 5

Turn = dict[UUID, list[Beat]]
Event = Callable[["Ledger"], None]


class Ledger:
    """A record with what the store keeps beside it: beats as they were first judged."""

    def __init__(self) -> None:
        self.record = StudyRecord(RULES)
        self.beats: dict[UUID, list[Beat]] = {}
        self.told_ms: dict[UUID, int] = {}

    def open(self, session_id: UUID, courseware_id: UUID, at_ms: int, opening: Opening) -> None:
        self.beats[session_id], self.told_ms[session_id] = [], 0
        self.record.open(
            OpenSession(
                session_id=session_id,
                learner_id=UUID(int=7),
                enrolment_id=ENROLMENT,
                courseware_id=courseware_id,
                opening=opening,
                standing=Standing(at_ms, opening.position_ms),
                heard_ms=at_ms,
                open_since_ms=at_ms,
            )
        )

    def take(self, turn: Turn) -> None:
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


pages = st.integers(0, PAGES_MAX - 1)
coursewares = st.sampled_from(COURSEWARES)
lengths = st.sampled_from([1_000, 7_000, 15_000, 15_000, 40_000, 47_123, 100_000, 300_000])
CHANGES: dict[str, list[object]] = {
    "playing": [False, True],
    "visible": [False, True],
    "touching": [False, True],
    "asleep": [False, True],
    "rate": [0.5, 1.0, 1.1, 1.5, 2.0, 10.0],
    "position_ms": [0, 30_000, 500_000, 2_000_000],
    "delay_ms": [0, 250, 8_000],
}
changes = st.sampled_from([(name, value) for name, values in CHANGES.items() for value in values])
lies = st.builds(
    Beat,
    seq=st.integers(0, 40),
    received_ms=st.just(0),
    page_ms=st.integers(-DAY_MS, DAY_MS) | st.integers(0, 1_000_000),
    waited_ms=st.integers(0, 1_000_000),
    position_ms=st.integers(0, 3_000_000),
    rate=st.sampled_from([0.0, 0.5, 1.0, 1.25, 1.5, 2.0, 10.0]),
    playing=st.booleans(),
    visible=st.booleans(),
    idle_ms=st.sampled_from([0, 59_999, 60_000, 65_000, 500_000]),
)


class StudyLife(RuleBasedStateMachine):
    """Some pages, the record and the reference, all told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = START
        self.players: list[Player] = []
        self.ledger = Ledger()
        self.reference = Reference(RULES, origin_ms=START)
        self.log: list[Event] = []

    # How things happen

    def _happen(self, event: Event) -> None:
        self.log.append(event)
        event(self.ledger)

    def _take(self, turn: Turn) -> None:
        turn = {key: beats for key, beats in turn.items() if beats}
        self._happen(lambda ledger: ledger.take(turn))
        self.reference.take(turn)

    def _player(self, number: int) -> Player:
        return self.players[number % len(self.players)]

    # Sessions

    @initialize(courseware_id=coursewares)
    def begins(self, courseware_id: UUID) -> None:
        self.opens(courseware_id, False, 1.5, 0)

    @precondition(lambda self: len(self.players) < PAGES_MAX)
    @rule(
        courseware_id=coursewares,
        document=st.booleans(),
        max_rate=st.sampled_from([1.0, 1.5, 2.0]),
        position_ms=st.sampled_from([0, 600_000]),
    )
    def opens(self, courseware_id: UUID, document: bool, max_rate: float, position_ms: int) -> None:
        session_id, at_ms = uuid4(), self.now_ms
        opening = Opening(at_ms, position_ms, document, max_rate)
        self._happen(lambda ledger: ledger.open(session_id, courseware_id, at_ms, opening))
        self.reference.open(
            session_id,
            courseware_id,
            at_ms,
            position_ms=position_ms,
            document=document,
            max_rate=max_rate,
        )
        self.players.append(Player(session_id, courseware_id, document, at_ms, position_ms))

    @rule(number=pages)
    def leaves(self, number: int) -> None:
        self._end(self._player(number))

    @rule(number=pages)
    def studies_here(self, number: int) -> None:
        for player in self.players:
            if player is not self._player(number):
                self._end(player)

    def _end(self, player: Player) -> None:
        session_id, at_ms = player.session_id, self.now_ms
        if self.reference.sessions[session_id].ended_ms is None:
            self._happen(lambda ledger: ledger.record.end(session_id, at_ms))
            self.reference.end(session_id, at_ms)

    @rule(courseware_id=coursewares)
    def misses_a_question(self, courseware_id: UUID) -> None:
        at_ms = self.now_ms
        self._happen(lambda ledger: ledger.record.restart(ENROLMENT, courseware_id, at_ms))
        self.reference.restart(courseware_id, at_ms)

    # Time

    @rule(ms=lengths, in_turn=st.sampled_from([1, 1, 4, 1000]))
    def time_passes(self, ms: int, in_turn: int) -> None:
        """Everybody beats each interval; so many beats are folded together."""
        until_ms = self.now_ms + ms
        waiting: list[tuple[UUID, Beat]] = []
        while (at_ms := min([until_ms, *(p.next_ms for p in self._awake())])) < until_ms:
            self.now_ms = at_ms
            for player in self.players:
                player.lives_until(self.now_ms)
                if player.next_ms <= self.now_ms and not player.asleep:
                    player.speaks()
                if player.online:
                    waiting += [(player.session_id, beat) for beat in player.sends()]
        self.now_ms = until_ms
        for player in self.players:
            player.lives_until(until_ms)
        waiting.sort(key=lambda one: one[1].received_ms)
        for first in range(0, len(waiting), in_turn):
            turn: Turn = {}
            for session_id, beat in waiting[first : first + in_turn]:
                turn.setdefault(session_id, []).append(beat)
            self._take(turn)

    def _awake(self) -> list[Player]:
        return [player for player in self.players if not player.asleep]

    # What learners and the world do

    @rule(number=pages, change=changes, tidy=st.booleans(), ms=lengths)
    def something_changes(
        self, number: int, change: tuple[str, object], tidy: bool, ms: int
    ) -> None:
        """A tidy page says a closing and an opening beat. Then time passes."""
        player = self._player(number)
        if tidy:
            player.speaks()
        setattr(player, *change)
        if tidy:
            player.speaks()
        if player.online:
            self._take({player.session_id: player.sends()})
        self.time_passes(ms, 1)

    @rule(number=pages, ms=st.sampled_from([-DAY_MS, -20_000, -3_000, 3_000, DAY_MS]))
    def clock_is_set(self, number: int, ms: int) -> None:
        self._player(number).clock_ms += ms

    @rule(number=pages, ms=st.sampled_from([40_000, 100_000, 300_000, 900_000]))
    def network_is_away(self, number: int, ms: int) -> None:
        self._player(number).online = False
        self.time_passes(ms, 1)

    @rule(first=pages, second=pages)
    def network_is_back(self, first: int, second: int) -> None:
        """What waited comes at once, of two pages in one turn."""
        turn: Turn = {}
        for player in (self._player(first), self._player(second)):
            player.online = True
            turn.setdefault(player.session_id, []).extend(player.sends())
        self._take(turn)

    @rule(number=pages, places=st.sets(st.integers(0, 12), min_size=1, max_size=4))
    def beats_get_lost(self, number: int, places: set[int]) -> None:
        player = self._player(number)
        for place in sorted(places, reverse=True):
            if place < len(player.outbox):
                player.lost.append(player.outbox.pop(place))

    @rule(number=pages, count=st.integers(1, 9))
    def lost_beats_turn_up(self, number: int, count: int) -> None:
        player = self._player(number)
        late, player.lost = player.lost[:count], player.lost[count:]
        self._take({player.session_id: player.sends_these(late) + player.sends()})

    @rule(number=pages, count=st.integers(1, 9))
    def beats_come_twice(self, number: int, count: int) -> None:
        player = self._player(number)
        again = player.sends_these(player.sent[-count:])
        self._take({player.session_id: again + again})

    @rule(number=pages, lie=lies)
    def a_page_lies(self, number: int, lie: Beat) -> None:
        player = self._player(number)
        received_ms = self.now_ms + player.delay_ms
        lie = replace(lie, received_ms=received_ms, page_ms=START + lie.page_ms)
        player.seq = max(player.seq, lie.seq + 1)
        self._take({player.session_id: [lie]})

    # What must hold

    @invariant()
    def figures_are_those_of_the_reference(self) -> None:
        for session_id, slow in self.reference.sessions.items():
            session = self.ledger.record.sessions[session_id]
            assert session.credited_ms == slow.credited_ms
            assert session.standing.accounted_ms == slow.account.until_ms
            assert session.credited_ms == self.ledger.told_ms[session_id]

    @invariant()
    def every_millisecond_is_credited_or_has_one_reason(self) -> None:
        for session_id, slow in self.reference.sessions.items():
            session = self.ledger.record.sessions[session_id]
            explained: Millis = 0
            for stretch in session.uncredited:
                when = self.reference.between(stretch.from_ms, stretch.until_ms)
                assert not explained & when
                explained |= when
            whole = self.reference.between(slow.started_ms, session.standing.accounted_ms)
            assert not explained & ~whole
            assert explained.bit_count() + session.credited_ms == whole.bit_count()
            assert whole & ~explained == slow.account.credited

    @invariant()
    def nothing_is_credited_twice_or_beyond_the_time_that_passed(self) -> None:
        together: Millis = 0
        for slow in self.reference.sessions.values():
            assert not together & slow.account.credited
            together |= slow.account.credited
        latest_ms = self.now_ms + max((p.delay_ms for p in self.players), default=0)
        assert together.bit_count() <= latest_ms - START

    def teardown(self) -> None:
        again = Ledger()
        for event in self.log:
            event(again)
        for session_id, session in self.ledger.record.sessions.items():
            other = again.record.sessions[session_id]
            assert other.credited_ms == session.credited_ms
            assert other.standing == session.standing


StudyLife.TestCase.settings = settings(
    deadline=None,
    derandomize=True,
    max_examples=100,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
TestStudyLife = StudyLife.TestCase
