"""What nobody waits for about study cards: codes are guessed, sheets are not fetched."""

from datetime import timedelta

import structlog

from chassis import clock
from chassis.db import Pool
from chassis.parcels import Parcels

from .model.tries import ALARM_WINDOW
from .store import batches, tries

log = structlog.get_logger()

WATCH_SECONDS = 60.0
TRIES_KEPT = timedelta(days=180)


async def watch(db: Pool, parcels: Parcels, failures_alarm: int) -> None:
    """Raise the alarm while too many codes are refused, whoever types them; delete the sheets that
    were not taken in time (first the file, then the note of it), and tries of no more use."""
    now = clock.now()
    failures = await tries.count_failures(db, since=now - ALARM_WINDOW)
    if failures >= failures_alarm:
        log.error("study_cards_guessed", failures=failures, within=str(ALARM_WINDOW))
    for sheet_id in await batches.list_stale_sheets(db, now):
        await parcels.delete(sheet_id)
        await batches.forget_sheet(db, sheet_id)
        log.warning("card_sheet_not_taken", sheet_id=str(sheet_id))
    await tries.delete_old(db, before=now - TRIES_KEPT)
