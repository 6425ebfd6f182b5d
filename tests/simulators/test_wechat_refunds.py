"""Refunds and bills of the simulated provider, through HTTP (API v2)."""

import base64
import hashlib
from typing import Any
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulators.wechat_pay import protocol

from .conftest import APP_ID, KEY, MCH_ID, Merchant, merchant_beside

DAY_SECONDS = 24 * 3600
REFUND = {"out_refund_no": "R1", "total_fee": "60000", "refund_fee": "1500"}
NOTIFY_URL = "http://merchant.test/webhooks/wechat"


async def refund(merchant: Merchant, **changes: str) -> dict[str, str]:
    fields = {"out_trade_no": "H2611210001", **REFUND, **changes}
    return await secapi(merchant, fields)


async def secapi(merchant: Merchant, fields: dict[str, str]) -> dict[str, str]:
    request = protocol.signed({"appid": APP_ID, "mch_id": MCH_ID, **fields}, KEY)
    answer = await merchant.client.post("/api/secapi/pay/refund", content=protocol.write(request))
    fields = protocol.read(answer.content)
    assert protocol.is_signed(fields, KEY)
    return fields


async def status(merchant: Merchant, out_refund_no: str = "R1") -> str:
    answer = await merchant.call("refundquery", out_refund_no=out_refund_no)
    return answer.get("refund_status_0") or answer["err_code"]


async def control(merchant: Merchant, path: str, **body: Any) -> httpx.Response:
    return await merchant.client.post(f"/control{path}", json=body)


async def test_a_refund_is_processing_and_then_done() -> None:
    async with merchant_beside(time_scale=1) as merchant:
        await merchant.paid()
        accepted = await refund(merchant)
        assert (accepted["result_code"], accepted["refund_fee"]) == ("SUCCESS", "1500")
        assert await status(merchant) == "PROCESSING"
        await control(merchant, "/clock", advance_seconds=10)
        assert await status(merchant) == "SUCCESS"
        assert (await merchant.query())["trade_state"] == "REFUND"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"out_refund_no": ""}, "LACK_PARAMS"),
        ({"out_refund_no": "R/1"}, "PARAM_ERROR"),
        ({"out_refund_no": "R" * 65}, "PARAM_ERROR"),
        ({"refund_fee": "0"}, "PARAM_ERROR"),
        ({"refund_fee": "15.00"}, "PARAM_ERROR"),
        ({"refund_fee": "60001"}, "INVALID_REQUEST"),
        ({"total_fee": "59999"}, "REFUND_FEE_MISMATCH"),
        ({"out_trade_no": "H000000000"}, "ORDERNOTEXIST"),
        ({"out_trade_no": ""}, "LACK_PARAMS"),
        ({"transaction_id": "42001"}, "INVALID_TRANSACTIONID"),
        ({"refund_desc": "x" * 81}, "PARAM_ERROR"),
        ({"notify_url": "http://merchant.test/?a=1"}, "PARAM_ERROR"),
    ],
)
async def test_a_wrong_refund_is_refused_with_its_code(
    merchant: Merchant, changes: dict[str, str], code: str
) -> None:
    await merchant.paid()
    assert (await refund(merchant, **changes))["err_code"] == code
    assert await status(merchant) == "REFUNDNOTEXIST"


async def test_an_unpaid_order_has_nothing_to_refund(merchant: Merchant) -> None:
    await merchant.create()
    assert (await refund(merchant))["err_code"] == "TRADE_STATE_ERROR"


async def test_the_same_number_refunds_once_and_only_its_amount(merchant: Merchant) -> None:
    await merchant.paid()
    first = await refund(merchant)
    assert (await refund(merchant))["refund_id"] == first["refund_id"]
    assert (await refund(merchant, refund_fee="1501"))["err_code"] == "REFUND_FEE_MISMATCH"
    assert len((await merchant.state())["refunds"]) == 1


