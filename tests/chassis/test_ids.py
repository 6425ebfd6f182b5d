"""Identifiers grow with time, to the millisecond."""

from datetime import timedelta

from chassis import clock, ids


def test_the_first_id_of_an_instant_parts_older_from_newer_ones() -> None:
    made = ids.new_id()
    now = clock.now()
    assert (
        ids.first_id(now - timedelta(seconds=1)) < made < ids.first_id(now + timedelta(seconds=1))
    )
