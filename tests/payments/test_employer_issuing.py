"""Employers: one transfer, one card for each person, issued once ($-5)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from chassis.permissions import Permission
from tests.payments.cards_steps import CLERK
from tests.payments.conftest import Shop
from tests.payments.discount_steps import desk, get, post
from tests.payments.employer_steps import (
    DESK,
    arrive,
    case_of,
    chief,
    count,
    csv_of,
    issue,
    issued_events,
    line_of,
    open_case,
    quoted,
    registered,
    send,
)

SUM_OF_THREE = 3 * 40 * 1500


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
