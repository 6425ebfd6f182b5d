"""WeChat Pay API v2: the real client.

wechatpy 1.8 verifies no answer, follows redirects, waits for ever and logs the key at DEBUG.
`HardenedPay` mends each of these; nothing else of wechatpy may be called.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any, TypeVar

import requests
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay as WechatpyClient

from chassis import clock

from ..model.attempts import Trade, TradeState
from .port import (
    Answer,
    Bill,
    Charge,
    NotTrusted,
    RefundAnswer,
    RefundAsked,
    Refused,
    Unknown,
)
from .wechat_xml import Fields, SignType, flat_xml, is_signed, parse_notify, read_trade

CONNECT_SECONDS = 3
READ_SECONDS = 10
WORKERS = 8
BODY = "TIC EDU 继续教育学时"  # what the payer's phone shows
TRY_LATER = frozenset({"SYSTEMERROR", "BIZERR_NEED_RETRY", "FREQUENCY_LIMITED"})
XML_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*")

logging.getLogger("wechatpy").setLevel(logging.WARNING)

T = TypeVar("T")


class HardenedPay(WechatpyClient):  # type: ignore[misc]  # wechatpy has no types
    """wechatpy with every answer verified, no redirects, hard timeouts, a session per thread."""

    def __init__(self, *, base_url: str, sign_type: SignType, **names: str) -> None:
        self.API_BASE_URL = base_url.rstrip("/") + "/"
        self.sign_type = sign_type
        self._threads = threading.local()
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS), **names)

    @property
    def _http(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.max_redirects = 0
            self._threads.session = session
        return session

    @_http.setter
    def _http(self, shared: requests.Session) -> None:
        """wechatpy offers one session to all threads; it is not taken."""
        shared.close()

    def _request(self, method: str, url_or_endpoint: str, **options: Any) -> Any:
        _check_values(options["data"])
        if self.sign_type != "MD5":
            options["data"].setdefault("sign_type", self.sign_type)
        try:
            return super()._request(method, url_or_endpoint, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise Unknown(type(error).__name__) from None
        except WeChatPayException as error:
            if error.return_code is None or error.errcode in TRY_LATER:
                raise Unknown(error.errcode or "http error") from None
            raise Refused(error.errcode or str(error.return_code)) from None

    def _handle_result(self, response: requests.Response) -> Fields:
        if response.status_code != requests.codes.ok:
            raise Unknown(f"http {response.status_code}")
        try:
            fields = flat_xml(response.content)
        except NotTrusted as reason:
            raise Unknown(f"unreadable answer: {reason}") from None
        if fields.get("return_code") != "SUCCESS":
            raise Unknown("unsigned refusal")  # a failed return_code carries no signature
        if not is_signed(fields, self.api_key, self.sign_type):
            raise Unknown("answer not signed by WeChat")
        if (fields.get("appid"), fields.get("mch_id")) != (self.appid, self.mch_id):
            raise Unknown("answer for somebody else")
        return dict(super()._handle_result(response))


def _check_values(data: dict[str, object]) -> None:
    """wechatpy writes values into CDATA as they are: what could break out of it is refused."""
    for name, value in data.items():
        if isinstance(value, bool | float):
            raise TypeError(f"{name} must be int or str")
        if isinstance(value, str) and ("]]>" in value or not XML_TEXT.fullmatch(value)):
            raise ValueError(f"{name} has forbidden characters")


class WeChat:
    """The real client. Calls run on threads of its own, so that a hanging provider holds up
    nothing else; a cancelled caller does not cancel what was sent."""

    def __init__(
        self,
        *,
        base_url: str,
        app_id: str,
        mch_id: str,
        api_key: str,
        sign_type: SignType,
        notify_url: str,
        client_ip: str,
    ) -> None:
        self._pay = HardenedPay(
            base_url=base_url, sign_type=sign_type, appid=app_id, mch_id=mch_id, api_key=api_key
        )
        self._read_notification = partial(
            parse_notify, app_id=app_id, mch_id=mch_id, key=api_key, sign_type=sign_type
        )
        self._notify_url = notify_url
        self._client_ip = client_ip
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="wechat")

    async def create(self, charge: Charge) -> str:
        fields = await self._call(
            partial(
                self._pay.order.create,
                trade_type="NATIVE",
                body=BODY,
                total_fee=charge.amount_fen,
                notify_url=self._notify_url,
                client_ip=self._client_ip,
                out_trade_no=charge.out_trade_no,
                product_id=charge.out_trade_no,
                time_start=charge.starts_at.astimezone(clock.CHINA),
                time_expire=charge.expires_at.astimezone(clock.CHINA),
            )
        )
        code_url: str = fields.get("code_url", "")
        if not code_url.startswith("weixin://"):
            raise Unknown("answer without a code")
        return code_url

    async def query(self, out_trade_no: str) -> Answer:
        try:
            fields = await self._call(
                partial(self._pay.order.query, out_trade_no=out_trade_no),
            )
        except Refused as refused:
            if refused.code == TradeState.UNKNOWN_NUMBER:
                return Answer(TradeState.UNKNOWN_NUMBER)
            raise Unknown(refused.code) from None
        return _answer(fields, out_trade_no)

    async def close(self, out_trade_no: str) -> None:
        await self._call(partial(self._pay.order.close, out_trade_no))

    def jsapi_parameters(self, prepay_id: str) -> Mapping[str, str]:
        raise Refused("NOT_OFFERED")

    async def refund(self, asked: RefundAsked) -> RefundAnswer:
        raise Refused("NOT_OFFERED")

    async def query_refund(self, out_refund_no: str) -> RefundAnswer:
        raise Refused("NOT_OFFERED")

    async def download_bill(self, day: date) -> Bill:
        raise Refused("NOT_OFFERED")

    def read_notification(self, raw: bytes, headers: Mapping[str, str]) -> Trade:
        """API v2 puts its signature into the body."""
        return self._read_notification(raw)

    def stop(self) -> None:
        """Take no more calls; what was sent is the sweeper's to ask about."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, function: Callable[[], T]) -> T:
        call = asyncio.get_running_loop().run_in_executor(self._threads, function)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            call.add_done_callback(_forget)
            raise


def _forget(call: "asyncio.Future[Any] | Future[Any]") -> None:
    """Nobody waits for it any more; the sweeper will ask what became of it."""
    if not call.cancelled():
        call.exception()


def _answer(fields: Fields, out_trade_no: str) -> Answer:
    try:
        state = TradeState(fields.get("trade_state", ""))
        if fields.get("out_trade_no") != out_trade_no:
            raise NotTrusted("another number")
        if state in (TradeState.SUCCESS, TradeState.REFUND):
            return Answer(state, read_trade(fields))
    except (ValueError, NotTrusted) as reason:
        raise Unknown(f"unreadable answer: {reason}") from None
    return Answer(state)
