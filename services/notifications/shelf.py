"""The worker that clears the parcels' shelf: no secret lies about for longer than it is needed."""

from datetime import timedelta
from typing import Final

import structlog

from chassis import clock
from chassis.db import Pool
from chassis.parcels import Parcels

from . import store

log = structlog.get_logger()

PRUNE_SECONDS: Final = 3600.0


async def prune(pool: Pool, parcels: Parcels, kept: timedelta) -> int:
    """Delete the parcels that were left longer ago than `kept`; return how many. One that a mail
    still waits for stays, however old."""
    old = await parcels.sealed_before(clock.now() - kept)
    awaited = await store.list_awaited(pool, old)
    done = [parcel_id for parcel_id in old if parcel_id not in awaited]
    for parcel_id in done:
        await parcels.delete(parcel_id)
    if done:
        log.info("parcels_deleted", count=len(done))
    return len(done)
