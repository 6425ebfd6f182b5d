"""The door of time: what happens because a day has come, or because work was left for later."""

from datetime import date, timedelta
from uuid import UUID

import structlog

from chassis import clock
from chassis.db import DATABASE_AWAY, Pool, transaction

from . import actions
from .store import certificates, learners

log = structlog.get_logger()

KEEP_SEARCHES = timedelta(hours=1)


async def issue_what_is_due(pool: Pool, *, today: date | None = None) -> int:
    """Issue the certificates whose cohort's date has come in Shanghai; return how many. One
    learner's failure keeps no other waiting."""
    today = today or clock.today()
    issued = 0
    for learner_id in await learners.list_due(pool, today=today):
        try:
            issued += await _issue(pool, learner_id, today=today)
        except DATABASE_AWAY:
            raise
        except Exception:
            log.exception("certificate_not_issued", learner_id=str(learner_id))
    return issued


async def _issue(pool: Pool, learner_id: UUID, *, today: date) -> int:
    async with transaction(pool) as tx:
        made = await actions.issue_due(tx, learner_id=learner_id, today=today)
    for certificate in made:
        log.info("certificate_issued", number=certificate.number, trigger="date")
    return len(made)


async def forget_searches(pool: Pool) -> None:
    """Drop the counters of minutes that no limit looks at any more."""
    await certificates.delete_searches(pool, before=clock.now() - KEEP_SEARCHES)
