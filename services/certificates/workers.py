"""The door of time: what happens because a day has come, or because work was left for later."""

from datetime import date, timedelta

import structlog

from chassis import clock
from chassis.db import Pool, transaction

from . import actions
from .store import certificates, learners

log = structlog.get_logger()

KEEP_SEARCHES = timedelta(hours=1)


async def issue_what_is_due(pool: Pool, *, today: date | None = None) -> int:
    """Issue the certificates whose cohort's date has come in Shanghai; return how many."""
    today = today or clock.today()
    issued = 0
    for learner_id in await learners.list_due(pool, today=today):
        async with transaction(pool) as tx:
            made = await actions.issue_due(tx, learner_id=learner_id, today=today)
        for certificate in made:
            log.info("certificate_issued", number=certificate.number, trigger="date")
        issued += len(made)
    return issued


async def forget_searches(pool: Pool) -> None:
    """Drop the counters of minutes that no limit looks at any more."""
    await certificates.delete_searches(pool, before=clock.now() - KEEP_SEARCHES)
