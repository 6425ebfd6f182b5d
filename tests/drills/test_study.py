"""The short cut of the drill with study beats for every test run."""

import pytest

from tests.drills import study


@pytest.mark.timeout(180)
async def test_what_was_studied_through_outages_and_kills_is_credited_exactly() -> None:
    # P-8
    plan = study.Plan(rabbitmq_seconds=2, postgresql_seconds=3, kills=2, pages=10)
    report = await study.run(plan)

    assert report.beats > 0
    assert report.answers <= {202, 503}
    assert report.differences == []
