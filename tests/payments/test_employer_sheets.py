"""Employers: how the people on a list get their codes, and what the contact sees ($-5)."""

import asyncio
import csv
import io
import json
from collections import Counter
from typing import Any

import pikepdf
import pytest

from chassis import clock, ids
from chassis.db import transaction
from services.payments.actions import card_changes
from services.payments.actions.card_changes import Deciding
from services.payments.model.cards import draw_code
from tests.payments.cards_steps import CHIEF, redeem, terms_of, wallet_of
from tests.payments.conftest import Shop
from tests.payments.discount_steps import get, parcels, post
from tests.payments.employer_steps import (
    DETAILS,
    case_of,
    csv_of,
    issued_events,
    line_of,
    number_of,
    open_case,
    paid,
    quoted,
    registered,
    send,
    sheet,
)


def codes_of(content: bytes) -> dict[str, str]:
    """Name → code, as the sheet says."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {row["姓名"]: row["卡号"] for row in rows}


async def test_who_has_an_account_gets_the_code_sealed(shop: Shop, staff_token: Any) -> None:  # $-5
    person = await registered(shop, 1)
    case = await paid(shop, staff_token, shop.learner())
    [event] = await issued_events(shop)
    assert (event.learner_id, event.case_number) == (person.learner_id, case["case_number"])
    parcel = await parcels(shop).unseal(event.parcel_id)
    assert parcel.fields["serial"] == event.serial
    done = await redeem(person, parcel.fields["code"])
    assert done.status_code == 201, done.text
    assert (await wallet_of(person))["balance_fen"] == 60000


async def test_the_sheet_holds_the_others_and_is_handed_out_once(  # $-5, case 50
    shop: Shop, staff_token: Any
) -> None:
    await registered(shop, 1)
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    first = await sheet(shop, contact, case_id, "csv")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    assert set(codes_of(first.content)) == {"学员0", "学员2"}
    again = await sheet(shop, contact, case_id, "pdf")
    assert again.status_code == 410
    page = (await get(shop.running.client, contact.headers, f"/employers/{case_id}")).text
    assert "下载 PDF" not in page
    assert "卡号清单已于" in page


async def test_fifty_downloads_at_once_hand_out_one_sheet(  # case 50
    shop: Shop, staff_token: Any, caplog: pytest.LogCaptureFixture
) -> None:
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    answers = await asyncio.gather(*(sheet(shop, contact, case_id, "csv") for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 410: 49}
    logged = [record.getMessage() for record in caplog.records]
    assert sum("employer_sheet_taken" in line for line in logged) == 1
    assert sum("employer_sheet_refused" in line for line in logged) == 49


async def test_the_sheet_waits_four_weeks(shop: Shop, staff_token: Any) -> None:  # case 50
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    await shop.running.pool.execute(
        "UPDATE employer_cases SET issued_at = issued_at - interval '29 days'"
    )
    assert (await sheet(shop, contact, case_id, "csv")).status_code == 410
    page = (await get(shop.running.client, contact.headers, f"/employers/{case_id}")).text
    assert "下载 PDF" not in page


async def test_the_sheet_can_be_printed(shop: Shop, staff_token: Any) -> None:
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    answer = await sheet(shop, contact, case_id, "pdf")
    assert answer.headers["content-type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        assert len(document.pages) == 1


async def test_there_is_no_sheet_where_everybody_has_an_account(
    shop: Shop, staff_token: Any
) -> None:
    await registered(shop, 1)
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact, line_of(1)))["case_id"]
    assert (await sheet(shop, contact, case_id, "csv")).status_code == 404


async def test_who_registers_later_redeems_the_card_and_nobody_else_does(  # $-5, I-9
    shop: Shop, staff_token: Any
) -> None:
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    codes = codes_of((await sheet(shop, contact, case_id, "csv")).content)
    other = await registered(shop, 7)
    stolen = await redeem(other, codes["学员2"])
    assert stolen.status_code == 409
    person = await registered(shop, 2)
    assert (await redeem(person, codes["学员2"])).status_code == 201
    shown = await case_of(contact, case_id)
    assert [one["card"] for one in shown["people"]] == ["active", "active", "redeemed"]
    page = (await get(shop.running.client, contact.headers, f"/employers/{case_id}")).text
    assert "3 张学习卡中已充值 1 张" in page
    assert number_of(2) not in page


async def test_who_registers_later_needs_no_sheet(shop: Shop, staff_token: Any) -> None:  # $-5
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact, line_of(2)))["case_id"]
    person = await registered(shop, 2)
    card_id = await shop.running.pool.fetchval("SELECT card_id FROM cards")
    path = f"/study-cards/{card_id}/redemption"
    assert (await post(shop.running.client, person.headers, path)).status_code == 303
    assert [one["card"] for one in (await case_of(contact, case_id))["people"]] == ["redeemed"]


async def test_a_replaced_card_is_followed(shop: Shop, staff_token: Any) -> None:  # $-5
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact, line_of(2)))["case_id"]
    card_id = await shop.running.pool.fetchval("SELECT card_id FROM cards")
    async with transaction(shop.running.pool) as tx:
        await card_changes.replace(
            tx,
            card_id=card_id,
            code=draw_code(),
            parcel_id=ids.new_id(),
            terms=terms_of(shop),
            deciding=Deciding(CHIEF, "清单遗失", clock.now()),
        )
    [person] = (await case_of(contact, case_id))["people"]
    assert person["card"] == "active"
    page = (await get(shop.running.client, contact.headers, f"/employers/{case_id}")).text
    serial = await shop.running.pool.fetchval("SELECT serial FROM cards WHERE replaced_by IS NULL")
    assert serial in page


async def test_no_code_or_id_number_is_in_the_database_or_an_event(  # case 47
    shop: Shop, staff_token: Any
) -> None:
    await registered(shop, 1)
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    [event] = await issued_events(shop)
    secrets = {
        (await parcels(shop).unseal(event.parcel_id)).fields["code"],
        *codes_of((await sheet(shop, contact, case_id, "csv")).content).values(),
        *(number_of(place) for place in range(3)),
    }
    dumped = [message.body.decode() for message in await shop.running.told()]
    for table in ("cards", "employer_cases", "employer_people", "journals", "learners"):
        rows = await shop.running.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608
        dumped.extend(json.dumps([str(value) for value in row.values()]) for row in rows)
    text = "\n".join(dumped)
    assert all(secret not in text for secret in secrets)
    assert all(secret.replace("-", "") not in text for secret in secrets)


async def test_the_contact_is_led_to_one_invoice(shop: Shop, staff_token: Any) -> None:  # $-5, $-7
    contact = shop.learner()
    case = await paid(shop, staff_token, contact)
    page = (await get(shop.running.client, contact.headers, f"/employers/{case['case_id']}")).text
    assert f"/invoices/new?employer_case={case['case_number']}" in page


async def test_details_are_corrected_while_the_case_is_open(shop: Shop) -> None:
    learner, client = shop.learner(), shop.running.client
    case = await open_case(learner)
    path = f"/employers/{case['case_id']}/details"
    assert DETAILS["employer_name"] in (await get(client, learner.headers, path)).text
    changed = await post(
        client, learner.headers, path, data={**DETAILS, "employer_name": "青岛检测中心"}
    )
    assert changed.status_code == 303
    assert (await case_of(learner, case["case_id"]))["employer_name"] == "青岛检测中心"
    await send(learner, case["case_id"], csv_of(line_of(1)))
    await learner.ask("POST", f"/employers/{case['case_id']}/quotation")
    assert (await post(client, learner.headers, path, data=DETAILS)).status_code == 409


async def test_cases_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    learner = shop.learner()
    numbers = [(await open_case(learner))["case_number"] for _ in range(3)]
    first = (await learner.ask("GET", "/employers?limit=2")).json()
    rest = (await learner.ask("GET", f"/employers?limit=2&cursor={first['next_cursor']}")).json()
    found = [case["case_number"] for case in first["items"] + rest["items"]]
    assert found == numbers[::-1]
    assert rest["next_cursor"] is None
    page = (await get(shop.running.client, learner.headers, "/employers")).text
    assert all(number in page for number in numbers)


async def test_the_pages_of_the_case_speak_english_too(shop: Shop) -> None:
    learner = shop.learner()
    case = await quoted(shop, learner)
    page = await get(shop.running.client, learner.headers, f"/employers/{case['case_id']}?lang=en")
    assert "Transfer in one sum" in page.text
    new = await get(shop.running.client, learner.headers, "/employers/new?lang=zh")
    assert "统一社会信用代码" in new.text
