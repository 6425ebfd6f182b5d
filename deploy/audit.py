"""`make audit`: compute what is owed to people again from the records, and compare.

With DATABASE_URL, of that server; else of the one in DATA_DIR, whether the platform runs or not.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.db import open_pool
from deploy import prepare
from deploy.servers.postgres import PostgresServer, running_url
from services.progress import audit as progress_audit

SHOWN = 20


async def run() -> bool:
    """True when every figure agrees."""
    data_dir = Path(os.environ.get("DATA_DIR", "var")).absolute()
    async with _server(data_dir) as url:
        databases = await prepare.databases(url, data_dir)
        await prepare.migrate_service("progress", databases["progress"])
        pool = await open_pool(databases["progress"], name="audit")
        try:
            report = await progress_audit.audit(pool)
        finally:
            await pool.close()
    print(f"progress: {report.learners} learners, {report.beats} beats replayed", flush=True)
    for one in report.differences[:SHOWN]:
        print(f"  {one.learner_id} {one.figure}: stored {one.stored}, computed {one.computed}")
    agree = not report.differences
    print("  every figure agrees" if agree else f"  {len(report.differences)} figures differ")
    return agree


@asynccontextmanager
async def _server(data_dir: Path) -> AsyncIterator[str]:
    if url := os.environ.get("DATABASE_URL") or running_url(data_dir / "postgres"):
        yield url
        return
    async with PostgresServer(data_dir / "postgres") as server:
        yield server.url


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run()) else 1)
