"""SF Express 「顺丰」: letters that their recipient pays (payMethod 2, 到付), by its open platform.

SF's answers carry no signature: TLS alone vouches for them, so redirects and proxies of the
environment are not followed.
"""

import json
import time
from base64 import b64encode
from hashlib import md5
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import httpx

from .courier import Letter
from .port import Refused, Unknown

CREATE, SEARCH = "EXP_RECE_CREATE_ORDER", "EXP_RECE_SEARCH_ORDER_RESP"
PAID_BY_RECIPIENT = 2  # 收方付; 1 would be the sender, 3 a third party with a monthly card
SENDER, RECIPIENT = 1, 2
STANDARD = 2  # expressTypeId: 顺丰标快
TIMEOUT = httpx.Timeout(10, connect=3)
UNDERSTOOD = "A1000"
ORDERED_BEFORE = "8016"  # 重复下单
OWN_TROUBLE = "S0003"  # something broke at SF
PARENT = 1  # waybillType


class SfExpress:
    """The real client."""

    def __init__(
        self,
        *,
        base_url: str,
        partner_id: str,
        checkword: str,
        sender_name: str,
        sender_phone: str,
        sender_address: str,
    ) -> None:
        self._url = base_url
        self._partner_id = partner_id
        self._checkword = checkword
        self._sender = {
            "contactType": SENDER,
            "contact": sender_name,
            "tel": sender_phone,
            "address": sender_address,
            "country": "CN",
        }
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    async def send(self, letter: Letter) -> str:
        """An order that SF knows already is looked up instead."""
        try:
            made = await self._call(CREATE, self._order(letter))
        except Refused as refused:
            if refused.code != ORDERED_BEFORE:
                raise
            made = await self._call(SEARCH, {"searchType": "1", "orderId": letter.order_id})
        return _waybill(made, letter.order_id)

    async def stop(self) -> None:
        await self._client.aclose()

    def _order(self, letter: Letter) -> dict[str, Any]:
        """No monthlyCard: with one, the association would pay."""
        recipient = {
            "contactType": RECIPIENT,
            "contact": letter.recipient,
            "mobile": letter.mobile,
            "address": letter.address,
            "country": "CN",
        }
        return {
            "language": "zh-CN",
            "orderId": letter.order_id,
            "payMethod": PAID_BY_RECIPIENT,
            "expressTypeId": STANDARD,
            "parcelQty": 1,
            "cargoDetails": [{"name": "发票", "count": 1}],
            "contactInfoList": [self._sender, recipient],
        }

    async def _call(self, service: str, message: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        timestamp = str(int(time.time() * 1000))
        fields = {
            "partnerID": self._partner_id,
            "requestID": uuid4().hex,
            "serviceCode": service,
            "timestamp": timestamp,
            "msgDigest": digest(text, timestamp, self._checkword),
            "msgData": text,
        }
        try:
            answer = await self._client.post(self._url, data=fields)
        except httpx.HTTPError as error:
            raise Unknown(type(error).__name__) from None
        if answer.status_code != httpx.codes.OK:
            raise Unknown(f"http {answer.status_code}")
        return _read(answer)


def digest(message: str, timestamp: str, checkword: str) -> str:
    """msgDigest: Base64(MD5(URL-encoded text)), encoded as Java does: `*` stays, `~` does not."""
    text = quote_plus(message + timestamp + checkword, safe="*").replace("~", "%7E")
    return b64encode(md5(text.encode(), usedforsecurity=False).digest()).decode()


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The answer's data. What the platform itself turns down never reached SF's orders: it is asked
    again once somebody has mended the settings."""
    try:
        outer = answer.json()
        if outer["apiResultCode"] != UNDERSTOOD:
            raise Unknown(f"platform {str(outer['apiResultCode'])[:20]}")
        inner = json.loads(outer["apiResultData"])
        succeeded, code = bool(inner["success"]), str(inner["errorCode"])[:20]
        data = inner.get("msgData") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unknown("unreadable answer") from None
    if not succeeded:
        raise Unknown(code) if code == OWN_TROUBLE else Refused(code)
    if not isinstance(data, dict):
        raise Unknown("unreadable answer")
    return data


def _waybill(data: dict[str, Any], order_id: str) -> str:
    """The one waybill of this very order; kept as text that we do not interpret."""
    numbers = [
        one.get("waybillNo")
        for one in data.get("waybillNoInfoList") or []
        if isinstance(one, dict) and one.get("waybillType") == PARENT
    ]
    if data.get("orderId") != order_id or len(numbers) != 1 or not isinstance(numbers[0], str):
        raise Unknown("answer without the waybill of this order")
    return numbers[0]
