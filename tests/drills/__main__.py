"""`make drill`: each service killed 5 times under load, PostgreSQL and RabbitMQ twice each; then
pages that study while RabbitMQ is away for 60 s, PostgreSQL for 30 s, and 20 kills of the consumer.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from deploy.servers.processes import say_to_terminal
from tests.drills import drill, study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("services", "study"), help="default: both")
    parser.add_argument("--services", type=int, default=5, help="kills of each service")
    parser.add_argument("--postgresql", type=int, default=2)
    parser.add_argument("--rabbitmq", type=int, default=2)
    parser.add_argument("--learners", type=int, default=12, help="at the same time")
    given = vars(parser.parse_args())
    only = given.pop("only")
    wrong = 0
    if only != "study":
        wrong += _services(drill.Plan(**given))
    if only != "services":
        wrong += _study()
    return 1 if wrong else 0


def _services(plan: drill.Plan) -> int:
    with tempfile.TemporaryDirectory(prefix="tic-edu-drill-") as folder:
        report = asyncio.run(drill.run(Path(folder), plan, say_to_terminal))
    say_to_terminal("\n".join(["", *report.lines()]))
    return len(report.findings.lost) + len(report.findings.twice)


def _study() -> int:
    report = asyncio.run(study.run(study.Plan(), say_to_terminal))
    differences = len(report.differences)
    say_to_terminal(f"study: {report.beats} beats, differences from the model: {differences}")
    say_to_terminal("\n".join(report.differences[:10]))
    return differences


if __name__ == "__main__":
    sys.exit(main())
