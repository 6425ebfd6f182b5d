"""What a beat earns: a table of cases, and properties."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis import ids
from services.progress.credit import (
    Beat,
    Opening,
    Reason,
    Rules,
    Span,
    Standing,
    State,
    Stretch,
    Verdict,
    joined,
    judge,
)
from services.progress.record import OpenSession

RULES = Rules(interval_ms=15_000, idle_limit_ms=300_000)
START = 1_700_000_000_000
FRESH = Standing(accounted_ms=START, position_ms=0)
VIDEO = Opening(started_ms=START, position_ms=0, document=False, max_rate=1.5)
DOCUMENT = replace(VIDEO, document=True)


def beat(after: float, *, seq: int = 0, arrived: float | None = None, **said: object) -> Beat:
    """A beat so many seconds after the start; its media has played all along."""
    at = round(after * 1000)
    arrived_ms = START + (at if arrived is None else round(arrived * 1000))
    whole = Beat(
        seq=seq,
        received_ms=arrived_ms,
        page_ms=START + at,
        waited_ms=arrived_ms - START - at,
        position_ms=at,
        rate=1.0,
        playing=True,
        visible=True,
        idle_ms=0,
    )
    return replace(whole, **said)  # type: ignore[arg-type]


def earned(
    *beats: Beat,
    standing: Standing = FRESH,
    document: bool = False,
    rivals: tuple[Span, ...] = (),
    ended_ms: int | None = None,
) -> tuple[int, list[tuple[Reason, int]]]:
    """Credited seconds, and (reason, seconds) of the rest."""
    total = 0
    reasons: list[Stretch] = []
    for each in beats:
        verdict = judge(
            standing,
            each,
            opening=DOCUMENT if document else VIDEO,
            rivals=rivals,
            ended_ms=ended_ms,
            void_ms=0,
            rules=RULES,
        )
        standing, total = verdict.standing, total + verdict.credited_ms
        reasons += verdict.uncredited
    told = [(s.reason, round((s.until_ms - s.from_ms) / 1000)) for s in joined(reasons)]
    return round(total / 1000), told


AT_15 = replace(
    FRESH, accounted_ms=START + 15_000, position_ms=15_000, seq=0, page_ms=START + 15_000
)

CASES = {
    "a whole interval": (beat(15), 15, []),
    "a page that beats early": (beat(4), 4, []),
    "paused": (beat(15, playing=False), 0, [(Reason.PAUSED, 15)]),
    "hidden": (beat(15, visible=False), 0, [(Reason.HIDDEN, 15)]),
    "idle for long": (beat(15, idle_ms=400_000), 0, [(Reason.IDLE, 15)]),
    "idle since a moment": (beat(15, idle_ms=305_000), 10, [(Reason.IDLE, 5)]),
    "not quite idle": (beat(15, idle_ms=299_000), 15, []),
    "faster than allowed": (
        beat(15, rate=2.0, position_ms=30_000),
        0,
        [(Reason.TOO_FAST, 15)],
    ),
    "at one and a half": (beat(15, rate=1.5, position_ms=22_500), 15, []),
    "ten times as fast as said": (beat(15, position_ms=150_000), 0, [(Reason.TOO_FAST, 15)]),
    "jumped forward": (beat(15, position_ms=900_000), 0, [(Reason.TOO_FAST, 15)]),
    "media stands still": (beat(15, position_ms=0), 0, [(Reason.STALLED, 15)]),
    "media stumbles": (beat(15, position_ms=10_000), 10, [(Reason.STALLED, 5)]),
    "slept eight hours": (
        beat(8 * 3600, position_ms=8 * 3_600_000),
        22,
        [(Reason.LOST_NETWORK, 8 * 3600 - 22)],
    ),
    "no speed": (beat(15, rate=0.0), 0, [(Reason.TOO_FAST, 15)]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_beat_earns(case: str) -> None:
    # P-2, P-3
    said, seconds, reasons = CASES[case]
    assert earned(said) == (seconds, reasons)


def test_jumping_back_earns_nothing_but_beginning_again_does() -> None:
    # P-2
    assert earned(beat(30, seq=1, position_ms=5_000), standing=AT_15) == (
        0,
        [(Reason.JUMPED_BACK, 15)],
    )
    resumed = replace(FRESH, position_ms=600_000)
    assert earned(beat(15, position_ms=615_000), standing=resumed) == (15, [])
    assert earned(beat(15, position_ms=15_000), standing=resumed) == (15, [])


def test_a_document_counts_while_it_is_visible() -> None:
    # P-2: no media, so no position and no speed
    assert earned(beat(15, playing=False, position_ms=0, rate=0.0), document=True) == (15, [])
    assert earned(beat(15, visible=False), document=True) == (0, [(Reason.HIDDEN, 15)])


def test_a_closing_beat_and_an_opening_beat_keep_what_was_played() -> None:
    # P-2: a seek from 0:08 to 5:00
    closing, opening = beat(8), beat(8, seq=1, position_ms=300_000)
    after = beat(23, seq=2, position_ms=315_000)
    assert earned(closing, opening, after) == (23, [])


def test_only_the_part_beside_a_second_courseware_counts() -> None:
    # P-4: also retroactively
    rival = Span(START + 5_000, START + 9_000)
    assert earned(beat(15), rivals=(rival,)) == (11, [(Reason.SECOND_COURSEWARE, 4)])
    assert earned(beat(15), rivals=(Span(START - 1, START + 99_000),)) == (
        0,
        [(Reason.SECOND_COURSEWARE, 15)],
    )


def test_nothing_counts_after_the_end() -> None:
    # P-4
    assert earned(beat(15), ended_ms=START + 6_000) == (6, [])
    assert earned(beat(15), ended_ms=START) == (0, [])


def test_late_beats_count_once_for_the_time_they_speak_of() -> None:
    # P-8
    queued = [beat(at, seq=i, arrived=62) for i, at in enumerate((15, 30, 45, 60))]
    assert earned(*queued) == (60, [])
    one_by_one = [beat(at, seq=i, arrived=60 + i) for i, at in enumerate((15, 30, 45, 60))]
    assert earned(*one_by_one) == (60, [])


@pytest.mark.parametrize("lie_ms", [86_400_000, -86_400_000, 10_800_000])
def test_a_wrong_page_clock_changes_nothing(lie_ms: int) -> None:
    # P-2: wrong from the start, or from the third beat on
    right = [beat(at, seq=i) for i, at in enumerate((15, 30, 45, 60))]
    wrong = [replace(each, page_ms=each.page_ms + lie_ms) for each in right]
    assert earned(*wrong) == (60, [])
    assert earned(*right[:2], *wrong[2:]) == (60, [])
    assert earned(*right[:2], wrong[2], right[3]) == (60, [])


def test_an_uneven_network_loses_nothing() -> None:
    # P-8
    delays = [0.1, 6, 0.2, 9, 3, 0.1]
    beats = [
        replace(beat(15 * (i + 1), seq=i, arrived=15 * (i + 1) + delay), waited_ms=0)
        for i, delay in enumerate(delays)
    ]
    assert earned(*beats) == (90, [])


def test_stretches_that_touch_are_one() -> None:
    one = Stretch(Reason.IDLE, 0, 10)
    more = [Stretch(Reason.IDLE, 10, 20), Stretch(Reason.HIDDEN, 20, 30)]
    assert joined(more, one) == [Stretch(Reason.IDLE, 0, 20), Stretch(Reason.HIDDEN, 20, 30)]
    assert joined([], one) == []


def test_a_session_is_open_until_it_ends_or_falls_silent() -> None:
    # P-4
    session = OpenSession(
        session_id=ids.new_id(),
        learner_id=ids.new_id(),
        enrolment_id=ids.new_id(),
        courseware_id=ids.new_id(),
        opening=VIDEO,
        standing=Standing(START, 0),
        heard_ms=START,
        open_since_ms=START,
    )
    assert list(session.open_spans(45_000)) == [Span(START, START + 45_000)]
    left = replace(session, ended_ms=START + 5)
    assert list(left.open_spans(45_000)) == [Span(START, START + 5)]
    assert session.hear(START + 100_000, RULES)
    assert list(session.open_spans(45_000)) == [
        Span(START + 100_000, START + 145_000),
        Span(START, START + 45_000),
    ]


# Whatever a page claims: no time twice, none from the future, and every millisecond explained.

instants = st.integers(-100_000, 4_000_000)
claims = st.builds(
    Beat,
    seq=st.integers(0, 50),
    received_ms=instants.map(lambda ms: START + ms),
    page_ms=st.integers(-(10**8), 10**8).map(lambda ms: START + ms),
    waited_ms=st.integers(0, 2_000_000),
    position_ms=st.integers(0, 10**7),
    rate=st.floats(0, 64, width=32),
    playing=st.booleans(),
    visible=st.booleans(),
    idle_ms=st.integers(0, 10**6),
)
spans = st.tuples(instants, instants).map(lambda s: Span(START + min(s), START + max(s)))


@settings(deadline=None)
@given(
    st.lists(claims, max_size=40),
    st.lists(spans, max_size=3),
    st.booleans(),
    st.none() | instants.map(lambda ms: START + ms),
)
def test_no_claim_earns_more_than_the_time_that_passed(
    beats: list[Beat], rivals: list[Span], document: bool, ended_ms: int | None
) -> None:
    # P-2, P-4, P-8
    standing, latest, credited = FRESH, START, 0
    for each in beats:
        verdict = judge(
            standing,
            each,
            opening=DOCUMENT if document else VIDEO,
            rivals=rivals,
            ended_ms=ended_ms,
            void_ms=0,
            rules=RULES,
        )
        _explains_every_millisecond(standing, verdict)
        _keeps_out_of(rivals, verdict)
        standing, credited = verdict.standing, credited + verdict.credited_ms
        latest = max(latest, each.received_ms)
        assert 0 <= verdict.credited_ms <= RULES.beat_cap_ms
        assert standing.accounted_ms <= latest
        assert credited <= latest - START


def _explains_every_millisecond(before: Standing, verdict: Verdict) -> None:
    at = before.accounted_ms
    uncredited = 0
    for stretch in verdict.uncredited:
        assert at <= stretch.from_ms < stretch.until_ms
        at, uncredited = stretch.until_ms, uncredited + stretch.until_ms - stretch.from_ms
    accounted = verdict.standing.accounted_ms - before.accounted_ms
    assert at <= max(verdict.standing.accounted_ms, before.accounted_ms)
    assert verdict.credited_ms + uncredited == accounted


def _keeps_out_of(rivals: list[Span], verdict: Verdict) -> None:
    if any(r.from_ms <= START and r.until_ms >= START + 4_000_000 for r in rivals):
        assert verdict.credited_ms == 0


def test_the_state_is_what_the_last_beat_said() -> None:
    states = {
        State.COUNTING: beat(15),
        State.PAUSED: beat(15, playing=False),
        State.HIDDEN: beat(15, visible=False),
        State.IDLE: beat(15, idle_ms=300_000),
        State.TOO_FAST: beat(15, position_ms=900_000),
    }
    for state, said in states.items():
        verdict = judge(
            FRESH, said, opening=VIDEO, rivals=(), ended_ms=None, void_ms=0, rules=RULES
        )
        assert verdict.standing.state is state


def test_a_courseware_says_how_fast_it_may_run() -> None:
    # P-2
    slow = replace(VIDEO, max_rate=1.25)
    said = beat(15, rate=1.5, position_ms=22_500)
    verdict = judge(FRESH, said, opening=slow, rivals=(), ended_ms=None, void_ms=0, rules=RULES)
    assert (verdict.credited_ms, verdict.standing.state) == (0, State.TOO_FAST)


def test_time_before_a_restart_earns_nothing() -> None:
    # P-5
    verdict = judge(
        FRESH, beat(15), opening=VIDEO, rivals=(), ended_ms=None, void_ms=START + 9_000, rules=RULES
    )
    assert verdict.credited_ms == 6_000
    assert verdict.uncredited == (Stretch(Reason.RESTARTED, START, START + 9_000),)
