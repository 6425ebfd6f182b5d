"""What the heartbeat path is compared with: an empty route, and one upsert per request.

`python -m bench.peers empty|upsert PORT` serves one of them as the services are served.
"""

import os
import sys
from datetime import datetime
from uuid import UUID

import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

from chassis.db import Pool, open_pool
from deploy.host import server

PATH = "/api/progress/heartbeats"


class Beat(BaseModel):
    seq: int
    at: datetime
    playing: bool
    visible: bool
    idle_seconds: float
    position_seconds: float
    playback_rate: float


class Beats(BaseModel):
    session_token: str
    beats: list[Beat]


def empty() -> FastAPI:
    """A route that does nothing: what HTTP itself costs."""
    app = FastAPI()

    @app.post(PATH, status_code=202)
    async def take() -> dict[str, int]:
        return {"accepted": 1}

    return app


def upsert(pool: Pool) -> FastAPI:
    """The obvious way: read the body, write one row, answer. No broker, no rules."""
    app = FastAPI()

    @app.post(PATH, status_code=202)
    async def take(body: Beats) -> dict[str, int]:
        beat = body.beats[-1]
        await pool.execute(
            """
            INSERT INTO last_beats (session_id, seq, at, position_seconds)
                 VALUES ($1, $2, $3, $4)
            ON CONFLICT (session_id) DO UPDATE
                    SET seq = EXCLUDED.seq,
                        at = EXCLUDED.at,
                        position_seconds = EXCLUDED.position_seconds
            """,
            UUID(body.session_token),
            beat.seq,
            beat.at,
            beat.position_seconds,
        )
        return {"accepted": len(body.beats)}

    return app


async def serve(kind: str, port: int) -> None:
    if kind == "empty":
        return await server(empty(), port).serve()
    pool = await open_pool(os.environ["DATABASE_URL"], name="upsert")
    await pool.execute(
        """
        CREATE TABLE IF NOT EXISTS last_beats (
            session_id        uuid PRIMARY KEY,
            seq               integer,
            at                timestamptz,
            position_seconds  double precision
        )
        """
    )
    return await server(upsert(pool), port).serve()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
