"""Kill every process of the stack under load, then look for what got lost or happened twice."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from deploy.prepare import SERVICES
from deploy.servers.processes import free_port
from deploy.stack.stack import Stack
from tests.drills.compare import Findings, compare
from tests.drills.load import Acknowledged, Shopper
from tests.journeys.person import CAPTCHA_ANSWER

SETTLE_SECONDS = 3.0  # a younger quorum queue may lose its log to kill -9
READY_SECONDS = 60.0
DRAIN_SECONDS = 90.0


@dataclass(frozen=True)
class Plan:
    """How often each is killed, and how many learners are at it meanwhile."""

    services: int = 5
    postgresql: int = 2
    rabbitmq: int = 2
    learners: int = 12

    def victims(self) -> list[str]:
        """All kills in a random order that is the same each time."""
        servers = ["postgresql"] * self.postgresql + ["rabbitmq"] * self.rabbitmq
        everybody = [*(*SERVICES, "fold") * self.services, *servers]
        random.Random(1).shuffle(everybody)
        return everybody


@dataclass
class Report:
    journal: Acknowledged
    findings: Findings = field(default_factory=Findings)
    recoveries: list[tuple[str, float]] = field(default_factory=list)  # who, seconds until ready
    drained_seconds: float = 0.0

    def lines(self) -> list[str]:
        slowest = max(self.recoveries, key=lambda each: each[1])
        counts = ", ".join(f"{what}: {n}" for what, n in sorted(self.journal.answers.items()))
        journal = self.journal
        return [
            f"{len(self.recoveries)} kills; slowest recovery {slowest[1]:.1f} s ({slowest[0]})",
            f"acknowledged: {len(journal.mobiles)} accounts, {len(journal.orders)} orders, "
            f"{len(journal.paid)} payments, {len(journal.beats)} heartbeats",
            f"answers by status: {counts}",
            f"everything had arrived {self.drained_seconds:.1f} s after the load ended",
            f"lost: {len(self.findings.lost)}   twice: {len(self.findings.twice)}",
            *self.findings.lost[:10],
            *self.findings.twice[:10],
        ]


async def run(data_dir: Path, plan: Plan, say: Callable[[str], None] = lambda line: None) -> Report:
    """Raises when the platform answered wrongly under load; the report says what is stored."""
    environment = {
        "CAPTCHA_ANSWER": CAPTCHA_ANSWER,
        "BEAT_INTERVAL_SECONDS": "1",
        "LOG_LEVEL": "ERROR",
    }
    report = Report(Acknowledged())
    async with AsyncExitStack() as entered:
        stack = Stack(data_dir, free_port(), environment=environment, private=True, say=say)
        await entered.enter_async_context(stack)
        say("The stack is ready; the load begins.")
        await asyncio.sleep(SETTLE_SECONDS)
        await _under_load(stack, plan, report, say)
        await _settle(stack, report)
    return report


async def _under_load(stack: Stack, plan: Plan, report: Report, say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    shoppers = [Shopper(stack.url, journal=report.journal) for _ in range(plan.learners)]
    async with asyncio.TaskGroup() as group:
        for shopper in shoppers:
            group.create_task(shopper.live(stop))
        for victim in plan.victims():
            await asyncio.sleep(random.uniform(0.3, 1.5))
            report.recoveries.append((victim, await _kill(stack, victim)))
            say(f"killed {victim}: ready again after {report.recoveries[-1][1]:.1f} s")
        stop.set()
    for shopper in shoppers:
        await shopper.close()


async def _kill(stack: Stack, victim: str) -> float:
    """Kill -9 and wait until everything is ready again; how long that took."""
    began = time.monotonic()
    before = stack.pid(victim)
    stack.kill(victim)
    async with asyncio.timeout(READY_SECONDS):
        while stack.pid(victim) in (None, before):
            await asyncio.sleep(0.02)
    await stack.wait_ready(READY_SECONDS)
    return time.monotonic() - began


async def _settle(stack: Stack, report: Report) -> None:
    """Wait until what is on its way has arrived, then look once more."""
    began = time.monotonic()
    while True:
        report.findings = await compare(report.journal, stack.databases, stack.url)
        report.drained_seconds = time.monotonic() - began
        if not report.findings.lost or report.drained_seconds > DRAIN_SECONDS:
            return
        await asyncio.sleep(0.5)
