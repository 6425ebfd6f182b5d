"""What a beat costs with few and with a million enrolments, and how long a learner's pages take."""

import json
import random
import time
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from bench import ground, shards
from bench.goals import Goals
from bench.ground import Ground
from bench.load import Learner
from chassis.sessions import ALGORITHM, AUDIENCE, ISSUER
from services.progress.fold import fold
from services.progress.settings import ProgressSettings

FEW, MANY = 1_000, 1_000_000
STUDYING = 1_000
BEATS_EACH = 20
AT_ONCE = 20_000
FOLDED_AT_ONCE = 25  # messages of 20 requests
PAGE_P99_MS = 20
PAGES_EACH = 500
COSTS_AT_MOST = 1.5  # times as much with a million


async def measure(goals: Goals) -> None:
    async with ground.opened() as stands:
        few = await _cost(stands, await _with(stands, FEW))
        goals.told(f"a beat's fold with {FEW:,} enrolments, processor", few, "µs")
        people = await _with(stands, MANY - FEW)
        many = await _cost(stands, people)
        goals.told(f"a beat's fold with {MANY:,} enrolments, processor", many, "µs")
        goals.at_most("a million against a thousand", many / few, COSTS_AT_MOST, "times")
        await _read(goals, stands, people)


async def _with(stands: Ground, more: int) -> list[Learner]:
    """So many more enrolments; some of their learners, chosen at random."""
    people: list[Learner] = []
    while more > 0:
        made = await stands.learners(min(more, AT_ONCE), since_seconds=600)
        people += random.Random(more).sample(made, min(STUDYING, len(made)))
        more -= len(made)
    await stands.fetch("ANALYZE")
    return random.Random(1).sample(people, STUDYING)


async def _cost(stands: Ground, people: list[Learner]) -> float:
    """Processor time per beat of the fold and the database, in µs."""
    values = {key.lower(): value for key, value in stands.environment.items()}
    fields = ProgressSettings.model_fields
    settings = ProgressSettings(**{k: v for k, v in values.items() if k in fields})  # type: ignore[arg-type]
    bodies = [body for _, body in shards.messages(people, first_seq=0, beats=BEATS_EACH)]
    before = time.process_time() + stands.cpu_seconds()["database"]
    for first in range(0, len(bodies), FOLDED_AT_ONCE):
        await fold(stands.pool, settings, bodies[first : first + FOLDED_AT_ONCE])
    used = time.process_time() + stands.cpu_seconds()["database"] - before
    return 1e6 * used / (len(people) * BEATS_EACH)


async def _read(goals: Goals, stands: Ground, people: list[Learner]) -> None:
    """Pages of learners who have studied, one after the other, on a process of its own."""
    _, port = await stands.serve("path")
    key = OKPKey.import_key(json.loads(Path(stands.environment["SESSION_KEY_FILE"]).read_text()))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for path in ("/api/progress/enrolments", "/study", "/hours", "/api/progress/sessions/{}"):
            took = []
            for learner in random.Random(path).choices(people, k=PAGES_EACH):
                headers = {"Authorization": f"Bearer {_token(key, learner)}"}
                began = time.perf_counter()
                answer = await client.get(
                    path.format(UUID(bytes=learner.session_id)), headers=headers
                )
                took.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
            goals.at_most(f"GET {path}, p99", quantiles(took, n=100)[98], PAGE_P99_MS, "ms")


def _token(key: OKPKey, learner: Learner) -> str:
    now = int(time.time())
    claims = {"sub": str(UUID(bytes=learner.learner_id)), "kind": "learner", "name": "钟检"}
    standing = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "bench"}
    return jwt.encode(
        {"alg": ALGORITHM, "kid": key.kid},
        {**standing, **claims, "learner_kind": "newcomer"},
        key,
        algorithms=[ALGORITHM],
    )
