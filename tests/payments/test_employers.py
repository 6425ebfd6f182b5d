"""Employers: a case and its quotation ($-5)."""

import asyncio
import io
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest

from chassis import ids
from tests.payments.conftest import Shop
from tests.payments.discount_steps import get, post
from tests.payments.employer_steps import (
    DETAILS,
    TAX_NUMBER,
    arrive,
    case_of,
    chief,
    count,
    csv_of,
    issue,
    line_of,
    open_case,
    paid,
    quoted,
    send,
)

<<<<<<< HEAD
=======
SUM_OF_THREE = 3 * 40 * 1500


async def count(shop: Shop, table: str) -> int:
    value: int = await shop.running.pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    return value


async def registered(shop: Shop, place: int) -> Learner:
    """The person of that place on the list has an account."""
    return await known(shop, shop.learner(), id_number=number_of(place), name=f"学员{place}")


def codes_of(content: bytes) -> dict[str, str]:
    """Name → code, as the sheet says."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return {row["姓名"]: row["卡号"] for row in rows}


# the case

>>>>>>> pages

@pytest.mark.parametrize(
    ("number", "status"),
    [
        (TAX_NUMBER, 201),
        (TAX_NUMBER.lower(), 201),
        ("9144030071526726XH", 422),
        ("9144030071526726IG", 422),
        (TAX_NUMBER[:-1], 422),
    ],
)
async def test_the_tax_number_is_checked(  # case 53
    shop: Shop, number: str, status: int
) -> None:
    answer = await shop.learner().ask("POST", "/employers", json={**DETAILS, "tax_number": number})
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["tax_number"] == TAX_NUMBER


async def test_an_employer_may_have_no_tax_number(shop: Shop) -> None:
    details = {name: value for name, value in DETAILS.items() if name != "tax_number"}
    answer = await shop.learner().ask("POST", "/employers", json=details)
    assert (answer.status_code, answer.json()["tax_number"]) == (201, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("employer_name", '=HYPERLINK("http://x")'),
        ("employer_name", "x"),
        ("contact_name", "@李"),
        ("phone", "call me"),
        ("email", "nobody"),
    ],
)
async def test_bad_details_are_named(shop: Shop, field: str, value: str) -> None:  # case 51
    answer = await shop.learner().ask("POST", "/employers", json={**DETAILS, field: value})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_same_key_opens_one_case(shop: Shop) -> None:
    learner, headers = shop.learner(), {"Idempotency-Key": "k1"}
    answers = [
        await learner.ask("POST", "/employers", json=DETAILS, headers=headers) for _ in range(3)
    ]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert await count(shop, "employer_cases") == 1


async def test_a_form_that_is_sent_twice_opens_one_case(shop: Shop) -> None:
    learner, client = shop.learner(), shop.running.client
    data = {**DETAILS, "case_id": str(ids.new_id())}
    opened = [await post(client, learner.headers, "/employers", data=data) for _ in range(2)]
    assert len({answer.headers["location"] for answer in opened}) == 1
    stolen = await post(client, shop.learner().headers, "/employers", data=data)
    assert stolen.status_code == 404
    wrong = await post(client, learner.headers, "/employers", data={**data, "email": "x"})
    assert wrong.status_code == 422
    assert DETAILS["employer_name"] in wrong.text


async def test_a_quotation_needs_a_list_and_fixes_it(shop: Shop) -> None:  # $-5
    learner = shop.learner()
    case_id = (await open_case(learner))["case_id"]
    empty = await learner.ask("POST", f"/employers/{case_id}/quotation")
    assert (empty.status_code, empty.json()["code"]) == (409, "ListMissing")
    await send(learner, case_id, csv_of(line_of(1)))
    for _ in range(2):
        quote = await learner.ask("POST", f"/employers/{case_id}/quotation")
        assert (quote.status_code, quote.json()["status"]) == (200, "quoted")
    late = await send(learner, case_id, csv_of(line_of(2)))
    assert (late.status_code, late.json()["code"]) == (409, "CaseClosed")


async def test_the_quotation_says_what_to_transfer_and_takes_markup_for_text(  # $-5
    shop: Shop,
) -> None:
    learner, client = shop.learner(), shop.running.client
    case_id = (await open_case(learner, employer_name='#panic("x") *粗体* $1$'))["case_id"]
    path = f"/employers/{case_id}/quotation.pdf"
    assert (await get(client, learner.headers, path)).status_code == 409
    await send(learner, case_id, csv_of(*(line_of(place) for place in range(60))))
    await learner.ask("POST", f"/employers/{case_id}/quotation")
    answer = await get(client, learner.headers, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        assert len(document.pages) > 1
    page = (await get(client, learner.headers, f"/employers/{case_id}")).text
    case = await case_of(learner, case_id)
    for word in ("中国建设银行北京中轴路支行", "11001085800056014693", case["case_number"]):
        assert word in page


async def test_a_case_is_cancelled_until_it_is_paid(shop: Shop, staff_token: Any) -> None:
    learner = shop.learner()
    case = await quoted(shop, learner)
    for _ in range(2):
        done = await learner.ask("POST", f"/employers/{case['case_id']}/cancellation")
        assert done.json()["status"] == "cancelled"
    receipt_id = await arrive(shop, case["amount_fen"], remark=case["case_number"])
    late = await issue(shop, chief(staff_token), case["case_id"], receipt_id)
    assert late.status_code == 409
    issued = await paid(shop, staff_token, shop.learner())
    owner = await shop.running.pool.fetchval(
        "SELECT contact_id FROM employer_cases WHERE case_id = $1", UUID(issued["case_id"])
    )
    assert owner != learner.learner_id


async def test_a_case_of_somebody_else_is_not_there(
    shop: Shop, staff_token: Any
) -> None:  # case 52
    owner, stranger, client = shop.learner(), shop.learner(), shop.running.client
    case_id = (await paid(shop, staff_token, owner))["case_id"]
    assert (await stranger.ask("GET", f"/employers/{case_id}")).status_code == 404
    assert (await send(stranger, case_id, csv_of(line_of(1)))).status_code == 404
    for step in ("quotation", "cancellation"):
        answer = await stranger.ask("POST", f"/employers/{case_id}/{step}")
        assert answer.status_code == 404
    for path in ("", "/details", "/quotation.pdf"):
        page = await get(client, stranger.headers, f"/employers/{case_id}{path}")
        assert page.status_code == 404
    for path in ("/details", "/list", "/quotation", "/cancellation", "/sheet"):
        answer = await post(client, stranger.headers, f"/employers/{case_id}{path}", data=DETAILS)
        assert answer.status_code == 404
    assert (await stranger.ask("GET", "/employers")).json()["items"] == []
    assert (await owner.ask("GET", f"/employers/{uuid4()}")).status_code == 404


async def test_a_case_is_either_cancelled_or_paid(shop: Shop, staff_token: Any) -> None:  # $-5
    staff = chief(staff_token)
    for _ in range(5):
        learner = shop.learner()
        case = await quoted(shop, learner)
        receipt_id = await arrive(shop, case["amount_fen"])
        cancelled, issued = await asyncio.gather(
            learner.ask("POST", f"/employers/{case['case_id']}/cancellation"),
            issue(shop, staff, case["case_id"], receipt_id),
        )
        status = (await case_of(learner, case["case_id"]))["status"]
        expected = {"cancelled": (200, 409), "issued": (409, 303)}[status]
        assert (cancelled.status_code, issued.status_code) == expected
<<<<<<< HEAD
=======


# the desk


async def test_the_desk_suggests_the_receipt_that_quotes_the_case(  # $-5
    shop: Shop, staff_token: Any
) -> None:
    case = await quoted(shop, shop.learner())
    await arrive(shop, case["amount_fen"], payer="另一家公司")
    mistyped = case["case_number"].lower().replace("-", " ").replace("0", "o")
    await arrive(shop, case["amount_fen"], remark=f"培训费{mistyped}", payer="青岛检验有限公司")
    await arrive(shop, 999, payer="别的款")
    client, staff = shop.running.client, chief(staff_token)
    page = (await get(client, staff, f"{DESK}/{case['case_id']}")).text
    assert page.index("附言含编号") < page.index("另一家公司")
    assert "别的款" not in page
    queue = (await get(client, staff, DESK)).text
    assert "可信度" in queue
    assert case["case_number"] in queue
    found = (await get(client, staff, f"{DESK}?q=青岛")).text
    assert found.count(case["case_number"]) == 2


async def test_one_click_issues_a_card_for_each_person(shop: Shop, staff_token: Any) -> None:  # $-5
    learner = shop.learner()
    case = await quoted(shop, learner, line_of(1, 10), line_of(2, 30))
    receipt_id = await arrive(shop, case["amount_fen"], remark=case["case_number"])
    done = await issue(shop, chief(staff_token), case["case_id"], receipt_id)
    assert done.status_code == 303
    rows = await shop.running.pool.fetch(
        "SELECT holder_name, amount_fen, status, case_number FROM cards ORDER BY amount_fen"
    )
    assert [tuple(row) for row in rows] == [
        ("学员1", 15000, "active", case["case_number"]),
        ("学员2", 45000, "active", case["case_number"]),
    ]
    assert await shop.balances() == {
        "asset:bank": 60000,
        "liability:receipts": 0,
        "liability:cards": -60000,
    }
    shown = await case_of(learner, case["case_id"])
    assert [person["card"] for person in shown["people"]] == ["active", "active"]


async def test_fifty_clicks_at_once_issue_one_set_of_cards(  # $-5, case 49
    shop: Shop, staff_token: Any
) -> None:
    await registered(shop, 1)
    case = await quoted(shop, shop.learner())
    receipt_id = await arrive(shop, case["amount_fen"], remark=case["case_number"])
    staff = chief(staff_token)
    answers = await asyncio.gather(
        *(issue(shop, staff, case["case_id"], receipt_id) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert (await issue(shop, staff, case["case_id"], receipt_id)).status_code == 303
    assert await count(shop, "cards") == 3
    assert len(await issued_events(shop)) == 1
    assert (await shop.balances())["liability:cards"] == -SUM_OF_THREE


async def test_two_cases_cannot_share_a_transfer(shop: Shop, staff_token: Any) -> None:  # case 48
    first = await quoted(shop, shop.learner())
    second = await quoted(shop, shop.learner())
    receipt_id = await arrive(shop, SUM_OF_THREE)
    staff = chief(staff_token)
    answers = await asyncio.gather(
        *(issue(shop, staff, case["case_id"], receipt_id) for case in (first, second))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await count(shop, "cards") == 3


async def test_whoever_recorded_the_receipt_does_not_issue(  # case 48
    shop: Shop, staff_token: Any
) -> None:
    case = await quoted(shop, shop.learner())
    receipt_id = await arrive(shop, case["amount_fen"], by=CLERK)
    own = await issue(shop, chief(staff_token, who=CLERK), case["case_id"], receipt_id)
    assert own.status_code == 403
    assert "须由另一位同事发卡" in own.text
    assert await count(shop, "cards") == 0


@pytest.mark.parametrize("change", [-1500, 1, 1500])
async def test_the_sum_must_be_equal_to_the_fen(  # $-5
    shop: Shop, staff_token: Any, change: int
) -> None:
    case = await quoted(shop, shop.learner())
    receipt_id = await arrive(shop, case["amount_fen"] + change, remark=case["case_number"])
    refused = await issue(shop, chief(staff_token), case["case_id"], receipt_id)
    assert refused.status_code == 409
    assert "两者须相等" in refused.text
    assert await count(shop, "cards") == 0
    assert (await shop.balances())["liability:receipts"] == -(case["amount_fen"] + change)


async def test_issuing_needs_its_right_a_receipt_and_a_case(shop: Shop, staff_token: Any) -> None:
    case = await quoted(shop, shop.learner())
    receipt_id = await arrive(shop, case["amount_fen"])
    reader = desk(staff_token, Permission.PAYMENTS_READ, Permission.PAYMENTS_CASES)
    assert (await issue(shop, reader, case["case_id"], receipt_id)).status_code == 403
    staff = chief(staff_token)
    assert (await issue(shop, staff, case["case_id"], uuid4())).status_code == 404
    assert (await issue(shop, staff, str(uuid4()), receipt_id)).status_code == 404
    assert (await get(shop.running.client, staff, f"{DESK}/{uuid4()}")).status_code == 404
    draft = await open_case(shop.learner())
    assert (await issue(shop, staff, draft["case_id"], receipt_id)).status_code == 409


async def test_a_returned_case_is_mended_and_paid(shop: Shop, staff_token: Any) -> None:  # $-5
    learner, client, staff = shop.learner(), shop.running.client, chief(staff_token)
    case = await quoted(shop, learner)
    path = f"{DESK}/{case['case_id']}/return"
    assert (await post(client, staff, path)).status_code == 422
    for _ in range(2):
        done = await post(client, staff, path, data={"reason": "金额与名单不符"})
        assert done.status_code == 303
    assert (
        "金额与名单不符"
        in (await get(client, learner.headers, f"/employers/{case['case_id']}")).text
    )
    await send(learner, case["case_id"], csv_of(line_of(1, 20)))
    again = await learner.ask("POST", f"/employers/{case['case_id']}/quotation")
    assert (again.json()["status"], again.json()["amount_fen"]) == ("quoted", 30000)
    receipt_id = await arrive(shop, 30000)
    assert (await issue(shop, staff, case["case_id"], receipt_id)).status_code == 303
    late = await post(client, staff, path, data={"reason": "再退"})
    assert late.status_code == 409


# the codes


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
    shop: Shop, staff_token: Any
) -> None:
    contact = shop.learner()
    case_id = (await paid(shop, staff_token, contact))["case_id"]
    answers = await asyncio.gather(*(sheet(shop, contact, case_id, "csv") for _ in range(50)))
    assert [answer.status_code for answer in answers].count(200) == 1


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
>>>>>>> pages
