"""What a service is made of, and how its background work runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI

from chassis import beats, outbox
from chassis.bus import Bus, BusAway, ReceiveBeats
from chassis.consumer import Consumer
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool
from chassis.files import Files
from chassis.sessions import SessionKeys
from chassis.settings import Settings

log = structlog.get_logger()

Worker = Callable[[], Awaitable[None]]

RETRY_SECONDS = 1.0
PRUNE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Kit:
    """What a service is given to stand on."""

    name: str
    settings: Settings
    pool: Pool
    bus: Bus
    files: Files
    sessions: SessionKeys


@dataclass(frozen=True, slots=True)
class Service:
    """One service, wired. `workers` never return; `lifespan` is entered before anything runs;
    `stopping` is called when the process is asked to end, to finish answers without an end."""

    name: str
    app: FastAPI
    consumer: Consumer
    workers: Sequence[Worker] = ()
    beats: ReceiveBeats | None = None
    lifespan: Callable[[], AbstractAsyncContextManager[Any]] = field(default=nullcontext)
    stopping: Callable[[], None] | None = None


def every(seconds: float, action: Callable[[], Awaitable[object]], *, name: str) -> Worker:
    """A worker that repeats an action for ever, also after it failed; until it is cancelled, even
    where a library swallows that (`asyncio.wait_for` of Python 3.11 may)."""

    async def work() -> None:
        while not is_cancelled():
            try:
                await action()
            except (*DATABASE_AWAY, *TRY_AGAIN, BusAway) as reason:
                log.warning("worker_waits", worker=name, reason=type(reason).__name__)
            except Exception:
                log.exception("worker_failed", worker=name)
            await asyncio.sleep(seconds)
        raise asyncio.CancelledError

    return work


def is_cancelled() -> bool:
    """Whether somebody has asked the running task to end. Libraries raise CancelledError for
    reasons of their own, and swallow ours."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def run_background(service: Service, kit: Kit) -> None:
    """Relay, consume, retry and work until cancelled. A broken part ends this with its error."""
    consumer, pool = service.consumer, kit.pool
    async with service.lifespan(), asyncio.TaskGroup() as group:
        if consumer.handlers:
            receive = partial(consumer.receive, pool)
            await kit.bus.subscribe(service.name, consumer.names, receive)
        if service.beats is not None:
            await kit.bus.subscribe_shards(beats.receiver(pool, service.beats))
        url = kit.settings.database_url.get_secret_value()
        group.create_task(outbox.relay_forever(url, pool, kit.bus), name=f"{service.name} relay")
        chores = [
            every(RETRY_SECONDS, partial(consumer.retry, pool), name=f"{service.name} retry"),
            every(PRUNE_SECONDS, partial(outbox.prune, pool), name=f"{service.name} prune"),
        ]
        for worker in [*chores, *service.workers]:
            group.create_task(_forever(worker))


async def _forever(worker: Worker) -> None:
    await worker()
    raise RuntimeError("a worker must not return")
