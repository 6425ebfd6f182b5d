"""The desk of bank money: recorded by hand or imported, once ($-3)."""

import asyncio
from typing import Any

import httpx

from chassis import ids
from chassis.permissions import Permission
from tests.payments.conftest import Shop
from tests.payments.transfers_steps import (
    RECEIPTS,
    Clerk,
    case_of,
    clerk,
    issue,
    known_learner,
    record,
    statement,
    upload,
)

GOOD = "2026-11-20,钟检,,600.00,N1,转账,7K3Q9M0X"
OTHER = '2026-11-21,青岛检验有限公司,,"1,500.00",N2,转账,代 12 人'
OUT = "2026-11-21,税务局,88.00,,N3,税,"


async def test_a_receipt_is_recorded_and_booked(shop: Shop, staff_token: Any) -> None:  # $-9
    desk = clerk(shop, staff_token)
    receipt_id = await record(desk, amount="1,500.00", payer_name="青岛检验有限公司")
    assert await shop.balances() == {"asset:bank": 150_000, "liability:receipts": -150_000}
    shown = (await desk.get(f"{RECEIPTS}/{receipt_id}")).text
    for word in ("青岛检验有限公司", "￥1,500.00", "李文", "尚未发卡"):
        assert word in shown
    assert "青岛检验有限公司" in (await desk.get(RECEIPTS)).text


async def test_the_same_bank_number_twice_is_refused(shop: Shop, staff_token: Any) -> None:
    # case 48
    desk = clerk(shop, staff_token)
    await record(desk, bank_reference="CCB1")
    fields = {"amount": "7", "payer_name": "某人", "received_on": "2026-11-20"}
    again = await desk.post(RECEIPTS, bank_reference="CCB1", **fields)
    assert again.status_code == 409
    assert "该流水号的到账已登记" in again.text
    assert 'value="某人"' in again.text
    assert await shop.running.pool.fetchval("SELECT count(*) FROM receipts") == 1


