"""What is believed of a message, and what is not. Numbers: cases of the payments reference."""

import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.model.attempts import Trade
from services.payments.providers.port import NotTrusted
from services.payments.providers.wechat_xml import (
    MESSAGE_MAX,
    flat_xml,
    is_signed,
    parse_notify,
    signature,
)
from simulators.wechat_pay import protocol

KEY = "192006250b4c09247ec02edce69f6a2d"
APP_ID, MCH_ID = "wxd930ea5d5a258f4f", "10000100"
PUBLISHED = {
    "appid": APP_ID,
    "mch_id": MCH_ID,
    "device_info": "1000",
    "body": "test",
    "nonce_str": "ibuaiVcKdpRxkhJA",
}
MD5 = "9A0A8659F005D6984697E2CA0A9CF3B7"
HMAC = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"

PAID = {
    "return_code": "SUCCESS",
    "result_code": "SUCCESS",
    "appid": APP_ID,
    "mch_id": MCH_ID,
    "nonce_str": "5d2b6c2a8db53831f7eda20af46e531c",
    "openid": "oUpF8uMEb4qRXf22hE3X68TekukE",
    "is_subscribe": "Y",
    "trade_type": "NATIVE",
    "bank_type": "CFT",
    "total_fee": "15000",
    "cash_fee": "15000",
    "transaction_id": "1004400740201409030005092168",
    "out_trade_no": "H261121K7Q2M9XW40AB-1",
    "time_end": "20261121133525",
}


def signed(fields: dict[str, str], sign_type: str = "MD5") -> dict[str, str]:
    return {**fields, "sign": sign(fields, sign_type)}


def sign(fields: dict[str, str], sign_type: str = "MD5") -> str:
    """From the document's words, independent of wechatpy and of the simulator."""
    text = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if fields[k] and k != "sign")
    data = f"{text}&key={KEY}".encode()
    if sign_type == "MD5":
        return hashlib.md5(data).hexdigest().upper()
    return hmac.new(KEY.encode(), data, hashlib.sha256).hexdigest().upper()


def xml(fields: dict[str, str]) -> bytes:
    tags = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
    return f"<xml>{tags}</xml>".encode()


def parse(raw: bytes, sign_type: str = "MD5") -> Trade:
    return parse_notify(
        raw,
        app_id=APP_ID,
        mch_id=MCH_ID,
        key=KEY,
        sign_type="HMAC-SHA256" if sign_type == "HMAC-SHA256" else "MD5",
    )


def test_the_published_signatures_are_ours_and_the_simulators() -> None:  # case 1
    assert signature(PUBLISHED, KEY, "MD5") == protocol.sign(PUBLISHED, KEY) == MD5
    assert signature(PUBLISHED, KEY, "HMAC-SHA256") == HMAC
    assert protocol.sign(PUBLISHED, KEY, "HMAC-SHA256") == HMAC


def test_the_misspelt_appid_does_not_verify() -> None:  # case 2
    misspelt = {**PUBLISHED, "appid": "wxd930ea5d8a258f4f", "sign": MD5}
    assert not is_signed(misspelt, KEY, "MD5")
    assert not protocol.is_signed(misspelt, KEY)


def test_a_genuine_notification_is_read() -> None:
    assert parse(xml(signed(PAID))) == Trade(
        out_trade_no="H261121K7Q2M9XW40AB-1",
        transaction_id="1004400740201409030005092168",
        amount_fen=15000,
        paid_at=datetime(2026, 11, 21, 5, 35, 25, tzinfo=UTC),
    )


def test_a_byte_order_mark_and_unknown_signed_fields_are_accepted() -> None:  # case 19
    fields = signed({**PAID, "new_since": "yesterday", "fee_type": "CNY"})
    assert parse(b"\xef\xbb\xbf" + xml(fields)).amount_fen == 15000


def test_each_sign_type_accepts_its_own_signature_alone() -> None:  # case 20
    assert parse(xml(signed(PAID, "HMAC-SHA256")), "HMAC-SHA256").amount_fen == 15000
    with pytest.raises(NotTrusted):
        parse(xml(signed(PAID)), "HMAC-SHA256")
    with pytest.raises(NotTrusted):
        parse(xml(signed(PAID, "HMAC-SHA256")))


