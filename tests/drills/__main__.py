"""`make drill`: each service killed 5 times under load, PostgreSQL and RabbitMQ twice each."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from deploy.servers.processes import say_to_terminal
from tests.drills import drill


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=5, help="kills of each service")
    parser.add_argument("--postgresql", type=int, default=2)
    parser.add_argument("--rabbitmq", type=int, default=2)
    parser.add_argument("--learners", type=int, default=12, help="at the same time")
    plan = drill.Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="tic-edu-drill-") as folder:
        report = asyncio.run(drill.run(Path(folder), plan, say_to_terminal))
    say_to_terminal("\n".join(["", *report.lines()]))
    return 1 if report.findings.lost or report.findings.twice else 0


if __name__ == "__main__":
    sys.exit(main())
