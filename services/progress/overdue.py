"""The worker that ends questions whose limit has run out (P-5)."""

import structlog

from chassis import clock
from chassis.db import Pool, transaction

from . import actions
from .settings import ProgressSettings
from .store import questions

log = structlog.get_logger()

EVERY_SECONDS = 1.0


async def miss_overdue(pool: Pool, settings: ProgressSettings) -> None:
    """Start each courseware again whose question was left unanswered. Replicas may do it too."""
    now = clock.now()
    for asked in await questions.list_overdue(pool, now):
        async with transaction(pool) as tx:
            missed = await actions.miss_overdue(
                tx, settings, asked.asking_id, asked.learner_id, now=now
            )
        if missed:
            log.info("question_missed", session_id=str(asked.session_id))
