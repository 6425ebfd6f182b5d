"""WeChat Pay API v3: what is believed of a message, and where the client lets itself be led.
Numbers: cases of the payments reference."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.payments.providers.port import NotTrusted, SignatureProbe, Unknown
from services.payments.providers.wechat_v3_client import FRESH_SECONDS
from simulators.wechat_pay import keys as simulated
from tests.payments.test_wechat_client import NUMBER
from tests.payments.v3_steps import V3


@pytest.fixture
def v3(keys: dict[str, str]) -> V3:
    return V3(keys)


@pytest.mark.parametrize(("age", "fresh"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_freshness_ends_to_the_second(v3: V3, age: int, fresh: bool) -> None:  # case 63
    client = v3.client()
    headers = v3.headers(b"{}")
    now = int(headers["Wechatpay-Timestamp"]) + age
    if fresh:
        client._core.check_signed(headers, b"{}", now=now)
    else:
        with pytest.raises(NotTrusted, match="stale"):
            client._core.check_signed(headers, b"{}", now=now)
    assert FRESH_SECONDS == 300


async def test_a_notification_is_read_from_its_bytes_alone(v3: V3) -> None:  # case 64
    """A middleware that writes the JSON anew changes no meaning, and breaks the signature."""
    client = v3.client()
    body = v3.notification()
    headers = v3.headers(body)
    trade = client.read_notification(body, headers)
    assert trade is not None
    assert trade.amount_fen == 15000
    rewritten = json.dumps(json.loads(body)).encode()
    assert json.loads(rewritten) == json.loads(body)
    with pytest.raises(NotTrusted):
        client.read_notification(rewritten, headers)
    with pytest.raises(NotTrusted):  # answers are checked here alone
        client._core.check_signed(headers, rewritten)
    for spelt in (str.lower, str.upper, str.title):
        assert client.read_notification(body, {spelt(k): v for k, v in headers.items()})


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
def test_a_signed_message_must_have_every_form_right(v3: V3, changes: dict[str, object]) -> None:
    body = v3.notification(changes)
    with pytest.raises(NotTrusted):
        v3.client().read_notification(body, v3.headers(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"\xff", b"<xml/>", b"[" * 30_000, b"x" * 70_000],
)
def test_signed_nonsense_is_not_trusted(v3: V3, body: bytes) -> None:
    good = v3.headers(b"{}")
    signable = body if body != b"\xff" else b"{}"
    headers = v3.headers(signable) if len(body) < 70_000 else good
    with pytest.raises(NotTrusted):
        v3.client().read_notification(body, headers)


@pytest.mark.parametrize("name", ["Signature", "Timestamp", "Nonce", "Serial"])
@pytest.mark.parametrize("value", [None, "", "é", "0" * 40])
def test_no_header_may_be_missing_or_another(v3: V3, name: str, value: str | None) -> None:
    body = v3.notification()
    headers = v3.headers(body)
    headers.pop(f"Wechatpay-{name}")
    if value is not None:
        headers[f"Wechatpay-{name}"] = value
    with pytest.raises(NotTrusted):
        v3.client().read_notification(body, headers)


def test_other_events_are_taken_and_tell_no_payment(v3: V3) -> None:
    body = v3.notification(event="REFUND.SUCCESS")
    assert v3.client().read_notification(body, v3.headers(body)) is None


def test_only_an_event_of_a_refund_is_a_hint_of_one(v3: V3) -> None:
    client = v3.client()
    for event, hint in (
        ("REFUND.SUCCESS", "R1"),
        ("REFUND.ABNORMAL", "R1"),
        ("TRANSACTION.SUCCESS", None),
    ):
        body = v3.notification({"out_refund_no": "R1"}, event=event)
        assert client.read_refund_hint(body, v3.headers(body)) == hint
    unsigned = v3.notification({"out_refund_no": "R1"}, event="REFUND.SUCCESS")
    with pytest.raises(NotTrusted):
        client.read_refund_hint(unsigned, v3.headers(b"another"))


def test_a_probe_is_told_apart(v3: V3) -> None:
    body = v3.notification()
    with pytest.raises(SignatureProbe):
        v3.client().read_notification(body, v3.headers(body, "signtest"))


async def test_the_library_asks_where_we_told_it_to(v3: V3) -> None:
    """`_gate_way` is a private name of wechatpayv3's: this fails should a release change it."""
    client = v3.client(base_url="http://127.0.0.1:1/here/")
    assert client._pay._core._gate_way == "http://127.0.0.1:1/here"
    with pytest.raises(Unknown, match="ConnectionError"):
        await client.query(NUMBER)
    client.stop()


async def test_no_number_leaves_its_place_in_a_path(v3: V3) -> None:
    client = v3.client()
    for number in ("../refunds", "a/b", "a?mchid=1", "", "a b", "号"):
        with pytest.raises(ValueError, match="form"):
            await client.query(number)
        with pytest.raises(ValueError, match="form"):
            await client.close(number)
        with pytest.raises(ValueError, match="form"):
            await client.query_refund(number)


def test_a_key_of_another_length_does_not_start(v3: V3) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        v3.client(apiv3_key="k" * 31)


def test_the_merchants_serial_is_its_certificates(v3: V3) -> None:
    content = (v3.folder / simulated.MERCHANT_CERTIFICATE).read_bytes()
    certificate = x509.load_pem_x509_certificate(content)
    assert v3.names.merchant_serial == f"{certificate.serial_number:040X}"
    key = load_pem_private_key((v3.folder / simulated.MERCHANT_KEY).read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
