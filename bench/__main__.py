"""`make bench`: the measurements, one after the other, and the goals beside them.

`make bench ARGS="path --minutes 10"` picks some.
"""

import argparse
import asyncio
import sys

from bench import consumer, growth, handover, path, payments
from bench.goals import Goals

NAMES = ("path", "consumer", "growth", "handover", "payments")


async def run(chosen: argparse.Namespace) -> Goals:
    goals = Goals()
    for name in chosen.names or NAMES:
        if name == "path":
            await path.measure(
                goals, rounds=chosen.rounds, seconds=chosen.seconds, minutes=chosen.minutes
            )
        elif name == "consumer":
            await consumer.measure(goals)
        elif name == "growth":
            await growth.measure(goals)
        elif name == "handover":
            await handover.measure(goals)
        else:
            await payments.measure(goals)
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(NAMES), help="default: all")
    parser.add_argument("--rounds", type=int, default=3, help="of the path and its yardsticks")
    parser.add_argument("--seconds", type=float, default=8, help="of each round")
    parser.add_argument("--minutes", type=float, default=0.5, help="at a fixed pace")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    goals = asyncio.run(run(chosen))
    print("\n".join(["", *goals.lines]))
    sys.exit(0 if goals.reached else f"{goals.missed} goals were missed.")


if __name__ == "__main__":
    main()
