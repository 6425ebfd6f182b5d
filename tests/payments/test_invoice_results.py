"""Out to the tax office's client and back: the queue as a sheet, the result file ($-7)."""

import csv
import io
from typing import Any

import pytest

from chassis import clock
from chassis.permissions import Permission
from contracts.payments import InvoiceIssued
from tests.conftest import bearer
from tests.payments.conftest import Shop
from tests.payments.invoice_steps import (
    COMPANY,
    NUMBER,
    RED_NUMBER,
    Clerk,
    asked,
    download,
    pdf,
    told,
)

HEAD = "申请编号,发票号码,开票日期,金额"


@pytest.fixture
def clerk(shop: Shop, staff_token: Any) -> Clerk:
    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    return Clerk(shop.running.client, bearer(token))


def results(*rows: str) -> dict[str, Any]:
    content = "\r\n".join([HEAD, *rows]).encode("gb18030")
    return {"results": ("结果.csv", content, "text/csv")}


async def test_a_result_file_is_taken_over_whole(shop: Shop, clerk: Clerk) -> None:
    (learner, one), (_, two) = await asked(shop), await asked(shop, 60000, **COMPANY)
    today = clock.today()
    answer = await clerk.post(
        "/results",
        files=results(
            f"{one['case_number']},{NUMBER},{today},45.00",
            f"{two['case_number']},{RED_NUMBER},{today:%Y/%m/%d},600",
        ),
    )
    assert answer.status_code == 303, answer.text
    assert await told(shop, InvoiceIssued) == [], "its PDF is missing"

    attached = {"document": ("a.pdf", pdf(), "application/pdf")}
    for _ in range(2):
        again = await clerk.post(f"/{one['invoice_id']}/document", files=attached)
        assert again.status_code == 303
    (event,) = await told(shop, InvoiceIssued)
    assert event.invoice_number == NUMBER
    assert (await download(learner, one))[0] == 200


async def test_a_slip_in_a_result_file_takes_nothing_over(shop: Shop, clerk: Clerk) -> None:
    (_, one), (_, two) = await asked(shop), await asked(shop)
    today = clock.today()
    good = f"{one['case_number']},{NUMBER},{today},45.00"
    bad = {
        f"{two['case_number']},{RED_NUMBER},{today},45.01": "金额与申请金额不一致",
        f"{two['case_number']},123,{today},45.00": "发票号码为 20 位数字",
        f"{two['case_number']},{NUMBER},{today},45.00": "重复",
        f"{two['case_number']},{RED_NUMBER},2999-01-01,45.00": "日期应为今天或更早",
        f"F000000-AAAAAA,{RED_NUMBER},{today},45.00": "没有这个申请编号",
    }
    for row, sentence in bad.items():
        answer = await clerk.post("/results", files=results(good, row))
        assert answer.status_code == 422
        assert sentence in answer.text
    assert await shop.running.pool.fetchval("SELECT count(number) FROM invoices") == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"a,b\n1,2", b"\x00" * 50])
async def test_what_is_no_result_file_is_refused(clerk: Clerk, content: bytes) -> None:
    files = {"results": ("a.csv", content, "text/csv")}
    assert (await clerk.post("/results", files=files)).status_code == 422


async def test_the_queue_leaves_as_text_that_no_spreadsheet_calculates(
    shop: Shop, clerk: Clerk
) -> None:
    """# case 51"""
    _, invoice = await asked(shop, **{**COMPANY, "title": '=HYPERLINK("http://x")'})
    answer = await clerk.get("/queue.csv")
    (line,) = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert line["抬头名称"] == '\'=HYPERLINK("http://x")'
    assert (line["申请编号"], line["金额"]) == (invoice["case_number"], "45.00")
    assert (await clerk.get("/queue.xlsx")).content.startswith(b"PK")
