"""What an honest page earns, against a slow model that counts seconds."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.progress.credit import Beat, Rules, Span, judge
from tests.progress.test_credit import FRESH, START, VIDEO, beat

# A slow model: an honest page is described second by second, and each second is judged alone.


@dataclass(frozen=True)
class Second:
    playing: bool
    visible: bool
    touched: bool  # the learner pressed a key
    alone: bool  # no other courseware is open
    rate: float


seconds = st.builds(
    Second,
    playing=st.sampled_from([True, True, True, False]),
    visible=st.sampled_from([True, True, True, False]),
    touched=st.booleans(),
    alone=st.sampled_from([True, True, True, False]),
    rate=st.sampled_from([1.0, 1.0, 1.5, 2.0, 0.75]),
)
lives = st.lists(st.tuples(seconds, st.integers(1, 40)), min_size=1, max_size=12)
SHORT = Rules(interval_ms=15_000, idle_limit_ms=20_000)


@settings(deadline=None)
@given(lives, st.integers(0, 30))
def test_an_honest_page_earns_what_a_count_of_seconds_finds(
    life: list[tuple[Second, int]], delay: int
) -> None:
    # P-2, P-3, P-4: the page beats at every change and each interval; the network is even
    timeline = [second for second, length in life for _ in range(length)]
    standing, credited, explained = FRESH, 0, 0
    for each in _beats_of(timeline, delay):
        verdict = judge(
            standing,
            each,
            opening=VIDEO,
            rivals=_rivals_of(timeline),
            ended_ms=None,
            void_ms=0,
            rules=SHORT,
        )
        standing, credited = verdict.standing, credited + verdict.credited_ms
        explained += sum(s.until_ms - s.from_ms for s in verdict.uncredited)
    assert credited == 1000 * _count(timeline)
    assert credited + explained == 1000 * len(timeline)


def _count(timeline: list[Second]) -> int:
    counted, last_touch = 0, 0
    for at, second in enumerate(timeline):
        idle = at - last_touch >= SHORT.idle_limit_ms // 1000
        good = second.playing and second.visible and second.rate <= VIDEO.max_rate
        counted += good and second.alone and not idle
        if second.touched:
            last_touch = at + 1
    return counted


def _beats_of(timeline: list[Second], delay: int) -> list[Beat]:
    """Beats at the end of each second where something changes, and after each interval. Keys are
    pressed at the end of a second."""
    beats: list[Beat] = []
    last_beat, position, last_touch = 0, 0.0, 0
    for at, second in enumerate(timeline, 1):
        position += second.rate if second.playing else 0
        changes = at == len(timeline) or _flags(timeline[at]) != _flags(second)
        if changes or second.touched or at - last_beat == SHORT.interval_ms // 1000:
            beats.append(
                replace(
                    beat(at, seq=len(beats), arrived=at + delay),
                    position_ms=round(position * 1000),
                    rate=second.rate,
                    playing=second.playing,
                    visible=second.visible,
                    idle_ms=(at - last_touch) * 1000,
                )
            )
            last_beat = at
        if second.touched:
            last_touch = at
    return beats


def _flags(second: Second) -> tuple[bool, bool, float]:
    return second.playing, second.visible, second.rate


def _rivals_of(timeline: list[Second]) -> list[Span]:
    return [
        Span(START + at * 1000, START + (at + 1) * 1000)
        for at, second in enumerate(timeline)
        if not second.alone
    ]
