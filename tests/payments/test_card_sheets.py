"""The sheet of a batch: its codes in clear, handed out once to one who may ($-3)."""

import asyncio
import csv
import io
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from chassis import clock
from chassis.db import transaction
from chassis.parcels import NoSuchParcel, Parcels
from services.payments import card_watch
from services.payments.actions import batches
from services.payments.model.batches import SheetGone
from tests.payments.card_desk_steps import CARDS, Desk, batch_of, codes_on, desk
from tests.payments.cards_steps import dump_of, redeem

__all__ = ["desk"]

SHEET_FACTS = ("card_sheet_taken", "card_sheet_refused")


def parcels_of(desk: Desk) -> Parcels:
    parcels: Parcels = desk.shop.running.service.app.state.parcels
    return parcels


async def test_the_sheet_is_handed_out_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:  # case 50
    path = await desk.approved(cards=5)
    sheet_id = (await batch_of(desk, path)).sheet_id
    assert sheet_id is not None
    answers = await asyncio.gather(
        *(desk.chief.post(f"{path}/sheet", form="csv") for _ in range(6))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 410: 5}
    with pytest.raises(NoSuchParcel):
        await parcels_of(desk).unseal(sheet_id)
    shown = await desk.reader.get(path)
    assert shown.text.count("领取卡号表 ·") == 1  # the trail
    logged = [record.getMessage() for record in caplog.records]
    told = [sum(fact in line for line in logged) for fact in SHEET_FACTS]
    assert told == [1, 5]
    staff_id = str(desk.chief.staff.staff_id)
    assert all(staff_id in line for line in logged if any(fact in line for fact in SHEET_FACTS))


async def test_of_two_who_hold_the_sheet_already_one_may_hand_it_out(desk: Desk) -> None:  # case 50
    batch = await batch_of(desk, await desk.approved())
    assert batch.sheet_id is not None

    async def take(sheet_id: UUID) -> None:
        async with transaction(desk.shop.running.pool) as tx:
            await batches.take_sheet(
                tx,
                batch_id=batch.batch_id,
                sheet_id=sheet_id,
                by=desk.chief.staff,
                now=clock.now(),
            )

    tries = [take(batch.sheet_id) for _ in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, SheetGone: 4}


async def test_a_sheet_that_nobody_takes_in_time_is_gone(desk: Desk) -> None:  # case 50
    path = await desk.approved()
    sheet_id = (await batch_of(desk, path)).sheet_id
    assert sheet_id is not None
    pool = desk.shop.running.pool
    await pool.execute("UPDATE card_batches SET sheet_expires_at = now()")
    assert (await desk.chief.post(f"{path}/sheet", form="csv")).status_code == 410
    await card_watch.watch(pool, parcels_of(desk), 100)
    with pytest.raises(NoSuchParcel):
        await parcels_of(desk).unseal(sheet_id)
    assert "逾期未领" in (await desk.chief.get(path)).text


async def test_a_sheet_is_for_those_who_may_issue(desk: Desk) -> None:  # case 50
    path = await desk.approved()
    assert (await desk.reader.post(f"{path}/sheet", form="csv")).status_code == 403
    learner = desk.shop.learner()
    answer = await learner.client.post(f"{path}/sheet", headers=learner.headers)
    assert answer.status_code == 303  # to the staff's sign-in
    assert (await desk.chief.post(f"{path}/sheet", form="csv")).status_code == 200


async def test_the_sheet_opens_in_excel_as_text(desk: Desk) -> None:  # case 51
    path = await desk.approved(cards=4)
    sheet = await desk.chief.post(f"{path}/sheet", form="csv")
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert sheet.headers["cache-control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(sheet.content.decode("utf-8-sig")))
    assert head == ["序列号", "卡号", "面值（元）", "有效期至"]
    for serial, code, face, _ in rows:
        assert serial.startswith("K")
        assert len(code) == 19
        assert face == "150.00"


async def test_no_code_of_a_batch_is_left_in_clear(desk: Desk, log_file: Path) -> None:  # case 47
    path, codes = await desk.delivered(cards=3)
    await redeem(desk.shop.learner(), codes[0])
    sealed = await desk.approved(cards=3)
    pages = [(await desk.chief.get(each)).text for each in (CARDS, path, sealed)]
    kept = [
        file.read_bytes().decode("latin-1")
        for file in desk.shop.running.kit.settings.data_dir.rglob("*")
        if file.is_file()
    ]
    dump = await dump_of(desk.shop.running.pool) + log_file.read_text(encoding="utf-8")
    codes += codes_on(await desk.chief.post(f"{sealed}/sheet", form="csv"))
    for text in (dump, *pages, *kept):
        assert not [code for code in codes if code in text or code.replace("-", "") in text]


async def test_the_sheet_can_be_printed(desk: Desk) -> None:
    path = await desk.approved(cards=12)
    sheet = await desk.chief.post(f"{path}/sheet", form="pdf")
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "application/pdf")
    assert sheet.content.startswith(b"%PDF-")