async def test_recorded_twice_at_once_is_recorded_once(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    fields = {"amount": "7", "payer_name": "某人", "received_on": "2026-11-20"}
    answers = await asyncio.gather(
        *(desk.post(RECEIPTS, bank_reference="CCB1", **fields) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 9
    assert await shop.balances() == {"asset:bank": 700, "liability:receipts": -700}


async def test_what_is_wrong_is_said_beside_its_field(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    answer = await desk.post(
        RECEIPTS, bank_reference="N1", amount="15.005", payer_name="某人", received_on="2999-01-01"
    )
    assert answer.status_code == 422
    for word in ("f-amount-error", "f-received-on-error", "日期尚未到来", 'value="某人"'):
        assert word in answer.text


async def test_a_mistyped_year_is_noticed(shop: Shop, staff_token: Any) -> None:
    fields = {"bank_reference": "N1", "amount": "5", "payer_name": "某人"}
    answer = await clerk(shop, staff_token).post(RECEIPTS, received_on="0026-11-20", **fields)
    assert (answer.status_code, "请核对年份" in answer.text) == (422, True)
    assert 'value="0026-11-20"' in answer.text


async def test_a_statement_is_imported_once(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    first = await upload(desk, statement(GOOD, OTHER, OUT))
    assert (first.status_code, first.headers["location"]) == (303, RECEIPTS)
    assert await said(desk, first) == "新登记 2 笔，已有 0 笔，支出行 1 行未处理。"
    again = await upload(desk, statement(GOOD, OTHER, OUT))
    assert await said(desk, again) == "新登记 0 笔，已有 2 笔，支出行 1 行未处理。"
    more = await upload(desk, statement(GOOD, OTHER, OUT, GOOD.replace("N1", "N4")))
    assert await said(desk, more) == "新登记 1 笔，已有 2 笔，支出行 1 行未处理。"
    assert await shop.balances() == {"asset:bank": 270_000, "liability:receipts": -270_000}
    shown = (await desk.get(RECEIPTS)).text
    for word in ("青岛检验有限公司", "转账 7K3Q9M0X", "N2", "￥2,700.00"):
        assert word in shown
    assert "税务局" not in shown


async def said(desk: Clerk, answer: httpx.Response) -> str:
    """The message on the page that follows."""
    headers = {**desk.headers, "Cookie": answer.headers["set-cookie"].split(";")[0]}
    page = (await desk.client.get(answer.headers["location"], headers=headers)).text
    return page[(start := page.index("新登记")) : page.index("未处理。", start) + 4]


async def test_one_statement_imported_by_ten_at_once(shop: Shop, staff_token: Any) -> None:
    clerks = [clerk(shop, staff_token) for _ in range(10)]
    content = statement(*(GOOD.replace("N1", f"N{number}") for number in range(20)))
    answers = await asyncio.gather(*(upload(each, content) for each in clerks))
    assert {answer.status_code for answer in answers} == {303}
    assert await shop.balances() == {"asset:bank": 1_200_000, "liability:receipts": -1_200_000}


async def test_one_bad_row_and_nothing_is_imported(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    answer = await upload(
        desk, statement(GOOD, "2026-11-20,某人,,15.005,N9,,", "昨天,某人,,5,N10,,")
    )
    assert answer.status_code == 422
    for word in ("2 行有误", "15.005", "昨天", "精确到分"):
        assert word in answer.text
    assert await shop.balances() == {}


async def test_a_known_number_with_another_sum_is_a_fault(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    await upload(desk, statement(GOOD))
    answer = await upload(desk, statement(OTHER, GOOD.replace("600.00", "601.00")))
    assert answer.status_code == 422
    assert "该流水号已登记，金额或日期不同" in answer.text
    assert await shop.balances() == {"asset:bank": 60_000, "liability:receipts": -60_000}


async def test_a_statement_of_five_thousand_rows_is_recorded(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    rows = (GOOD.replace("N1", f"N{number}") for number in range(5000))
    assert (await upload(desk, statement(*rows))).status_code == 303
    assert await shop.running.pool.fetchval("SELECT count(*) FROM receipts") == 5000
    assert await shop.running.pool.fetchval("SELECT count(*) FROM journals") == 5000


async def test_a_statement_that_is_too_large_is_refused(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    answer = await upload(desk, statement(GOOD) + b" " * 5_000_000)
    assert answer.status_code == 413
    assert "不超过 5 MB" in answer.text
    missing = await desk.post(f"{RECEIPTS}/import")
    assert (missing.status_code, "请选择银行导出的文件" in missing.text) == (422, True)


async def test_the_desk_finds_receipts_and_what_was_issued(shop: Shop, staff_token: Any) -> None:
    desk, chief = clerk(shop, staff_token), clerk(shop, staff_token)
    learner = await known_learner(shop)
    case = await case_of(learner)
    spent = await record(desk, remark=case["remittance_reference"])
    await record(desk, payer_name="烟台检测中心", amount="30")
    assert (await issue(chief, case, spent)).status_code == 303

    waiting = (await desk.get(RECEIPTS)).text
    assert "烟台检测中心" in waiting
    assert case["remittance_reference"] not in waiting
    assert case["remittance_reference"] in (await desk.get(f"{RECEIPTS}?show=all")).text
    found = (await desk.get(f"{RECEIPTS}?q={case['remittance_reference'].lower()}")).text
    assert case["remittance_reference"] in found
    assert "没有符合条件的到账记录" in (await desk.get(f"{RECEIPTS}?q=nobody")).text
    page = (await desk.get(f"{RECEIPTS}/{spent}")).text
    for word in (case["case_number"], "￥600.00", "有效", "钟检"):
        assert word in page
    assert (await desk.get(f"{RECEIPTS}/{ids.new_id()}")).status_code == 404


async def test_the_list_goes_on_page_by_page(shop: Shop, staff_token: Any) -> None:
    desk = clerk(shop, staff_token)
    await upload(desk, statement(*(GOOD.replace("N1", f"N{n:03d}") for n in range(60))))
    first = (await desk.get(RECEIPTS)).text
    assert first.count("card-title") == 50
    cursor = first.split("cursor=")[1].split('"')[0]
    assert (await desk.get(f"{RECEIPTS}?cursor={cursor}")).text.count("card-title") == 10


async def test_recording_needs_its_own_right(shop: Shop, staff_token: Any) -> None:
    reader = clerk(shop, staff_token, Permission.PAYMENTS_READ)
    assert (await reader.get(RECEIPTS)).status_code == 200
    assert (await reader.get(f"{RECEIPTS}/new")).status_code == 403
    assert (await upload(reader, statement(GOOD))).status_code == 403
    assert (await reader.post(RECEIPTS, amount="1")).status_code == 403
