"""Receiving study beats: a list is folded whole; a body that cannot be is parked alone."""

import hashlib
from functools import partial

import structlog

from chassis import inbox
from chassis.bus import ReceiveBeats
from chassis.consumer import explain
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool
from contracts.envelope import Message

log = structlog.get_logger()

NAME = "progress.heartbeats_received.v1"


def receiver(pool: Pool, fold: ReceiveBeats) -> ReceiveBeats:
    """`fold`, with poison set aside. It raises only when the database is away: try again then."""
    return partial(_receive, pool, fold)


async def _receive(pool: Pool, fold: ReceiveBeats, bodies: list[bytes]) -> None:
    try:
        await fold(bodies)
    except (*DATABASE_AWAY, *TRY_AGAIN):
        raise
    except Exception:
        log.exception("beats_not_folded", messages=len(bodies))
        for body in bodies:
            await _receive_one(pool, fold, body)


async def _receive_one(pool: Pool, fold: ReceiveBeats, body: bytes) -> None:
    try:
        await fold([body])
    except (*DATABASE_AWAY, *TRY_AGAIN):
        raise
    except Exception as reason:
        message = Message(hashlib.sha256(body).hexdigest(), NAME, body, {})
        await inbox.park(pool, message, reason=explain(reason))
