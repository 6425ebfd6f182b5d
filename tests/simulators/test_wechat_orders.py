"""What the simulated provider takes and refuses, through HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.wechat_pay import protocol

from .conftest import APP_ID, KEY, MCH_ID, NEW_ORDER, Merchant, merchant_beside


async def test_an_order_gets_a_code_and_a_signed_answer(merchant: Merchant) -> None:
    answer = await merchant.create()
    assert answer["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert answer["prepay_id"].startswith("wx")
    assert answer["sign"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"out_trade_no": "short"}, "INVALID_REQUEST"),
        ({"out_trade_no": "n" * 33}, "INVALID_REQUEST"),
        ({"out_trade_no": "number 1"}, "INVALID_REQUEST"),
        ({"out_trade_no": ""}, "LACK_PARAMS"),
        ({"total_fee": "0"}, "INVALID_REQUEST"),
        ({"total_fee": "15.00"}, "INVALID_REQUEST"),
        ({"total_fee": "-1"}, "INVALID_REQUEST"),
        ({"total_fee": "١"}, "INVALID_REQUEST"),
        ({"total_fee": ""}, "LACK_PARAMS"),
        ({"fee_type": "USD"}, "INVALID_REQUEST"),
        ({"notify_url": "http://merchant.test/hook?order=1"}, "INVALID_REQUEST"),
        ({"notify_url": "merchant.test/hook"}, "INVALID_REQUEST"),
        ({"body": "x" * 128}, "INVALID_REQUEST"),
        ({"product_id": ""}, "LACK_PARAMS"),
        ({"trade_type": "JSAPI"}, "LACK_PARAMS"),
        ({"trade_type": "CASH"}, "INVALID_REQUEST"),
        ({"time_expire": "tomorrow"}, "INVALID_REQUEST"),
        ({"time_expire": "20200101000000"}, "INVALID_REQUEST"),
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH"),
    ],
)
async def test_a_wrong_order_is_refused_with_its_code(
    merchant: Merchant, changes: dict[str, str], code: str
) -> None:
    answer = await merchant.create(**changes)
    assert (answer["result_code"], answer["err_code"]) == ("FAIL", code)
    assert answer["sign"]


def _body(**changes: str) -> bytes:
    fields = {"appid": APP_ID, "mch_id": MCH_ID, "nonce_str": "n", **NEW_ORDER, **changes}
    return protocol.write({"sign": protocol.sign(fields, KEY)} | fields)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "POST_DATA_EMPTY"),
        (b"{}", "XML_FORMAT_ERROR"),
        (b"<xml>\xff</xml>", "NOT_UTF8"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>', "XML_FORMAT_ERROR"),
        (_body(sign="0" * 32), "SIGNERROR"),
        (_body(sign=""), "SIGNERROR"),
        (_body(sign_type="RSA"), "SIGNERROR"),
        (_body(mch_id="19999999"), "MCHID_NOT_EXIST"),
    ],
)
async def test_what_is_not_from_the_merchant_gets_an_unsigned_failure(
    merchant: Merchant, body: bytes, message: str
) -> None:
    answer = protocol.read((await merchant.post("unifiedorder", body)).content)
    assert answer == {"return_code": "FAIL", "return_msg": message}


async def test_only_post_is_taken(merchant: Merchant) -> None:
    answer = await merchant.client.get("/api/pay/orderquery")
    assert protocol.read(answer.content)["return_msg"] == "REQUIRE_POST_METHOD"


async def test_the_same_order_again_is_the_same_prepay(merchant: Merchant) -> None:
    first, second = await merchant.create(), await merchant.create()
    assert first["prepay_id"] == second["prepay_id"]
    assert second["code_url"]


async def test_the_same_number_with_other_parameters_is_used(merchant: Merchant) -> None:
    await merchant.create()
    assert (await merchant.create(total_fee="1"))["err_code"] == "OUT_TRADE_NO_USED"


async def test_a_paid_order_is_paid_for_create_and_close(merchant: Merchant) -> None:
    paid = await merchant.paid()
    assert (await merchant.create())["err_code"] == "ORDERPAID"
    closing = await merchant.call("closeorder", out_trade_no=paid["out_trade_no"])
    assert closing["err_code"] == "ORDERPAID"


async def test_a_closed_order_can_neither_be_paid_nor_created(merchant: Merchant) -> None:
    created = await merchant.create()
    closing = await merchant.call("closeorder", out_trade_no="H2611210001")
    assert closing["result_code"] == "SUCCESS"
    assert (await merchant.query())["trade_state"] == "CLOSED"
    assert (await merchant.create())["err_code"] == "ORDERCLOSED"
    again = await merchant.call("closeorder", out_trade_no="H2611210001")
    assert again["err_code"] == "ORDERCLOSED"
    answer = await merchant.client.post("/pay", json={"code_url": created["code_url"]})
    assert answer.status_code == 409


async def test_a_query_tells_unpaid_then_paid(merchant: Merchant) -> None:
    await merchant.create(attach="A1")
    assert (await merchant.query())["trade_state"] == "NOTPAY"
    paid = await merchant.paid(attach="A1")
    answer = await merchant.query()
    assert answer["trade_state"] == "SUCCESS"
    assert answer["total_fee"] == answer["cash_fee"] == "60000"
    assert answer["transaction_id"] == paid["transaction_id"]
    by_transaction = await merchant.call("orderquery", transaction_id=paid["transaction_id"])
    assert by_transaction["out_trade_no"] == "H2611210001"


async def test_an_unknown_order_does_not_exist(merchant: Merchant) -> None:
    assert (await merchant.query())["err_code"] == "ORDERNOTEXIST"
    assert (await merchant.call("orderquery"))["err_code"] == "LACK_PARAMS"


async def test_hmac_calls_get_hmac_answers(merchant: Merchant) -> None:
    answer = await merchant.create(sign_type="HMAC-SHA256")
    assert len(answer["sign"]) == 64


async def test_a_code_lives_two_hours_and_a_fresh_one_pays_again(merchant: Merchant) -> None:
    old = await merchant.create()
    await merchant.client.post("/control/clock", json={"advance_seconds": 7200})
    expired = await merchant.client.post("/pay", json={"code_url": old["code_url"]})
    assert expired.status_code == 410
    fresh = await merchant.create()
    assert fresh["prepay_id"] == old["prepay_id"]
    paid = await merchant.client.post("/pay", json={"code_url": fresh["code_url"]})
    assert paid.status_code == 200


async def test_nobody_pays_after_time_expire(merchant: Merchant) -> None:
    now = (await merchant.state())["now"]
    created = await merchant.create(time_expire=protocol.beijing(now + 1800))
    await merchant.client.post("/control/clock", json={"advance_seconds": 1801})
    answer = await merchant.client.post("/pay", json={"code_url": created["code_url"]})
    assert answer.status_code == 410


@pytest.mark.parametrize("body", ["x", "[]", "{}", '{"code_url": 1}', '{"code_url": "unknown"}'])
async def test_a_phone_that_scanned_nonsense_is_told_so(merchant: Merchant, body: str) -> None:
    answer = await merchant.client.post("/pay", content=body)
    assert answer.status_code in (404, 422)


async def test_a_coupon_lowers_the_cash_but_not_the_total(merchant: Merchant) -> None:
    created = await merchant.create()
    await merchant.client.post("/pay", json={"code_url": created["code_url"], "coupon_fee": 500})
    answer = await merchant.query()
    assert (answer["total_fee"], answer["cash_fee"]) == ("60000", "59500")


async def test_a_restarted_provider_still_knows_what_was_paid(tmp_path: Path) -> None:
    async with merchant_beside(tmp_path) as merchant:
        await merchant.paid()
        await merchant.until_notification_is("delivered")
    async with merchant_beside(tmp_path) as merchant:
        assert (await merchant.query())["trade_state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("forged", ("SUCCESS", False)),
        ("unsigned", ("NOTPAY", False)),
        ("notpay", ("NOTPAY", True)),
        ("foreign_appid", ("NOTPAY", True)),
    ],
)
async def test_a_planned_fault_changes_one_answer(
    merchant: Merchant, kind: str, claim: tuple[str, bool]
) -> None:
    await merchant.create()
    await merchant.fault("query", kind)
    request = {"appid": APP_ID, "mch_id": MCH_ID, "out_trade_no": "H2611210001"}
    body = protocol.write(protocol.signed(request, KEY))
    answer = protocol.read((await merchant.post("orderquery", body)).content)
    assert (answer["trade_state"], protocol.is_signed(answer, KEY)) == claim
    assert (await merchant.query())["trade_state"] == "NOTPAY"


async def test_an_order_whose_answer_is_lost_was_made_all_the_same(merchant: Merchant) -> None:
    await merchant.fault("create", "hang", seconds=0)
    request = {"appid": APP_ID, "mch_id": MCH_ID, **NEW_ORDER}
    lost = await merchant.post("unifiedorder", protocol.write(protocol.signed(request, KEY)))
    assert lost.status_code == 500
    assert [order["out_trade_no"] for order in (await merchant.state())["orders"]] == [
        "H2611210001"
    ]


@pytest.mark.parametrize(("kind", "status"), [("error_500", 500), ("redirect", 302)])
async def test_a_server_error_and_a_redirect_come_without_effect(
    merchant: Merchant, kind: str, status: int
) -> None:
    await merchant.fault("create", kind)
    request = {"appid": APP_ID, "mch_id": MCH_ID, **NEW_ORDER}
    answer = await merchant.post("unifiedorder", protocol.write(protocol.signed(request, KEY)))
    assert answer.status_code == status
    state = await merchant.state()
    assert state["orders"] == []
    assert state["calls"][-1]["fault"] == kind


async def test_a_close_can_be_answered_without_effect(merchant: Merchant) -> None:
    await merchant.create()
    await merchant.fault("close", "no_effect")
    answer = await merchant.call("closeorder", out_trade_no="H2611210001")
    assert answer["result_code"] == "SUCCESS"
    assert (await merchant.query())["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(
    "fault", [{}, {"on": "notify"}, {"on": "query", "kind": "late"}, {"on": 1, "kind": []}]
)
async def test_an_unknown_fault_is_refused(merchant: Merchant, fault: dict[str, Any]) -> None:
    assert (await merchant.client.post("/control/faults", json=fault)).status_code == 422


async def test_a_reset_forgets_everything(merchant: Merchant) -> None:
    await merchant.paid()
    await merchant.client.post("/control/reset")
    state = await merchant.state()
    assert [state[t] for t in ("orders", "notifications", "attempts", "calls")] == [[], [], [], []]


async def test_the_payers_page_pays_and_cancels(merchant: Merchant) -> None:
    created = await merchant.create(body="<b>学时</b>")
    home = await merchant.client.get("/")
    assert "&lt;b&gt;学时" in home.text
    assert "￥600.00" in home.text
    shown = await merchant.client.get("/code", params={"code_url": created["code_url"]})
    assert "Confirm the payment" in shown.text
    code = created["code_url"].partition("pr=")[2]
    cancelled = await _answer(merchant, code, "cancel")
    assert cancelled.headers["location"] == "/?said=cancelled"
    assert (await merchant.query())["trade_state"] == "NOTPAY"
    assert (await _answer(merchant, code, "pay")).headers["location"] == "/?said=paid"
    assert (await merchant.query())["trade_state"] == "SUCCESS"
    assert (await _answer(merchant, code, "pay")).status_code == 409


async def _answer(merchant: Merchant, code: str, answer: str) -> httpx.Response:
    return await merchant.client.post("/confirm", data={"code": code, "answer": answer})
