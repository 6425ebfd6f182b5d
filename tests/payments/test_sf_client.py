"""The client of SF Express: what it believes, and how it signs ($-7)."""

import json
from typing import Any

import httpx
import pytest

from services.payments.courier_settings import DEMO_SF_CHECKWORD, DEMO_SF_PARTNER_ID
from services.payments.providers.courier import Letter
from services.payments.providers.port import Refused, Unknown
from services.payments.providers.sf_express import SfExpress, digest

LETTER = Letter("F261128-7K3Q9M", "王小芳", "13812345678", "上海市浦东新区世纪大道100号")


def client(handler: Any) -> SfExpress:
    sf = SfExpress(
        base_url="http://sf.test/std/service",
        partner_id=DEMO_SF_PARTNER_ID,
        checkword=DEMO_SF_CHECKWORD,
        sender_name="协会",
        sender_phone="010-62383899",
        sender_address="北京市",
    )
    sf._client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return sf


def said(**inner: Any) -> str:
    return json.dumps({"apiResultCode": "A1000", "apiResultData": json.dumps(inner)})


def done(**data: Any) -> str:
    return said(success=True, errorCode="S0000", msgData=data)


ONE = [{"waybillType": 1, "waybillNo": "SF1"}]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"apiResultCode": "A1006", "apiErrorMsg": "数字签名无效"}',
        '{"apiResultCode": "A1000", "apiResultData": "nothing"}',
        said(success=True, errorCode="S0000", msgData=[]),
        done(orderId="another", waybillNoInfoList=ONE),
        done(orderId=LETTER.order_id, waybillNoInfoList=ONE * 2),
        done(orderId=LETTER.order_id),
    ],
)
async def test_an_answer_that_does_not_fit_is_unknown(body: str) -> None:
    sf = client(lambda _request: httpx.Response(200, text=body))
    with pytest.raises(Unknown):
        await sf.send(LETTER)
    await sf.stop()


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silence", request=request)


def elsewhere(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "http://evil.test/"})


@pytest.mark.parametrize("handler", [silent, elsewhere])
async def test_silence_and_redirects_are_unknown(handler: Any) -> None:
    sf = client(handler)
    with pytest.raises(Unknown):
        await sf.send(LETTER)
    await sf.stop()


async def test_a_refusal_keeps_its_code() -> None:
    text = said(success=False, errorCode="8117")
    sf = client(lambda _request: httpx.Response(200, text=text))
    with pytest.raises(Refused) as refused:
        await sf.send(LETTER)
    assert refused.value.code == "8117"
    await sf.stop()


def test_the_digest_encodes_like_java() -> None:
    """Python's own quote_plus would leave `~` and encode `*`: MD5 of %E5%8F%91+*%7E17…secret."""
    assert digest("发 *~", "1700000000000", "secret") == "49Z62tSKDXgO6AFLW5znGg=="


def test_a_letter_shows_nobody_in_a_trace() -> None:
    assert "138" not in repr(LETTER)
    assert "上海" not in repr(LETTER)
