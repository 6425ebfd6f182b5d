"""Is this process alive, and is everything behind it ready?"""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from chassis import metrics
from chassis.db import DATABASE_AWAY
from chassis.service import Kit
from chassis.web.who import Anyone

router = APIRouter(dependencies=[Anyone], include_in_schema=False)

PROBE_SECONDS = 2


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """200 only when the database and the bus are there."""
    checks = await check(request.app.state.kit)
    return JSONResponse(checks, 200 if all(checks.values()) else 503)


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    kit: Kit = request.app.state.kit
    return Response(await metrics.render(kit.name, kit.pool), media_type=metrics.CONTENT_TYPE)


async def check(kit: Kit) -> dict[str, bool]:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await kit.pool.fetchval("SELECT 1")
        database = True
    except DATABASE_AWAY:
        database = False
    return {"database": database, "bus": kit.bus.healthy()}
