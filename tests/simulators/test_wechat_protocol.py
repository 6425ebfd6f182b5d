"""The simulator's own signing and XML, held to what WeChat Pay has published."""

import pytest

from simulators.wechat_pay import protocol
from simulators.wechat_pay.deliveries import RETRY_GAPS_SECONDS

KEY = "192006250b4c09247ec02edce69f6a2d"
PUBLISHED = {
    "appid": "wxd930ea5d5a258f4f",
    "mch_id": "10000100",
    "device_info": "1000",
    "body": "test",
    "nonce_str": "ibuaiVcKdpRxkhJA",
}
MISSPELT = {**PUBLISHED, "appid": "wxd930ea5d8a258f4f"}


@pytest.mark.parametrize(
    ("fields", "md5", "hmac_sha256"),
    [
        (
            PUBLISHED,
            "9A0A8659F005D6984697E2CA0A9CF3B7",
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
        ),
        (
            MISSPELT,
            "61129264DB2BD16D3C3CE00C5B681D72",
            "7A8D81A1AEA8F658EC87938C6743A1701015891B98DE3EB416B909E8420D2597",
        ),
    ],
)
def test_the_published_vector_is_reproduced(
    fields: dict[str, str], md5: str, hmac_sha256: str
) -> None:
    assert protocol.sign(fields, KEY) == md5
    assert protocol.sign(fields, KEY, "HMAC-SHA256") == hmac_sha256


def test_a_misspelt_appid_does_not_carry_the_published_signature() -> None:
    assert not protocol.is_signed({**MISSPELT, "sign": "9A0A8659F005D6984697E2CA0A9CF3B7"}, KEY)


def test_empty_fields_and_the_sign_itself_are_not_signed() -> None:
    assert protocol.sign({**PUBLISHED, "attach": "", "sign": "x"}, KEY) == protocol.sign(
        PUBLISHED, KEY
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text",
        b"<other/>",
        b"<xml><a><b>1</b></a></xml>",
        b"<xml><a>1</a><a>2</a></xml>",
        b'<!DOCTYPE xml [<!ENTITY x "1">]><xml><a>&x;</a></xml>',
        b"<xml>" + b"<a>" * 20000,
    ],
)
def test_what_is_not_one_flat_xml_is_refused(body: bytes) -> None:
    with pytest.raises(protocol.NotXml):
        protocol.read(body)


def test_xml_is_read_as_it_was_written() -> None:
    fields = {"body": "学时 <40> & ]]>", "total_fee": "60000"}
    assert protocol.read(protocol.write(fields)) == fields


def test_a_time_is_beijing_time() -> None:
    assert protocol.beijing(0) == "19700101080000"
    assert protocol.moment("19700101080000") == 0


def test_the_retries_take_24_hours_and_4_minutes() -> None:
    assert len(RETRY_GAPS_SECONDS) == 15
    assert sum(RETRY_GAPS_SECONDS) == 86640
