"""The simulated SF Express: signed forms in, one waybill for each orderId."""

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from simulators.sf_express import create_app, protocol

PARTNER, CHECKWORD = "TESTPARTNER", "check*word ~1"
ORDER: dict[str, Any] = {
    "language": "zh-CN",
    "orderId": "F261128-7K3Q9M",
    "payMethod": 2,
    "expressTypeId": 2,
    "cargoDetails": [{"name": "发票", "count": 1}],
    "contactInfoList": [
        {"contactType": 1, "contact": "协会", "tel": "010-62383899", "address": "北京市"},
        {"contactType": 2, "contact": "王芳", "mobile": "13812345678", "address": "上海市"},
    ],
}


@pytest.fixture
async def courier() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(partner_id=PARTNER, checkword=CHECKWORD)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sf") as client:
        yield client


async def post(
    client: httpx.AsyncClient,
    message: Any = ORDER,
    service: str = "EXP_RECE_CREATE_ORDER",
    **changes: str,
) -> dict[str, Any]:
    """A signed call; `changes` are made after signing."""
    text, now = json.dumps(message, ensure_ascii=False), str(int(time.time() * 1000))
    fields = {
        "partnerID": PARTNER,
        "requestID": uuid4().hex,
        "serviceCode": service,
        "timestamp": now,
        "msgDigest": protocol.digest(text, now, CHECKWORD),
        "msgData": text,
    }
    answer = await client.post("/std/service", data={**fields, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def inner(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["apiResultCode"] == "A1000", answer
    return dict(json.loads(answer["apiResultData"]))


def waybill(answer: dict[str, Any]) -> str:
    (one,) = inner(answer)["msgData"]["waybillNoInfoList"]
    return str(one["waybillNo"])


def test_the_digest_is_that_of_java() -> None:
    encoded = "%7B%22a%22%3A%22%E5%8F%91+*%7E%22%7D1700000000000secret"
    expected = b64encode(hashlib.md5(encoded.encode()).digest()).decode()
    assert protocol.digest('{"a":"发 *~"}', "1700000000000", "secret") == expected


async def test_the_same_order_has_one_waybill(courier: httpx.AsyncClient) -> None:
    """# case 65"""
    first, second = await post(courier), await post(courier)
    assert waybill(first) == waybill(second)
    assert waybill(first).startswith("SF")
    assert waybill(await post(courier, {**ORDER, "orderId": "another"})) != waybill(first)
    assert len((await courier.get("/control/state")).json()["orders"]) == 2


async def test_an_order_can_be_looked_up(courier: httpx.AsyncClient) -> None:
    made = await post(courier)
    wanted = {"searchType": "1", "orderId": ORDER["orderId"]}
    found = await post(courier, wanted, "EXP_RECE_SEARCH_ORDER_RESP")
    assert waybill(found) == waybill(made)
    none = await post(courier, {"orderId": "unknown"}, "EXP_RECE_SEARCH_ORDER_RESP")
    assert not inner(none)["success"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"msgDigest": "AAAA"}, "A1006"),
        ({"msgData": "{}"}, "A1006"),
        ({"partnerID": "somebody"}, "A1004"),
        ({"serviceCode": "EXP_RECE_OTHER"}, "A1004"),
        ({"timestamp": "1"}, "A1002"),
        ({"requestID": ""}, "A1001"),
    ],
)
async def test_the_platform_lets_only_signed_fresh_calls_through(
    courier: httpx.AsyncClient, change: dict[str, str], code: str
) -> None:
    assert (await post(courier, **change))["apiResultCode"] == code
    assert (await courier.get("/control/state")).json()["orders"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"payMethod": 1},
        {"payMethod": "2"},
        {"monthlyCard": "0123456789"},
        {"orderId": ""},
        {"orderId": "x" * 65},
        {"cargoDetails": []},
        {"contactInfoList": ORDER["contactInfoList"][:1]},
        {"contactInfoList": "nobody"},
    ],
)
async def test_only_freight_collect_with_whole_addresses_is_taken(
    courier: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    """# case 65"""
    answer = inner(await post(courier, {**ORDER, **change}))
    assert not answer["success"]
    assert (await courier.get("/control/state")).json()["orders"] == []


async def test_faults_come_as_planned(courier: httpx.AsyncClient) -> None:
    async def plan(kind: str, **more: Any) -> None:
        answer = await courier.post("/control/faults", json={"kind": kind, **more})
        assert answer.status_code == 201

    await plan("refuse", code="8999")
    assert inner(await post(courier))["errorCode"] == "8999"
    await plan("broken")
    assert inner(await post(courier))["errorCode"] == "S0003"
    await plan("repeat_refused")
    assert inner(await post(courier))["errorCode"] == "8016"
    unknown = await courier.post("/control/faults", json={"kind": "nonsense"})
    assert unknown.status_code == 422
    await courier.post("/control/reset")
    assert (await courier.get("/control/state")).json() == {"orders": [], "calls": [], "faults": []}
