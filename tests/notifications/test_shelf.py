"""No parcel lies about for longer than it is needed, and none that is needed goes."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from chassis import clock, ids
from chassis.parcels import NoSuchParcel
from services.notifications import shelf
from services.payments.model.employers import SHEET_DAYS
from tests.conftest import Running

from . import conftest as build
from . import money_steps as money
from .conftest import PATIENCE_SECONDS, Mailbox, StartService, until_state, working

KEPT = timedelta(days=30)


def _age(folder: Path, parcel_id: UUID, *, days: int) -> None:
    then = (clock.now() - timedelta(days=days)).timestamp()
    os.utime(folder / "parcels" / f"{parcel_id}.sealed", (then, then))


async def _prune(running: Running) -> int:
    return await shelf.prune(running.pool, money.shelf(running), KEPT)


async def test_old_parcels_go_and_what_a_mail_still_waits_for_stays(
    notifications: StartService, mailbox: Mailbox, tmp_path: Path
) -> None:
    running, learner_id = await notifications(), ids.new_id()
    sent, young, orphan, parked = [await money.card_issued(running, learner_id) for _ in range(4)]
    await running.deliver(build.registered(learner_id))
    for event in (sent, young):
        await running.deliver(event)
    async with working(running):
        await until_state(running, "sent", 3)
        await mailbox.fault(kind="refuse", code=550)
        await running.deliver(parked)
        await until_state(running, "parked")

    for event in (sent, orphan, parked):
        _age(tmp_path, event.parcel_id, days=31)
    _age(tmp_path, young.parcel_id, days=29)
    assert await _prune(running) == 2
    assert await _prune(running) == 0
    for event in (sent, orphan):
        with pytest.raises(NoSuchParcel):
            await money.shelf(running).unseal(event.parcel_id)
    for event in (young, parked):
        assert await money.shelf(running).unseal(event.parcel_id)


async def test_the_service_prunes_by_itself_as_its_settings_say(
    notifications: StartService, tmp_path: Path
) -> None:
    running = await notifications(parcels_kept_days=40)
    event = await money.card_issued(running, ids.new_id())
    _age(tmp_path, event.parcel_id, days=41)
    async with working(running):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await money.shelf(running).sealed_before(clock.now()):
                await asyncio.sleep(0.02)
    with pytest.raises(NoSuchParcel):
        await money.shelf(running).unseal(event.parcel_id)


async def test_parcels_are_kept_for_as_long_as_payments_may_need_them(
    notifications: StartService,
) -> None:
    with pytest.raises(ValidationError):
        await notifications(parcels_kept_days=SHEET_DAYS)