@pytest.mark.parametrize(
    "changed",
    [
        {"total_fee": "1"},  # case 10
        {"sign": ""},  # case 13
        {"sign": sign(PAID).lower()},
        {"sign": sign(PAID)[:31]},
        {"sign": sign({**PAID, "out_trade_no": "H261121OTHER"})},
        {"out_trade_no": "H261121OTHER"},
        {"new_since": "yesterday"},
    ],
)
def test_a_message_changed_after_signing_is_not_trusted(changed: dict[str, str]) -> None:
    with pytest.raises(NotTrusted):
        parse(xml({**signed(PAID), **changed}))


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wxffffffffffffffff"},  # case 12
        {"mch_id": "1999999999"},
        {"fee_type": "USD"},
        {"result_code": "FAIL"},  # case 16
        {"return_code": "FAIL"},
        {"total_fee": "0"},
        {"total_fee": "-1"},
        {"total_fee": "15.00"},
        {"total_fee": "1e3"},
        {"total_fee": "015000"},
        {"total_fee": "１５０００"},
        {"total_fee": "٤"},
        {"total_fee": "15000000000"},
        {"transaction_id": "none"},
        {"transaction_id": "9" * 33},
        {"out_trade_no": "H26"},
        {"out_trade_no": "H261121 K7Q2"},
        {"time_end": "20261321133525"},
        {"time_end": "yesterday"},
    ],
)
def test_a_signed_message_must_have_every_form_right(changed: dict[str, str]) -> None:
    with pytest.raises(NotTrusted):
        parse(xml(signed({**PAID, **changed})))


@pytest.mark.parametrize("name", sorted(set(PAID) - {"is_subscribe", "bank_type", "cash_fee"}))
def test_no_needed_field_may_be_missing(name: str) -> None:
    with pytest.raises(NotTrusted):
        parse(xml(signed({k: v for k, v in PAID.items() if k != name})))


def test_the_browsers_payment_dictionary_is_no_notification() -> None:  # case 14
    jsapi = {
        "appId": APP_ID,
        "timeStamp": "1795000000",
        "nonceStr": "5d2b6c2a8db53831f7eda20af46e531c",
        "package": "prepay_id=wx201410272009395522657a690389285100",
        "signType": "MD5",
    }
    with pytest.raises(NotTrusted):
        parse(xml(signed(jsapi)))


def test_fields_split_anew_under_the_old_signature_are_not_trusted() -> None:  # case 15
    fields = signed(PAID)
    del fields["bank_type"]
    fields["appid"] = f"{APP_ID}&bank_type=CFT"
    assert is_signed(fields, KEY, "MD5"), "the signature itself can't tell"
    with pytest.raises(NotTrusted):
        parse(xml(fields))


GENUINE = xml(signed(PAID))
LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
)


@pytest.mark.parametrize(  # cases 17, 18
    "raw",
    [
        b"",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<xml><a><b>1</b></a></xml>",
        b"{}",
        b"\xff\xfe<xml>",
        b"<xml><sign>\xff</sign></xml>",
        b"<html></html>",
        GENUINE[:-1],
        GENUINE + b"<xml></xml>",
        GENUINE.replace(b"</xml>", b"<total_fee>1</total_fee></xml>"),
        b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>" + GENUINE,
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><xml><a>&e;</a></xml>",
        LAUGHS + b"]><xml><a>&j;</a></xml>",
        b"<x>" * 9999 + b"</x>" * 9999,
        b"<xml>" + b"<a/>" * 5000 + b"</xml>",
        b"x" * (MESSAGE_MAX + 1),
    ],
)
def test_hostile_bodies_are_refused_quickly(raw: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(NotTrusted) as refused:
        parse(raw)
    assert time.perf_counter() - started < 0.1
    assert KEY not in str(refused.value)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_do_worse_than_not_trusted(raw: bytes) -> None:
    with pytest.raises(NotTrusted):
        parse(raw)


@given(
    st.dictionaries(
        st.sampled_from([*PAID, "fee_type", "sign_type"]), st.text("0A中&=]<\n", max_size=9)
    )
)
def test_signed_nonsense_is_read_as_what_was_signed_or_not_at_all(
    changed: dict[str, str],
) -> None:
    """Whoever holds the key can't make a trade that names another merchant or no whole amount."""
    fields = signed({**PAID, **changed})
    try:
        trade = parse(xml(fields))
    except NotTrusted:
        return
    assert trade.amount_fen == int(fields["total_fee"]) > 0
    assert (fields["appid"], fields["mch_id"]) == (APP_ID, MCH_ID)


@given(st.integers(0, len(GENUINE) - 1), st.binary(min_size=1, max_size=1))
def test_one_changed_byte_never_makes_another_payment(place: int, byte: bytes) -> None:
    raw = GENUINE[:place] + byte + GENUINE[place + 1 :]
    try:
        trade = parse(raw)
    except NotTrusted:
        return
    assert trade == parse(GENUINE)


def test_only_flat_messages_have_fields() -> None:
    assert flat_xml(b"<xml><a>1</a><b></b></xml>") == {"a": "1", "b": ""}
