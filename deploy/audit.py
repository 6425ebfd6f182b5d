"""`make audit`: compute what is owed to people again from the records and the books, and compare.

With DATABASE_URL, of that server; else of the one in DATA_DIR, whether the platform runs or not.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.db import Pool, open_pool
from deploy import prepare
from deploy.servers.postgres import PostgresServer, running_url
from services.payments import auditor
from services.progress import audit as progress_audit

SHOWN = 20


async def run() -> bool:
    """True when every figure agrees."""
    data_dir = Path(os.environ.get("DATA_DIR", "var")).absolute()
    async with _server(data_dir) as url:
        databases = await prepare.databases(url, data_dir)
        agree = [
            await _run("progress", databases["progress"], _study),
            await _run("payments", databases["payments"], _money),
        ]
    return all(agree)


async def _run(service: str, url: str, audit: Callable[[Pool], Awaitable[list[str]]]) -> bool:
    await prepare.migrate_service(service, url)
    pool = await open_pool(url, name="audit")
    try:
        differences = await audit(pool)
    finally:
        await pool.close()
    for line in differences[:SHOWN]:
        print(f"  {line}")
    print(f"  {len(differences)} figures differ" if differences else "  every figure agrees")
    return not differences


async def _study(pool: Pool) -> list[str]:
    report = await progress_audit.audit(pool)
    print(f"progress: {report.learners} learners, {report.beats} beats replayed", flush=True)
    return [
        f"{one.learner_id} {one.figure}: stored {one.stored}, computed {one.computed}"
        for one in report.differences
    ]


async def _money(pool: Pool) -> list[str]:
    report = await auditor.look(pool)
    print(f"payments: {report.figures.total()} sums computed from the books", flush=True)
    return [
        f"{one.check} {one.subject}: stored {one.stored_fen}, computed {one.computed_fen} fen"
        for one in report.differences
    ]


@asynccontextmanager
async def _server(data_dir: Path) -> AsyncIterator[str]:
    if url := os.environ.get("DATABASE_URL") or running_url(data_dir / "postgres"):
        yield url
        return
    async with PostgresServer(data_dir / "postgres") as server:
        yield server.url


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run()) else 1)
