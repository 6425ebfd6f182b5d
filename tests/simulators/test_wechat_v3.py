"""The simulated provider in API v3: what it takes, and what it signs."""

import base64
import gzip
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from simulators.wechat_pay import create_app, keys
from simulators.wechat_pay.deliveries import Reply
from simulators.wechat_pay.notices import Notice

from .conftest import APP_ID, KEY, MCH_ID

NUMBER = "H2611210001"
PAY = "/v3/pay/transactions"
NEW = {
    "appid": APP_ID,
    "mchid": MCH_ID,
    "description": "学时",
    "out_trade_no": NUMBER,
    "notify_url": "http://merchant.test/webhooks/wechat/v3",
    "amount": {"total": 60000, "currency": "CNY"},
}


class MerchantV3:
    """Signs from the document's words: METHOD, path, time, nonce, body, a line feed after each."""

    def __init__(self, client: httpx.AsyncClient, folder: Path) -> None:
        self.client = client
        key = load_pem_private_key((folder / keys.MERCHANT_KEY).read_bytes(), None)
        public = load_pem_public_key((folder / keys.PUBLIC_KEY).read_bytes())
        assert isinstance(key, RSAPrivateKey)
        assert isinstance(public, RSAPublicKey)
        self.key, self.public = key, public
        self.names = keys.read(folder)

    def authorization(self, method: str, path: str, body: str, **changes: str) -> str:
        said = {
            "mchid": MCH_ID,
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(time.time())),
            "serial_no": self.names.merchant_serial,
        } | changes
        text = f"{method}\n{path}\n{said['timestamp']}\n{said['nonce_str']}\n{body}\n"
        signature = self.key.sign(text.encode(), PKCS1v15(), SHA256())
        said.setdefault("signature", base64.b64encode(signature).decode())
        pairs = ",".join(f'{name}="{value}"' for name, value in said.items())
        return f"WECHATPAY2-SHA256-RSA2048 {pairs}"

    async def call(
        self, method: str, path: str, told: dict[str, Any] | None = None, **changes: str
    ) -> httpx.Response:
        body = json.dumps(told) if told is not None else ""
        headers = {"Authorization": self.authorization(method, path, body, **changes)}
        return await self.client.request(method, f"/api{path}", content=body, headers=headers)

    def is_signed(self, answer: httpx.Response) -> bool:
        stamp, nonce = answer.headers["wechatpay-timestamp"], answer.headers["wechatpay-nonce"]
        text = f"{stamp}\n{nonce}\n{answer.text}\n".encode()
        try:
            signature = base64.b64decode(answer.headers["wechatpay-signature"])
            self.public.verify(signature, text, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    async def create(self, **changes: Any) -> httpx.Response:
        return await self.call("POST", f"{PAY}/native", NEW | changes)

    async def query(self) -> dict[str, Any]:
        path = f"{PAY}/out-trade-no/{NUMBER}?mchid={MCH_ID}"
        return dict((await self.call("GET", path)).json())

    async def paid(self) -> dict[str, Any]:
        code_url = (await self.create()).json()["code_url"]
        return dict((await self.client.post("/pay", json={"code_url": code_url})).json())


@pytest.fixture
async def merchant(tmp_path: Path) -> AsyncIterator[MerchantV3]:
    app = create_app(
        app_id=APP_ID, mch_id=MCH_ID, api_key=KEY, v3=keys.read(tmp_path), time_scale=0.0001
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim") as client,
    ):
        yield MerchantV3(client, tmp_path)


async def test_an_order_is_made_queried_and_closed(merchant: MerchantV3) -> None:
    made = await merchant.create()
    assert made.json()["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert merchant.is_signed(made)
    assert (await merchant.query())["trade_state"] == "NOTPAY"
    close = await merchant.call("POST", f"{PAY}/out-trade-no/{NUMBER}/close", {"mchid": MCH_ID})
    assert (close.status_code, close.content) == (204, b"")
    assert merchant.is_signed(close)
    assert (await merchant.query())["trade_state"] == "CLOSED"


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1"},
        {"serial_no": "0" * 40},
        {"timestamp": "1000000000"},
        {"signature": "AAAA"},
        {"signature": "?"},
    ],
)
async def test_what_the_merchant_did_not_sign_is_refused(
    merchant: MerchantV3, changes: dict[str, str]
) -> None:
    answer = await merchant.call("POST", f"{PAY}/native", NEW, **changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    unsigned = await merchant.client.post(f"/api{PAY}/native", json=NEW)
    assert unsigned.status_code == 401


async def test_the_signature_covers_path_query_and_body(merchant: MerchantV3) -> None:
    await merchant.create()
    path = f"{PAY}/out-trade-no/{NUMBER}?mchid={MCH_ID}"
    headers = {"Authorization": merchant.authorization("GET", path, "")}
    assert (await merchant.client.get(f"/api{path}", headers=headers)).status_code == 200
    assert (await merchant.client.get(f"/api{path}&a=1", headers=headers)).status_code == 401
    headers = {"Authorization": merchant.authorization("POST", f"{PAY}/native", json.dumps(NEW))}
    other = json.dumps(NEW | {"description": "other"})
    answer = await merchant.client.post(f"/api{PAY}/native", content=other, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": {"total": "60000"}}, 400, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, 400, "INVALID_REQUEST"),
        ({"amount": None}, 400, "PARAM_ERROR"),
        ({"out_trade_no": "short"}, 400, "INVALID_REQUEST"),
        ({"description": ""}, 400, "PARAM_ERROR"),
        ({"time_expire": "tomorrow"}, 400, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, 400, "INVALID_REQUEST"),
        ({"notify_url": "http://merchant.test/?a=1"}, 400, "INVALID_REQUEST"),
        ({"appid": "wx0"}, 400, "APPID_MCHID_NOT_MATCH"),
        ({"mchid": "1"}, 400, "PARAM_ERROR"),
    ],
)
async def test_a_wrong_order_is_refused_with_its_code(
    merchant: MerchantV3, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await merchant.create(**changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert merchant.is_signed(answer)


async def test_a_number_stands_for_one_order(merchant: MerchantV3) -> None:
    await merchant.create()
    assert (await merchant.create()).status_code == 200
    other = await merchant.create(amount={"total": 1, "currency": "CNY"})
    assert (other.status_code, other.json()["code"]) == (403, "OUT_TRADE_NO_USED")
    unknown = await merchant.call("GET", f"{PAY}/out-trade-no/H000000?mchid={MCH_ID}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ORDER_NOT_EXIST")


async def test_a_payment_is_described_by_either_number(merchant: MerchantV3) -> None:
    paid = await merchant.paid()
    told = await merchant.query()
    assert (told["trade_state"], told["amount"]["total"]) == ("SUCCESS", 60000)
    path = f"{PAY}/id/{paid['transaction_id']}?mchid={MCH_ID}"
    assert (await merchant.call("GET", path)).json() == told


async def test_refunds_are_made_and_described(merchant: MerchantV3) -> None:
    paid = await merchant.paid()
    asked = {
        "transaction_id": paid["transaction_id"],
        "out_refund_no": "R1",
        "amount": {"refund": 1500, "total": 60000, "currency": "CNY"},
    }
    made = await merchant.call("POST", "/v3/refund/domestic/refunds", asked)
    assert (made.json()["status"], made.json()["amount"]["refund"]) == ("PROCESSING", 1500)
    found = await merchant.call("GET", "/v3/refund/domestic/refunds/R1")
    assert found.json()["status"] == "SUCCESS"
    unknown = await merchant.call("GET", "/v3/refund/domestic/refunds/R2")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_a_bill_is_named_with_its_hash_and_fetched(merchant: MerchantV3) -> None:
    await merchant.paid()
    today = (await merchant.query())["success_time"][:10]
    path = f"/v3/bill/tradebill?bill_date={today}&bill_type=ALL&tar_type=GZIP"
    early = await merchant.call("GET", path)
    assert (early.status_code, early.json()["code"]) == (400, "NO_STATEMENT_EXIST")
    await merchant.client.post("/control/clock", json={"advance_seconds": 2 * 86400})
    told = (await merchant.call("GET", path)).json()
    address = httpx.URL(told["download_url"])
    file = await merchant.call("GET", address.raw_path.decode().removeprefix("/api"))
    text = gzip.decompress(file.content)
    assert hashlib.sha1(text).hexdigest() == told["hash_value"]
    assert "`600.00" in text.decode("utf-8-sig")
    assert (await merchant.client.get(str(address))).status_code == 401


async def test_a_notification_is_sealed_signed_and_fresh_at_every_try(
    merchant: MerchantV3,
) -> None:
    told: list[tuple[dict[str, str], bytes]] = []
    app = merchant.client._transport.app  # type: ignore[attr-defined]
    till = app.state.provider
    await merchant.create()
    order = till.book.get_order(out_trade_no=NUMBER)

    async def hear(url: str, body: bytes, headers: dict[str, str]) -> Reply:
        told.append((headers, body))
        return Reply(204, b"")

    till.notifier._courier.post = hear
    for _ in range(2):
        assert await till.notifier.send_now(order)
    assert len({headers["Wechatpay-Nonce"] for headers, _ in told}) == 2
    body = told[0][1]
    resource = json.loads(body)["resource"]
    plain = AESGCM(merchant.names.apiv3_key.encode()).decrypt(
        resource["nonce"].encode(),
        base64.b64decode(resource["ciphertext"]),
        resource["associated_data"].encode(),
    )
    assert json.loads(plain)["out_trade_no"] == NUMBER


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (204, True), (400, False), (503, False), (None, False)]
)
def test_200_and_204_end_the_retries(status: int | None, taken: bool) -> None:
    assert Notice(b"", {}, is_v3=True).was_taken(Reply(status, b"")) is taken