async def test_refunds_never_exceed_the_order_unless_one_was_closed(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.fault("refund", "closed")
    assert (await refund(merchant, refund_fee="60000"))["result_code"] == "SUCCESS"
    assert await status(merchant) == "REFUNDCLOSE"
    assert (await merchant.query())["trade_state"] == "SUCCESS"
    await control(merchant, "/clock", advance_seconds=61)
    again = await refund(merchant, out_refund_no="R2", refund_fee="59999")
    assert again["result_code"] == "SUCCESS"
    await control(merchant, "/clock", advance_seconds=61)
    assert (await refund(merchant, out_refund_no="R3"))["err_code"] == "INVALID_REQUEST"


async def test_one_refund_of_an_order_in_a_minute() -> None:
    async with merchant_beside(time_scale=1) as merchant:
        await merchant.paid()
        await refund(merchant)
        second = {"out_refund_no": "R2"}
        assert (await refund(merchant, **second))["err_code"] == "FREQUENCY_LIMITED"
        await control(merchant, "/clock", advance_seconds=61)
        assert (await refund(merchant, **second))["result_code"] == "SUCCESS"


async def test_fifty_refunds_of_an_order_and_no_more(merchant: Merchant) -> None:
    await merchant.paid()
    for n in range(51):
        await control(merchant, "/clock", advance_seconds=61)
        answer = await refund(merchant, out_refund_no=f"R{n}", refund_fee="1")
        assert (answer["result_code"] == "SUCCESS") is (n < 50), answer
    assert answer["err_code"] == "INVALID_REQUEST"


async def test_after_a_year_nothing_is_refunded(merchant: Merchant) -> None:
    await merchant.paid()
    await control(merchant, "/clock", advance_seconds=366 * DAY_SECONDS)
    assert (await refund(merchant))["err_code"] == "TRADE_OVERDUE"


async def test_the_tester_decides_a_refund_that_waits(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.fault("refund", "processing")
    await refund(merchant)
    assert await status(merchant) == "PROCESSING"
    for wanted in ("CHANGE", "PROCESSING", "SUCCESS"):
        await control(merchant, "/refunds", out_refund_no="R1", status=wanted)
        assert await status(merchant) == wanted
    assert (
        await control(merchant, "/refunds", out_refund_no="R1", status="LOST")
    ).status_code == 422
    unknown = await control(merchant, "/refunds", out_refund_no="R9", status="SUCCESS")
    assert unknown.status_code == 404


async def test_a_settled_refund_is_told_encrypted(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.until_told(1)
    await refund(merchant, notify_url=NOTIFY_URL)
    await merchant.until_told(2)
    told = merchant.told[1]
    assert "sign" not in told
    assert decrypted(told["req_info"])["refund_status"] == "SUCCESS"
    assert decrypted(told["req_info"])["out_refund_no"] == "R1"


async def test_an_untrue_word_about_a_refund_can_be_sent(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.until_told(1)
    await merchant.fault("refund", "processing")
    await refund(merchant, notify_url=NOTIFY_URL)
    await merchant.fault("refund_notify", "untrue")
    sent = await control(merchant, "/refunds/send", out_refund_no="R1")
    assert sent.json() == {"delivered": True}
    assert decrypted(merchant.told[-1]["req_info"])["refund_status"] == "SUCCESS"
    assert await status(merchant) == "PROCESSING"


def decrypted(req_info: str) -> dict[str, str]:
    """From the document's words: base64, AES-256-ECB under md5(key), padding, `<root>`."""
    key = hashlib.md5(KEY.encode()).hexdigest().encode()
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    text = decryptor.update(base64.b64decode(req_info)) + decryptor.finalize()
    root = fromstring(text[: -text[-1]])
    assert root.tag == "root"
    return {child.tag: child.text or "" for child in root}


async def bill(merchant: Merchant, **changes: str) -> bytes:
    today = protocol.beijing((await merchant.state())["orders"][0]["created_at"])[:8]
    fields = {"appid": APP_ID, "mch_id": MCH_ID, "bill_date": today, "bill_type": "ALL"}
    request = protocol.signed(fields | changes, KEY)
    return (await merchant.post("downloadbill", protocol.write(request))).content


async def test_a_bill_has_the_published_form(merchant: Merchant) -> None:
    await merchant.paid(attach='{"a":1,"b":2}')
    await refund(merchant)
    await status(merchant)
    await control(merchant, "/clock", advance_seconds=2 * DAY_SECONDS)
    content = await bill(merchant)
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines.pop() == ""
    header, paid, back, totals_header, totals = lines
    assert len(header.split(",")) == len(paid[1:].split(",`")) == len(back[1:].split(",`")) == 27
    row = dict(zip(header.split(","), paid[1:].split(",`"), strict=True))
    assert (row["订单金额"], row["手续费"], row["交易状态"]) == ("600.00", "3.60000", "SUCCESS")
    assert row["商户数据包"] == '{"a":1,"b":2}'
    row = dict(zip(header.split(","), back[1:].split(",`"), strict=True))
    assert (row["订单金额"], row["申请退款金额"], row["手续费"]) == ("0.00", "15.00", "-0.09000")
    total = dict(zip(totals_header.split(","), totals[1:].split(",`"), strict=True))
    assert total["总交易单数"] == "2"
    assert (total["订单总金额"], total["申请退款总金额"], total["手续费总金额"]) == (
        "600.00",
        "15.00",
        "3.51000",
    )


async def test_a_bill_is_made_the_next_morning_and_only_of_days_with_movements(
    merchant: Merchant,
) -> None:
    await merchant.paid()
    assert b"No Bill Exist" in await bill(merchant)
    await control(merchant, "/clock", advance_seconds=2 * DAY_SECONDS)
    assert b"600.00" in await bill(merchant)
    assert b"No Bill Exist" in await bill(merchant, bill_date="20200101")
    assert b"No Bill Exist" in await bill(merchant, bill_type="REFUND")
    assert b"invalid bill_date" in await bill(merchant, bill_date="20261332")
    assert (
        b"SIGNERROR"
        in (await merchant.post("downloadbill", protocol.write({"mch_id": MCH_ID}))).content
    )
