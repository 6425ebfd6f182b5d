"""What may happen to a learner with several pages. Everything is told to the slow model at once,
and to whoever else listens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import strategies as st

from services.progress.credit import Beat, Opening, Rules
from tests.progress.players import INTERVAL_MS, Player
from tests.progress.reference import Reference

RULES = Rules(interval_ms=INTERVAL_MS, idle_limit_ms=60_000)
START = 1_700_000_000_000
DAY_MS = 86_400_000
PAGES_MAX = 6

Turn = dict[UUID, list[Beat]]


@dataclass(frozen=True)
class Opened:
    session_id: UUID
    courseware_id: UUID
    opening: Opening


@dataclass(frozen=True)
class Ended:
    session_id: UUID
    at_ms: int


@dataclass(frozen=True)
class Restarted:
    courseware_id: UUID
    at_ms: int


@dataclass(frozen=True)
class Arrived:
    """One turn of beats, with those that come twice."""

    turn: Turn


Event = Opened | Ended | Restarted | Arrived


class Life:
    """One learner. Pages are spoken of by number; any number will do."""

    def __init__(self, coursewares: list[UUID], tell: Callable[[Event], None]) -> None:
        self.now_ms = START
        self.players: list[Player] = []
        self.reference = Reference(RULES, origin_ms=START)
        self._coursewares = coursewares
        self._tell = tell

    def page(self, number: int) -> Player:
        return self.players[number % len(self.players)]

    def _courseware(self, number: int) -> UUID:
        return self._coursewares[number % len(self._coursewares)]

    def _take(self, turn: Turn) -> None:
        turn = {session_id: beats for session_id, beats in turn.items() if beats}
        if turn:
            self.reference.take(turn)
            self._tell(Arrived(turn))

    # Sessions

    def open(self, number: int, document: bool, max_rate: float, position_ms: int) -> None:
        if len(self.players) == PAGES_MAX:
            return
        session_id = UUID(int=len(self.players))
        courseware_id = self._courseware(number)
        opening = Opening(self.now_ms, position_ms, document, max_rate)
        self.players.append(Player(session_id, courseware_id, document, self.now_ms, position_ms))
        self.reference.open(session_id, courseware_id, opening)
        self._tell(Opened(session_id, courseware_id, opening))

    def leave(self, number: int) -> None:
        self._end(self.page(number))

    def study_here(self, number: int) -> None:
        for player in self.players:
            if player is not self.page(number):
                self._end(player)

    def _end(self, player: Player) -> None:
        if self.reference.sessions[player.session_id].ended_ms is None:
            self.reference.end(player.session_id, self.now_ms)
            self._tell(Ended(player.session_id, self.now_ms))

    def miss_a_question(self, number: int) -> None:
        self.reference.restart(self._courseware(number), self.now_ms)
        self._tell(Restarted(self._courseware(number), self.now_ms))

    # Time

    def pass_time(self, ms: int, in_turn: int) -> None:
        """Everybody beats each interval; so many beats are folded together."""
        until_ms = self.now_ms + ms
        waiting: list[tuple[UUID, Beat]] = []
        while (at_ms := min([until_ms, *(p.next_ms for p in self.players)])) < until_ms:
            self._live_until(at_ms)
            for player in self.players:
                if player.next_ms <= at_ms:
                    player.speak()
                if player.online:
                    waiting += [(player.session_id, beat) for beat in player.send()]
        self._live_until(until_ms)
        waiting.sort(key=lambda one: one[1].received_ms)
        for first in range(0, len(waiting), in_turn):
            turn: Turn = {}
            for session_id, beat in waiting[first : first + in_turn]:
                turn.setdefault(session_id, []).append(beat)
            self._take(turn)

    def _live_until(self, at_ms: int) -> None:
        self.now_ms = at_ms
        for player in self.players:
            player.live_until(at_ms)

    # What learners and the world do

    def change(self, number: int, what: tuple[str, object], tidy: bool, ms: int) -> None:
        """A tidy page says a closing and an opening beat. Then time passes."""
        player = self.page(number)
        if tidy:
            player.speak()
        setattr(player, *what)
        if tidy:
            player.speak()
        if player.online:
            self._take({player.session_id: player.send()})
        self.pass_time(ms, 1)

    def set_clock(self, number: int, ms: int) -> None:
        self.page(number).clock_ms += ms

    def lose_network(self, number: int, ms: int) -> None:
        self.page(number).online = False
        self.pass_time(ms, 1)

    def find_network(self, first: int, second: int) -> None:
        """What waited comes at once, of two pages in one turn."""
        turn: Turn = {}
        for player in (self.page(first), self.page(second)):
            player.online = True
            turn.setdefault(player.session_id, []).extend(player.send())
        self._take(turn)

    def lose_beats(self, number: int, places: set[int]) -> None:
        player = self.page(number)
        for place in sorted(places, reverse=True):
            if place < len(player.outbox):
                player.lost.append(player.outbox.pop(place))

    def find_beats(self, number: int, count: int) -> None:
        """Lost beats turn up, behind others and together with new ones."""
        player = self.page(number)
        late, player.lost = player.lost[:count], player.lost[count:]
        self._take({player.session_id: player.send_these(late) + player.send()})

    def repeat(self, number: int, count: int) -> None:
        player = self.page(number)
        again = player.send_these(player.sent[-count:])
        self._take({player.session_id: again + again})

    def lie(self, number: int, beat: Beat) -> None:
        player = self.page(number)
        received_ms = self.now_ms + player.delay_ms
        beat = replace(beat, received_ms=received_ms, page_ms=START + beat.page_ms)
        player.seq = max(player.seq, beat.seq + 1)
        self._take({player.session_id: [beat]})


# As test data

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
numbers = st.integers(0, 5)
lengths = st.sampled_from([1_000, 7_000, 15_000, 15_000, 40_000, 47_123, 100_000, 300_000])
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
STEPS: dict[str, tuple[st.SearchStrategy[object], ...]] = {
    "open": (
        numbers,
        st.booleans(),
        st.sampled_from([1.0, 1.5, 2.0]),
        st.sampled_from([0, 600_000]),
    ),
    "leave": (numbers,),
    "study_here": (numbers,),
    "miss_a_question": (numbers,),
    "pass_time": (lengths, st.sampled_from([1, 1, 4, 1000])),
    "change": (numbers, changes, st.booleans(), lengths),
    "set_clock": (numbers, st.sampled_from([-DAY_MS, -20_000, -3_000, 3_000, DAY_MS])),
    "lose_network": (numbers, st.sampled_from([40_000, 100_000, 300_000, 900_000])),
    "find_network": (numbers, numbers),
    "lose_beats": (numbers, st.sets(st.integers(0, 12), min_size=1, max_size=4)),
    "find_beats": (numbers, st.integers(1, 9)),
    "repeat": (numbers, st.integers(1, 9)),
    "lie": (numbers, lies),
}
steps = st.one_of(*(st.tuples(st.just(name), st.tuples(*said)) for name, said in STEPS.items()))
