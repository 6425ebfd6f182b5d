"""Tells the merchant that a refund is settled: API v2 encrypts, and does not sign."""

import asyncio
import base64
import hashlib
import secrets
from xml.etree.ElementTree import Element, SubElement, tostring

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulators.wechat_pay import faults, protocol
from simulators.wechat_pay.book import DELIVERED, LOST, PENDING, Book
from simulators.wechat_pay.deliveries import Courier, Deliveries
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.notifier import REPLY_KEPT, XML_HEADERS, says_success
from simulators.wechat_pay.protocol import Fields
from simulators.wechat_pay.refund_book import PROCESSING, SUCCESS, Refund
from simulators.wechat_pay.refunds import Refunds

BLOCK_BITS = 128


class RefundNotifier(Deliveries):
    def __init__(
        self,
        *,
        merchant: Merchant,
        book: Book,
        refunds: Refunds,
        plan: Plan,
        courier: Courier,
        time_scale: float,
    ) -> None:
        super().__init__(time_scale)
        self._merchant = merchant
        self._book = book
        self._refunds = refunds
        self._plan = plan
        self._courier = courier

    def pending(self) -> list[tuple[str, int, float]]:
        return self._book.refunds.pending()

    def note(self, number: str, *, state: str, tries: int, next_at: float) -> None:
        self._book.refunds.note_told(number, state=state, tries=tries, next_at=next_at)

    async def send_now(self, refund: Refund) -> bool:
        """One attempt outside the schedule; whether the merchant took it."""
        fault = self._plan.take(faults.REFUND_NOTIFY, refund.out_refund_no)
        return await self._attempt(refund, fault)

    async def try_once(self, number: str) -> str:
        refund = self._refunds.get(number)
        if refund is None:
            return LOST
        if refund.status == PROCESSING:
            return PENDING
        fault = self._plan.take(faults.REFUND_NOTIFY, number, refund.out_trade_no)
        if fault and fault.kind == "lost":
            return LOST
        if fault and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        return DELIVERED if await self._attempt(refund, fault) else PENDING

    async def _attempt(self, refund: Refund, fault: Fault | None) -> bool:
        copies = fault.copies if fault and fault.kind == "duplicated" else 1
        body = protocol.write(self._message(refund, fault))
        replies = await asyncio.gather(
            *(self._courier.post(refund.notify_url, body, XML_HEADERS) for _ in range(copies))
        )
        reply = replies[0].body.decode(errors="replace")[:REPLY_KEPT]
        self._book.refunds.note_reply(refund.out_refund_no, f"{replies[0].status} {reply}")
        return any(says_success(reply) for reply in replies)

    def _message(self, refund: Refund, fault: Fault | None) -> Fields:
        order = self._book.get_order(out_trade_no=refund.out_trade_no)
        untrue = fault is not None and fault.kind == "untrue"
        inner = {
            "transaction_id": (order.transaction_id if order else "") or "",
            "out_trade_no": refund.out_trade_no,
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "total_fee": str(refund.total_fee),
            "refund_fee": str(refund.refund_fee),
            "settlement_refund_fee": str(refund.refund_fee),
            "refund_status": SUCCESS if untrue else refund.status,
            "success_time": protocol.long_beijing(refund.settled_at or refund.created_at),
            "refund_recv_accout": "支付用户零钱",  # spelt as WeChat spells it
            "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
            "refund_request_source": "API",
        }
        outer = {
            "return_code": "SUCCESS",
            "appid": self._merchant.app_id,
            "mch_id": self._merchant.mch_id,
            "nonce_str": secrets.token_hex(16),
            "req_info": encrypt(inner, self._merchant.api_key),
        }
        if fault and fault.kind == "garbage":
            outer["req_info"] = base64.b64encode(secrets.token_bytes(48)).decode()
        return faults.spoil(faults.BEFORE_SIGNING, outer, fault)


def encrypt(fields: Fields, api_key: str) -> str:
    """`<root>` in AES-256-ECB under the lower-case MD5 of the key, padded, in base64."""
    root = Element("root")
    for name, value in fields.items():
        SubElement(root, name).text = value
    padder = padding.PKCS7(BLOCK_BITS).padder()
    text = padder.update(bytes(tostring(root, encoding="utf-8"))) + padder.finalize()
    key = hashlib.md5(api_key.encode(), usedforsecurity=False).hexdigest().encode()
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return base64.b64encode(encryptor.update(text) + encryptor.finalize()).decode()
