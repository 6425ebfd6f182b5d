"""The demo's data: two cohorts, so that a renewal can be seen to be issued and to wait (Z-2)."""

from datetime import timedelta

from chassis import clock
from chassis.db import transaction
from chassis.service import Kit

from .settings import CertificatesSettings
from .store import learners

SECOND_COHORT = timedelta(days=30)


async def seed(kit: Kit, settings: CertificatesSettings) -> dict[str, object]:
    """One cohort on the day of the first start, one 30 days later; later starts add nothing."""
    today = clock.today()
    async with transaction(kit.pool) as tx:
        await learners.insert_demo_cohorts(tx, [today, today + SECOND_COHORT])
    return {}
