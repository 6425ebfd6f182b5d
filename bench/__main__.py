"""`make bench`: every measurement, one after the other."""

import asyncio
import sys

from bench import heartbeats


def main() -> None:
    sys.exit(0 if asyncio.run(heartbeats.run()) else "The goal was not reached.")


if __name__ == "__main__":
    main()
