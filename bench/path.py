"""The whole path, from HTTP through RabbitMQ to the commit in PostgreSQL, with every rule on.

In turn, several rounds in one run: an empty FastAPI route (what HTTP costs), one row upsert per
request without a broker (the obvious way), and the path: the service takes beats, a process of
its own credits them (`deploy.fold`). Then paced from outside, how long a beat waits for its
commit: for half a minute at 70 % of what the path took, told without a goal, for there the load
generator's own work has filled the cores; and for as long as is asked at 70 % of the load that is
the goal, where memory is watched too. Load generator, service, broker and database share the
machine's cores.
"""

import asyncio
import statistics
from dataclasses import dataclass

from bench import ground, load, processes
from bench.goals import Goals
from bench.ground import Ground
from chassis import ids
from deploy.servers.processes import Child

WARM_SECONDS = 2.0
LEARNERS = 5_000
SEQS_OF_A_LOAD = 1_000_000
SHARE_OF_EMPTY = 0.6
PACE = 0.7
CROWD_SECONDS = 30
COMMIT_P99_MS = 150
GROWTH_MB = 10  # a wave of the allocator; a leak of 100 bytes a beat would be 100 MB in 10 minutes
CONTESTANTS = ("empty", "upsert", "path")


async def measure(goals: Goals, *, rounds: int, seconds: float, minutes: float) -> None:
    async with ground.opened() as stands:
        bench = await _Bench.start(stands)
        rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for name in CONTESTANTS:
            await bench.round(name, WARM_SECONDS, 0)
        for number in range(1, rounds + 1):
            for name in CONTESTANTS:
                rates[name].append(await bench.round(name, seconds, number))
        middle = {name: statistics.median(found) for name, found in rates.items()}
        _compare(goals, rates, middle)
        await _crowd(goals, bench, PACE * middle["path"])
        await _pace(goals, bench, PACE * SHARE_OF_EMPTY * middle["empty"], minutes)


def _compare(goals: Goals, rates: dict[str, list[float]], middle: dict[str, float]) -> None:
    for name in CONTESTANTS:
        goals.told(f"{name}, beats a second", middle[name])
    pairs = zip(rates["path"], rates["empty"], strict=True)
    ratio = statistics.median(path / empty for path, empty in pairs)
    goals.at_least("path / empty route, median of the rounds", ratio, SHARE_OF_EMPTY)


async def _crowd(goals: Goals, bench: "_Bench", per_second: float) -> None:
    print(f"crowded  {await bench.paced(per_second, CROWD_SECONDS)}", flush=True)
    what = f"commit p99 at {per_second:.0f} beats/s ({PACE:.0%} of what it took)"
    goals.told(what, bench.commit_p99_ms, "ms")


async def _pace(goals: Goals, bench: "_Bench", per_second: float, minutes: float) -> None:
    """Minute by minute at a fixed pace; the first minute fills pools and caches."""
    memory = []
    for minute in range(max(1, round(minutes))):
        told = await bench.paced(per_second, 60.0 * min(minutes, 1))
        memory.append(bench.memory_mb())
        print(f"minute {minute + 1:>2}  {told}  service {memory[-1]:.0f} MB", flush=True)
        if minute == 0:
            goals.at_most(
                f"commit p99 at {per_second:.0f} beats/s ({PACE:.0%} of the goal)",
                bench.commit_p99_ms,
                COMMIT_P99_MS,
                "ms",
            )
    if len(memory) > 1:
        goals.at_most(
            f"growth of the service in {len(memory) - 1} min",
            memory[-1] - memory[0],
            GROWTH_MB,
            "MB",
        )


@dataclass
class _Bench:
    """The contestants, running."""

    stands: Ground
    running: dict[str, tuple[Child, int]]
    consumer: Child
    people: list[load.Learner]
    first_seq: int = 0
    answered: int = 0  # and so stored, or lost
    commit_p99_ms: float = 0.0

    @classmethod
    async def start(cls, stands: Ground) -> "_Bench":
        running = {name: await stands.serve(name) for name in CONTESTANTS}
        return cls(stands, running, await stands.fold(), await stands.learners(LEARNERS))

    def memory_mb(self) -> float:
        both = (self.running["path"][0].pid, self.consumer.pid)
        return sum(processes.memory_mb(pid) for pid in both)

    async def round(self, name: str, seconds: float, number: int) -> float:
        """Requests a second, answered (and for the path: committed) without exception."""
        since, before = await self._now(), self._used(name)
        result = await self.under(name, seconds)
        line = f"round {number}  {name:<7}{_told(result)}"
        if name == "path":
            line += await self._committed(since, result.answered)
        print(f"{line}\n{'':9}{self._cost(name, before, result)}", flush=True)
        return result.per_second

    async def paced(self, per_second: float, seconds: float) -> str:
        since, before = await self._now(), self._used("path")
        result = await self.under("path", seconds, per_second=per_second)
        line = _told(result) + await self._committed(since, result.answered)
        return f"{line}  {self._cost('path', before, result)}"

    async def under(
        self, name: str, seconds: float, *, per_second: float | None = None
    ) -> load.Result:
        people = self.people
        if name == "upsert":
            people = [load.Learner(str(ids.new_id()), page.started) for page in people]
        first_seq, self.first_seq = self.first_seq, self.first_seq + SEQS_OF_A_LOAD
        port = self.running[name][1]
        wanted = load.Load(port, people, seconds, first_seq, per_second)
        return await asyncio.to_thread(load.run, wanted)

    async def _now(self) -> object:
        return await self.stands.pool.fetchval("SELECT now()")

    def _used(self, name: str) -> dict[str, float]:
        service = processes.cpu_seconds(self.running[name][0].pid)
        consumer = processes.cpu_seconds(self.consumer.pid) if name == "path" else 0.0
        return {"service": service, "consumer": consumer, **self.stands.cpu_seconds()}

    def _cost(self, name: str, before: dict[str, float], result: load.Result) -> str:
        """Processor time of each part per beat: it says what limits, also on a busy machine."""
        after, beats = self._used(name), max(result.answered, 1)
        spent = {part: after[part] - before[part] for part in before}
        spent["load"] = result.cpu_seconds
        return "processor µs per beat: " + "  ".join(
            f"{part} {1e6 * used / beats:.0f}" for part, used in spent.items()
        )

    async def _committed(self, since: object, answered: int) -> str:
        """Wait until everything that was answered is stored; how long each beat took."""
        self.answered += answered
        await self.stands.drained(self.answered)
        [row] = await self.stands.fetch(
            """
            SELECT count(*) AS stored,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
                   percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
              FROM (SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at)
                           AS ms
                      FROM beats
                     WHERE received_at >= $1) AS each
            """,
            since,
        )
        self.commit_p99_ms = float(row["p99"] or 0)
        lost = "" if row["stored"] >= answered else f"   {answered - row['stored']} LOST"
        return f"   commit p50 {row['p50']:5.1f} ms  p99 {row['p99']:6.1f} ms{lost}"


def _told(result: load.Result) -> str:
    refused = f"   {result.refused} REFUSED" if result.refused else ""
    return (
        f"{result.per_second:7.0f} beats/s   answer p50 {result.latency_ms(0.5):5.1f} ms"
        f"  p99 {result.latency_ms(0.99):6.1f} ms{refused}"
    )
