"""The progress service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis import clock
from chassis.db import Pool
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import (
    api,
    consumers,
    fold,
    overdue,
    pages,
    record_pages,
    scanning,
    staff,
    staff_statements,
    statement_sender,
)
from .batcher import Batcher
from .heartbeats import PATH, Heartbeats
from .settings import ProgressSettings
from .store import beats, records, sessions
from .streams import Watch

SILENT_EVERY_SECONDS = 600
PARTS_EVERY_SECONDS = 6 * 3600


def create(settings: ProgressSettings, kit: Kit) -> Service:
    """Everything of progress on this kit."""
    batcher = Batcher(kit.bus.send_to_shard, window_seconds=settings.beat_batch_milliseconds / 1000)
    heartbeats = Heartbeats(batcher, settings.beat_token_key.get_secret_value())
    app = create_app(
        "progress",
        kit,
        routers=[
            pages.router,
            record_pages.router,
            api.router,
            *staff.routers,
            staff_statements.router,
        ],
        here=Path(__file__).parent,
        fast={PATH: heartbeats},
    )
    watch = Watch(settings.database_url.get_secret_value())
    app.state.watch = watch
    end_silent = partial(_end_silent, kit.pool, settings)
    return Service(
        name="progress",
        app=app,
        consumer=consumers.consumer,
        workers=[
            watch.run,
            every(
                overdue.EVERY_SECONDS,
                partial(overdue.miss_overdue, kit.pool, settings),
                name="progress miss overdue questions",
            ),
            every(
                PARTS_EVERY_SECONDS,
                partial(beats.make_partitions, kit.pool),
                name="progress make beat partitions",
            ),
            every(SILENT_EVERY_SECONDS, end_silent, name="progress end silent sessions"),
            *statement_sender.workers(settings, kit.pool),
            every(
                scanning.SCAN_EVERY_SECONDS,
                partial(scanning.scan, kit.pool, settings),
                name="progress suspicious patterns",
            ),
        ],
        beats=partial(fold.fold, kit.pool, settings) if settings.folds_beats else None,
        lifespan=partial(_rules_kept, kit.pool, settings),
        stopping=watch.stop,
    )


@asynccontextmanager
async def _rules_kept(pool: Pool, settings: ProgressSettings) -> AsyncIterator[None]:
    """Before the first beat is judged it is on record by which bounds."""
    await records.keep_rules(pool, settings.rules)
    yield


async def _end_silent(pool: Pool, settings: ProgressSettings) -> None:
    """Sessions whose token has run out without a word end where they fell silent."""
    silence_seconds = settings.rules.silence_ms / 1000
    await sessions.end_silent(pool, settings.forgotten_before(clock.now()), silence_seconds)
