"""What a beat costs with few and with a million enrolments, and how long a learner's pages take.

Learners are chosen in two ways: those who came last, whose rows stand side by side as the rows of
people who study at the same time mostly do, and learners chosen from all at random, each on pages
of their own. The first says whether the tables' size costs anything, the second what the worst
scatter costs: a processor's caches, not PostgreSQL's indexes.
"""

import json
import random
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import asyncpg
import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from bench import ground, processes, shards
from bench.goals import Goals
from bench.ground import Ground
from bench.load import Learner
from chassis.sessions import ALGORITHM, AUDIENCE, ISSUER
from services.progress.fold import fold
from services.progress.settings import ProgressSettings

FEW, MANY = 1_000, 1_000_000
STUDYING = 1_000
BEATS_EACH = 24
WARM_BEATS = 4  # after a checkpoint PostgreSQL writes each page whole once: not counted
AT_ONCE = 20_000
FOLDED_AT_ONCE = 25  # messages of 20 requests
PAGE_P99_MS = 20
GROWTH = 1.25  # an index a thousand times as large has two more levels; more would be growth
PAGES_EACH = 500
PATHS = ("/api/progress/enrolments", "/study", "/hours", "/api/progress/sessions/{}")


async def measure(goals: Goals) -> None:
    """The few are the yardstick for the many: the same machine, as busy as it is."""
    async with ground.opened() as stands:
        costs = []
        for more, number in ((FEW, FEW), (MANY - FEW, MANY)):
            people = await _with(stands, more)
            scattered = await _cost(stands, people)
            costs.append(await _cost(stands, await stands.learners(STUDYING, since_seconds=600)))
            for who, cost in (("who came last", costs[-1]), ("at random", scattered)):
                for part, used in cost.items():
                    goals.told(f"a beat with {number:,} enrolments, {who}, {part}", used, "µs")
            await _read(goals, stands, people, number)
        few, many = (sum(cost.values()) for cost in costs)
        goals.at_most(f"cost of a beat, {MANY:,} / {FEW:,}, who came last", many / few, GROWTH)


async def _with(stands: Ground, more: int) -> list[Learner]:
    """So many more enrolments; some of their learners, chosen at random."""
    people: list[Learner] = []
    while more > 0:
        made = await stands.learners(min(more, AT_ONCE), since_seconds=600)
        people += random.Random(more).sample(made, min(STUDYING, len(made)))
        more -= len(made)
    await _settle(stands)
    return random.Random(1).sample(people, STUDYING)


async def _settle(stands: Ground) -> None:
    """What loading has left to do is done now, and not counted as the cost of beats."""
    connection = await asyncpg.connect(stands.url)
    try:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _cost(stands: Ground, people: list[Learner]) -> dict[str, float]:
    """Processor time per beat, in µs."""
    values = {key.lower(): value for key, value in stands.environment.items()}
    fields = ProgressSettings.model_fields
    settings = ProgressSettings(**{k: v for k, v in values.items() if k in fields})  # type: ignore[arg-type]
    bodies = [body for _, body in shards.messages(people, first_seq=0, beats=BEATS_EACH)]
    told = len(bodies) // BEATS_EACH * WARM_BEATS
    await _fold(stands, settings, bodies[:told])
    own, database = time.process_time(), stands.cpu_seconds()["database"]
    await _fold(stands, settings, bodies[told:])
    per_beat = 1e6 / (len(people) * (BEATS_EACH - WARM_BEATS))
    return {
        "consumer": per_beat * (time.process_time() - own),
        "database": per_beat * (stands.cpu_seconds()["database"] - database),
    }


async def _fold(stands: Ground, settings: ProgressSettings, bodies: list[bytes]) -> None:
    for first in range(0, len(bodies), FOLDED_AT_ONCE):
        await fold(stands.pool, settings, bodies[first : first + FOLDED_AT_ONCE])


async def _read(goals: Goals, stands: Ground, people: list[Learner], number: int) -> None:
    """Pages of learners who have studied, one after the other, on a process of its own."""
    async with AsyncExitStack() as stack:
        child, port = await stands.serve("progress", to=stack)
        url = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False))
        for path in PATHS:
            before = processes.cpu_seconds(child.pid) + stands.cpu_seconds()["database"]
            took = [
                await _get(client, stands, path, learner)
                for learner in random.Random(path).choices(people, k=PAGES_EACH)
            ]
            used = processes.cpu_seconds(child.pid) + stands.cpu_seconds()["database"] - before
            told = f"p50 {median(took):.1f} ms, processor {1000 * used / len(took):.1f} ms"
            print(f"GET {path}: {told}")
            p99 = quantiles(took, n=100)[98]
            if number == MANY:
                goals.at_most(f"GET {path}, {number:,} enrolments, p99", p99, PAGE_P99_MS, "ms")
            else:
                goals.told(f"GET {path}, {number:,} enrolments, p99", p99, "ms")


async def _get(client: httpx.AsyncClient, stands: Ground, path: str, learner: Learner) -> float:
    """How long an answer took, in ms."""
    headers = {"Authorization": f"Bearer {_token(stands, learner)}"}
    began = time.perf_counter()
    answer = await client.get(path.format(UUID(bytes=learner.session_id)), headers=headers)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return 1000 * (time.perf_counter() - began)


def _token(stands: Ground, learner: Learner) -> str:
    key = OKPKey.import_key(json.loads(Path(stands.environment["SESSION_KEY_FILE"]).read_text()))
    now = int(time.time())
    claims = {"sub": str(UUID(bytes=learner.learner_id)), "kind": "learner", "name": "钟检"}
    standing = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "bench"}
    return jwt.encode(
        {"alg": ALGORITHM, "kid": key.kid},
        {**standing, **claims, "learner_kind": "newcomer"},
        key,
        algorithms=[ALGORITHM],
    )
