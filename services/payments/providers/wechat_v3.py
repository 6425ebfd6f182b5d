"""WeChat Pay API v3 behind the port, by wechatpayv3 (hardened in `wechat_v3_client`)."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from datetime import date
from functools import partial

from wechatpayv3 import WeChatPay as WechatpayClient
from wechatpayv3 import WeChatPayType

from chassis import clock

from ..model.attempts import Method, Trade, TradeState
from . import bills, wechat_json
from .port import (
    Answer,
    Bill,
    Charge,
    NotTrusted,
    RefundAnswer,
    RefundAsked,
    RefundState,
    Refused,
    Unknown,
)
from .threads import Threads
from .wechat_json import MESSAGE_MAX, Json
from .wechat_v2 import BODY
from .wechat_v3_client import HardenedCore

IN_A_PATH = re.compile(r"[0-9A-Za-z_\-]{1,64}")
APIV3_KEY_BYTES = 32
PAID, REFUND_EVENTS = "TRANSACTION.SUCCESS", "REFUND."


class WeChatV3:
    """The real client; `port.Provider` says what it does."""

    def __init__(
        self,
        *,
        base_url: str,
        app_id: str,
        mch_id: str,
        apiv3_key: str,
        serial: str,
        private_key: str,
        public_key: str,
        public_key_id: str,
        notify_url: str,
    ) -> None:
        if len(apiv3_key.encode()) != APIV3_KEY_BYTES:
            raise ValueError("the APIv3 key has 32 bytes")
        names = {
            "private_key": private_key,
            "cert_serial_no": serial,
            "apiv3_key": apiv3_key,
            "public_key": public_key,
            "public_key_id": public_key_id,
        }
        self._pay = WechatpayClient(WeChatPayType.NATIVE, mchid=mch_id, appid=app_id, **names)
        self._core = self._pay._core = HardenedCore(base_url=base_url, mchid=mch_id, **names)
        self._app_id, self._mch_id = app_id, mch_id
        self._notify_url = notify_url
        self._threads = Threads()

    async def create(self, charge: Charge) -> str:
        inside = charge.method is Method.WECHAT_JSAPI
        told = await self._threads.call(
            partial(
                self._pay.pay,
                description=BODY,
                out_trade_no=charge.out_trade_no,
                amount={"total": charge.amount_fen, "currency": "CNY"},
                time_expire=charge.expires_at.astimezone(clock.CHINA).isoformat(timespec="seconds"),
                notify_url=self._notify_url,
                payer={"openid": charge.openid} if inside else None,
                pay_type=WeChatPayType.JSAPI if inside else WeChatPayType.NATIVE,
            )
        )
        if inside:
            return _checked(told, "prepay_id", r"[0-9A-Za-z_\-]{8,64}")
        return _checked(told, "code_url", r"weixin://\S{1,200}")

    async def query(self, out_trade_no: str) -> Answer:
        number = _in_path(out_trade_no)
        try:
            told = await self._threads.call(partial(self._pay.query, out_trade_no=number))
        except Refused as refused:
            if refused.code == TradeState.UNKNOWN_NUMBER:
                return Answer(TradeState.UNKNOWN_NUMBER)
            raise Unknown(refused.code) from None
        return self._answer(told, out_trade_no)

    def _answer(self, told: Json, out_trade_no: str) -> Answer:
        try:
            state = TradeState(str(told.get("trade_state")))
            wechat_json.check_names(told, app_id=self._app_id, mch_id=self._mch_id)
            if told.get("out_trade_no") != out_trade_no:
                raise NotTrusted("another number")
            if state in (TradeState.SUCCESS, TradeState.REFUND):
                return Answer(state, wechat_json.read_trade(told))
        except (ValueError, NotTrusted) as reason:
            raise Unknown(f"unreadable answer: {reason}") from None
        return Answer(state)

    async def close(self, out_trade_no: str) -> None:
        await self._threads.call(partial(self._pay.close, _in_path(out_trade_no)))

    def jsapi_parameters(self, prepay_id: str) -> Mapping[str, str]:
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": self._app_id,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._pay.sign([self._app_id, stamp, nonce, package]),
        }

    async def refund(self, asked: RefundAsked) -> RefundAnswer:
        told = await self._threads.call(
            partial(
                self._pay.refund,
                out_refund_no=_in_path(asked.out_refund_no),
                amount={
                    "refund": asked.amount_fen,
                    "total": asked.total_fen,
                    "currency": "CNY",
                },
                transaction_id=asked.transaction_id,
                reason=asked.reason,
                notify_url=f"{self._notify_url}/refunds",
            )
        )
        answer = _refund_answer(told, asked.out_refund_no)
        if told.get("out_trade_no") != asked.out_trade_no or answer.amount_fen != asked.amount_fen:
            raise Unknown("answer about another refund")
        return answer

    async def query_refund(self, out_refund_no: str) -> RefundAnswer:
        number = _in_path(out_refund_no)
        try:
            told = await self._threads.call(partial(self._pay.query_refund, number))
        except Refused as refused:
            if refused.code == "REFUNDNOTEXIST":
                return RefundAnswer(RefundState.UNKNOWN_NUMBER)
            raise Unknown(refused.code) from None
        return _refund_answer(told, out_refund_no)

    async def download_bill(self, day: date) -> Bill:
        text = await self._threads.call(partial(self._fetch_bill, day))
        try:
            return bills.parse(text, day=day)
        except NotTrusted as reason:
            raise Unknown(str(reason)) from None

    def _fetch_bill(self, day: date) -> str:
        """The answer that names the file is signed, and holds the hash of what is in it."""
        told = self._pay.trade_bill(day.isoformat(), "ALL", "GZIP")
        address = told.get("download_url")
        here = f"{self._core._gate_way}/v3/billdownload/"
        if not isinstance(address, str) or not address.startswith(here):
            raise Unknown("the bill is elsewhere")
        text = bills.unzip(self._pay.download_bill(address))
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(digest.encode(), str(told.get("hash_value")).lower().encode()):
            raise Unknown("the bill has another hash")
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unknown("the bill is no text") from None

    def read_notification(self, raw: bytes, headers: Mapping[str, str]) -> Trade | None:
        """API v3 puts its signature into the headers, over the bytes as they came."""
        kind, told = self._read_event(raw, headers)
        if kind != PAID:
            return None
        wechat_json.check_names(told, app_id=self._app_id, mch_id=self._mch_id)
        if told.get("trade_state") != TradeState.SUCCESS:
            raise NotTrusted("not a success")
        return wechat_json.read_trade(told)

    def read_refund_hint(self, raw: bytes, headers: Mapping[str, str]) -> str | None:
        """Signed, unlike v2's; WeChat is asked all the same."""
        kind, told = self._read_event(raw, headers)
        if not kind.startswith(REFUND_EVENTS):
            return None
        return wechat_json.text(told, "out_refund_no", IN_A_PATH.pattern)

    def _read_event(self, raw: bytes, headers: Mapping[str, str]) -> tuple[str, Json]:
        if len(raw) > MESSAGE_MAX:
            raise NotTrusted("too large")
        self._core.check_signed(headers, raw)
        given = {name.lower(): value for name, value in headers.items()}
        given.setdefault("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048")
        try:
            event = self._pay.callback(given, raw)
        except Exception as error:  # the library raises bare ones
            raise NotTrusted(type(error).__name__) from None
        if not isinstance(event, dict) or not isinstance(event.get("resource"), dict):
            raise NotTrusted("tag or form")
        return str(event.get("event_type")), event["resource"]

    def stop(self) -> None:
        self._threads.stop()


def _in_path(number: str) -> str:
    """The library puts numbers into paths as they are."""
    if not IN_A_PATH.fullmatch(number):
        raise ValueError("a number of another form")
    return number


def _checked(told: Json, name: str, form: str) -> str:
    try:
        return wechat_json.text(told, name, form)
    except NotTrusted:
        raise Unknown(f"answer without {name}") from None


def _refund_answer(told: Json, out_refund_no: str) -> RefundAnswer:
    try:
        return wechat_json.read_refund(told, out_refund_no)
    except NotTrusted as reason:
        raise Unknown(f"unreadable answer: {reason}") from None
