"""The short cut of `make drill` for every test run."""

from pathlib import Path

import pytest

from deploy.prepare import SERVICES
from tests.drills import drill


@pytest.mark.timeout(300)
async def test_killing_every_process_once_loses_nothing_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    plan = drill.Plan(services=1, postgresql=1, rabbitmq=1, learners=6)
    report = await drill.run(tmp_path, plan)

    assert report.journal.facts() > 0
    assert len(report.recoveries) == len(plan.victims()) == len(SERVICES) + 3
    assert report.findings.lost == []
    assert report.findings.twice == []
