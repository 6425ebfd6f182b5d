"""The time band of a day: every second has its part. Pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.progress.model import UncreditedTime
from services.progress.timeline import (
    CREDITED,
    MAX_PARTS,
    RESTARTED,
    Band,
    OpenTime,
    Voided,
    band,
    within,
)

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def drawn(whole: Band) -> list[tuple[str, int]]:
    return [(part.reason, part.seconds) for part in whole.parts]


def test_what_has_no_reason_was_credited() -> None:
    # P-9
    whole = band([OpenTime(at(0), at(100))], [UncreditedTime("idle", at(40), at(70))])
    assert drawn(whole) == [(CREDITED, 40), ("idle", 30), (CREDITED, 30)]
    assert (whole.seconds, whole.credited_seconds) == (100, 70)
    assert whole.reasons == [CREDITED, "idle"]


def test_a_page_opened_again_goes_on_in_the_same_band() -> None:
    whole = band(
        [OpenTime(at(0), at(60)), OpenTime(at(200), at(260))],
        [
            UncreditedTime("lost_network", at(50), at(60)),
            UncreditedTime("hidden", at(200), at(210)),
        ],
    )
    assert drawn(whole) == [(CREDITED, 50), ("lost_network", 10), ("hidden", 10), (CREDITED, 50)]


def test_pieces_too_short_to_see_are_left_out() -> None:
    whole = band([OpenTime(at(0), at(60))], [UncreditedTime("paused", at(20), at(20.4))])
    assert drawn(whole) == [(CREDITED, 60)]


def test_nothing_studied_is_an_empty_band() -> None:
    assert band([], []) == Band()
    assert Band().shares == []


def test_a_restless_day_shows_its_latest_parts() -> None:
    stretches = [UncreditedTime("paused", at(10 * n), at(10 * n + 5)) for n in range(200)]
    whole = band([OpenTime(at(0), at(2000))], stretches)
    assert len(whole.parts) == MAX_PARTS
    assert whole.parts[-1].until_at == at(2000)
    assert (whole.seconds, whole.credited_seconds, whole.left_out) == (2000, 1000, 280)


def test_what_a_restart_took_back_does_not_count_and_keeps_its_reasons() -> None:
    # P-5, P-9
    whole = band(
        [OpenTime(at(0), at(100))],
        [UncreditedTime("idle", at(40), at(60))],
        [Voided(at(10), at(50)), Voided(at(30), at(70))],
    )
    assert drawn(whole) == [
        (CREDITED, 10),
        (RESTARTED, 30),
        ("idle", 20),
        (RESTARTED, 10),
        (CREDITED, 30),
    ]
    assert (whole.seconds, whole.credited_seconds) == (100, 40)


def test_two_pages_of_one_courseware_are_one_time() -> None:
    whole = band(
        [OpenTime(at(0), at(60)), OpenTime(at(30), at(90)), OpenTime(at(40), at(50))],
        [UncreditedTime("second_courseware", at(30), at(60))],
    )
    assert drawn(whole) == [(CREDITED, 30), ("second_courseware", 30), (CREDITED, 30)]


def test_a_session_over_midnight_is_cut_at_it() -> None:
    opened = [OpenTime(at(-50), at(50)), OpenTime(at(60), at(70)), OpenTime(at(100), at(110))]
    assert within(opened, at(0), at(100)) == [OpenTime(at(0), at(50)), OpenTime(at(60), at(70))]


@settings(deadline=None)
@given(
    st.lists(st.integers(2, 50), min_size=1, max_size=12),
    st.lists(st.sampled_from(["idle", "paused", CREDITED]), min_size=12, max_size=12),
)
def test_the_shares_fill_the_band(lengths: list[int], reasons: list[str]) -> None:
    stretches, since = [], 0
    for length, reason in zip(lengths, reasons, strict=False):
        if reason != CREDITED:
            stretches.append(UncreditedTime(reason, at(since), at(since + length)))
        since += length
    whole = band([OpenTime(at(0), at(since))], stretches)
    assert abs(sum(share for _, share in whole.shares) - 1) < 1e-9
    assert whole.seconds == since
