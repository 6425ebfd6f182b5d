"""WeChat Pay API v3: what is believed of a notification and of an answer, and what is not."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.payments.providers.port import NotTrusted, SignatureProbe, Unknown
from services.payments.providers.wechat_v3 import WeChatV3
from services.payments.providers.wechat_v3_client import FRESH_SECONDS
from simulators.wechat_pay import keys as simulated
from simulators.wechat_pay import protocol_v3, signed_v3
from simulators.wechat_pay.faults import Fault
from tests.payments.conftest import APP_ID, MCH_ID, MakeShop, Shop
from tests.payments.test_wechat_client import NUMBER, charge

MakeClient = Callable[..., WeChatV3]


@pytest.fixture
async def shop(make_shop: MakeShop) -> Shop:
    return await make_shop(wechat_api_version="v3")


@pytest.fixture
def folder(keys: dict[str, str]) -> Path:
    return Path(keys["WECHAT_KEY_FILE"]).parent


@pytest.fixture
def make_client(folder: Path) -> MakeClient:
    """A client that talks to nobody, or to `base_url`."""

    def make(*, base_url: str = "http://127.0.0.1:9", **changes: str) -> WeChatV3:
        v3 = simulated.read(folder)
        given = {
            "apiv3_key": v3.apiv3_key,
            "serial": v3.merchant_serial,
            "private_key": (folder / simulated.MERCHANT_KEY).read_text(),
            "public_key": (folder / simulated.PUBLIC_KEY).read_text(),
            "public_key_id": v3.platform_key_id,
            "notify_url": "http://127.0.0.1:8000/webhooks/wechat/v3",
        }
        return WeChatV3(base_url=base_url, app_id=APP_ID, mch_id=MCH_ID, **(given | changes))

    return make


@pytest.mark.parametrize(
    ("seconds", "taken"), [(301, False), (290, True), (-290, True), (-400, False)]
)
async def test_only_a_fresh_notification_is_taken(
    shop: Shop, seconds: int, taken: bool
) -> None:  # case 63
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    await shop.fault("notify", "old_timestamp", seconds=seconds)
    assert await shop.notify(order["out_trade_no"]) is taken


@pytest.mark.parametrize(("age", "fresh"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_freshness_ends_to_the_second(
    make_client: MakeClient, folder: Path, age: int, fresh: bool
) -> None:  # case 63
    client = make_client()
    headers = signed_v3.headers(simulated.read(folder), b"{}", None)
    now = int(headers["Wechatpay-Timestamp"]) + age
    if fresh:
        client._core.check_signed(headers, b"{}", now=now)
    else:
        with pytest.raises(NotTrusted, match="stale"):
            client._core.check_signed(headers, b"{}", now=now)
    assert FRESH_SECONDS == 300


async def test_a_deliberate_probe_fails_without_an_alarm(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:  # case 63
    order = await shop.open_order(shop.learner())
    await shop.fault("notify", "signtest")
    with caplog.at_level(logging.INFO):
        assert not await shop.notify(order["out_trade_no"], forge=True)
    loud = [record for record in caplog.records if record.levelno > logging.INFO]
    assert "notification_was_a_probe" in caplog.text
    assert loud == []


async def test_an_unknown_serial_makes_us_call_nobody(shop: Shop) -> None:  # case 63
    order = await shop.open_order(shop.learner())
    before = len((await shop.provider_state())["calls"])
    await shop.fault("notify", "unknown_serial", times=100)
    for _ in range(100):
        assert not await shop.notify(order["out_trade_no"], forge=True)
    assert len((await shop.provider_state())["calls"]) == before


@pytest.mark.parametrize(
    "kind",
    [
        *("bad_tag", "bad_signature", "unsigned", "changed_amount", "failed_result"),
        *("foreign_appid", "foreign_mch_id", "foreign_currency"),
    ],
)
async def test_what_may_not_be_believed_changes_nothing(shop: Shop, kind: str) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", kind)
    assert not await shop.notify(order["out_trade_no"], forge=True)
    await shop.assert_nothing_happened(learner, order["order_id"])
    assert await shop.discrepancies() == []
    [attempt] = (await shop.provider_state())["attempts"]
    assert (attempt["status"], json.loads(attempt["reply"])["code"]) == (401, "FAIL")


async def test_a_notification_is_read_from_its_bytes_alone(
    make_client: MakeClient, folder: Path
) -> None:  # case 64
    """A middleware that writes the JSON anew changes no meaning, and breaks the signature."""
    client, v3 = make_client(), simulated.read(folder)
    body = notification(v3.apiv3_key)
    headers = signed_v3.headers(v3, body, None)
    trade = client.read_notification(body, headers)
    assert trade is not None
    assert trade.amount_fen == 15000
    rewritten = json.dumps(json.loads(body)).encode()
    assert json.loads(rewritten) == json.loads(body)
    with pytest.raises(NotTrusted):
        client.read_notification(rewritten, headers)
    for spelt in (str.lower, str.upper, str.title):
        assert client.read_notification(body, {spelt(k): v for k, v in headers.items()})


def transaction() -> dict[str, object]:
    return {
        "appid": APP_ID,
        "mchid": MCH_ID,
        "out_trade_no": NUMBER,
        "transaction_id": "4200001234567890",
        "trade_state": "SUCCESS",
        "trade_type": "NATIVE",
        "success_time": "2026-11-21T13:35:25+08:00",
        "payer": {"openid": "oPayer"},
        "amount": {"total": 15000, "payer_total": 14700, "currency": "CNY"},
    }


def notification(
    apiv3_key: str,
    changes: dict[str, object] | None = None,
    event: str = "TRANSACTION.SUCCESS",
    **outer: object,
) -> bytes:
    told = signed_v3.dump(transaction() | (changes or {}))
    resource = protocol_v3.encrypt(apiv3_key, told, original_type="transaction")
    return signed_v3.dump(
        {
            "id": "1",
            "resource_type": "encrypt-resource",
            "event_type": event,
            "resource": resource,
            **outer,
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"total": "15000", "currency": "CNY"}},
        {"amount": {"total": 15000.0, "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": -1, "currency": "CNY"}},
        {"amount": {"total": 10**15, "currency": "CNY"}},
        {"amount": {"payer_total": 15000, "currency": "CNY"}},
        {"amount": 15000},
        {"out_trade_no": "H26"},
        {"out_trade_no": None},
        {"transaction_id": "none"},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-21T13:35:25"},
        {"trade_state": "REFUND"},
        {"appid": None},
    ],
)
def test_a_signed_message_must_have_every_form_right(
    make_client: MakeClient, folder: Path, changes: dict[str, object]
) -> None:
    v3 = simulated.read(folder)
    body = notification(v3.apiv3_key, changes)
    with pytest.raises(NotTrusted):
        make_client().read_notification(body, signed_v3.headers(v3, body, None))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"\xff", b"<xml/>", b"[" * 30_000, b"x" * 70_000],
)
def test_signed_nonsense_is_not_trusted(make_client: MakeClient, folder: Path, body: bytes) -> None:
    v3 = simulated.read(folder)
    good = signed_v3.headers(v3, b"{}", None)
    signable = body if body != b"\xff" else b"{}"
    headers = signed_v3.headers(v3, signable, None) if len(body) < 70_000 else good
    with pytest.raises(NotTrusted):
        make_client().read_notification(body, headers)


@pytest.mark.parametrize("name", ["Signature", "Timestamp", "Nonce", "Serial"])
@pytest.mark.parametrize("value", [None, "", "é", "0" * 40])
def test_no_header_may_be_missing_or_another(
    make_client: MakeClient, folder: Path, name: str, value: str | None
) -> None:
    v3 = simulated.read(folder)
    body = notification(v3.apiv3_key)
    headers = signed_v3.headers(v3, body, None)
    headers.pop(f"Wechatpay-{name}")
    if value is not None:
        headers[f"Wechatpay-{name}"] = value
    with pytest.raises(NotTrusted):
        make_client().read_notification(body, headers)


def test_other_events_are_taken_and_tell_no_payment(make_client: MakeClient, folder: Path) -> None:
    v3 = simulated.read(folder)
    body = notification(v3.apiv3_key, event="REFUND.SUCCESS")
    assert make_client().read_notification(body, signed_v3.headers(v3, body, None)) is None


def test_a_probe_is_told_apart(make_client: MakeClient, folder: Path) -> None:
    v3 = simulated.read(folder)
    body = notification(v3.apiv3_key)
    with pytest.raises(SignatureProbe):
        make_client().read_notification(
            body, signed_v3.headers(v3, body, Fault("notify", "signtest"))
        )


@pytest.mark.parametrize(
    "kind",
    [
        *("error_500", "redirect", "not_xml", "system_error", "system_error_after"),
        *("forged", "unsigned", "old_timestamp", "signtest", "unknown_serial"),
    ],
)
async def test_an_answer_that_cannot_be_believed_is_unknown(shop: Shop, kind: str) -> None:
    for on, call in (
        ("create", lambda: shop.wechat.create(charge())),
        ("query", lambda: shop.wechat.query(NUMBER)),
        ("close", lambda: shop.wechat.close(NUMBER)),
    ):
        await shop.fault(on, kind, seconds=301)
        with pytest.raises(Unknown):
            await call()
    calls = (await shop.provider_state())["calls"]
    assert not [call for call in calls if call["endpoint"] in ("decoy", "certificates")]


async def test_half_an_answer_is_unknown(shop: Shop) -> None:
    await shop.fault("create", "truncated")
    with pytest.raises(Unknown):
        await shop.wechat.create(charge())
    await shop.fault("query", "truncated")
    with pytest.raises(Unknown):
        await shop.wechat.query(NUMBER)


@pytest.mark.parametrize("kind", ["foreign_appid", "foreign_mch_id"])
async def test_an_answer_about_another_merchant_is_unknown(shop: Shop, kind: str) -> None:
    await shop.wechat.create(charge())
    await shop.fault("query", kind)
    with pytest.raises(Unknown):
        await shop.wechat.query(NUMBER)


async def test_the_library_asks_where_we_told_it_to(make_client: MakeClient) -> None:
    """`_gate_way` is a private name of wechatpayv3's: this fails should a release change it."""
    client = make_client(base_url="http://127.0.0.1:1/here/")
    assert client._pay._core._gate_way == "http://127.0.0.1:1/here"
    with pytest.raises(Unknown, match="ConnectionError"):
        await client.query(NUMBER)
    client.stop()


async def test_no_number_leaves_its_place_in_a_path(make_client: MakeClient) -> None:
    client = make_client()
    for number in ("../refunds", "a/b", "a?mchid=1", "", "a b", "号"):
        with pytest.raises(ValueError, match="form"):
            await client.query(number)
        with pytest.raises(ValueError, match="form"):
            await client.close(number)
        with pytest.raises(ValueError, match="form"):
            await client.query_refund(number)


def test_a_key_of_another_length_does_not_start(make_client: MakeClient) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_client(apiv3_key="k" * 31)


async def test_neither_keys_nor_payers_are_logged(
    shop: Shop, keys: dict[str, str], log_file: Path
) -> None:  # case 47
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.scan(order["code_url"], openid="oPayerOfApiV3")
    await shop.until_paid(learner, order["order_id"])
    logged = log_file.read_text()
    for secret in (keys["WECHAT_APIV3_KEY"], "oPayerOfApiV3", "WECHATPAY2-SHA256-RSA2048 mchid"):
        assert secret not in logged


def test_the_merchants_serial_is_its_certificates(folder: Path) -> None:
    content = (folder / simulated.MERCHANT_CERTIFICATE).read_bytes()
    certificate = x509.load_pem_x509_certificate(content)
    assert simulated.read(folder).merchant_serial == f"{certificate.serial_number:040X}"
    key = load_pem_private_key((folder / simulated.MERCHANT_KEY).read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
