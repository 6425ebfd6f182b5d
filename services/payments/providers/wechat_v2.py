"""WeChat Pay API v2 behind the port, by wechatpy (hardened in `wechat_v2_client`)."""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from chassis import clock

from ..model.attempts import Method, Trade, TradeState
from . import bills
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
from .wechat_hints import read_refund_hint
from .wechat_v2_client import HardenedPay
from .wechat_xml import TOTAL_FEE, Fields, SignType, parse_notify, read_trade, require, signature

BODY = "TIC EDU 继续教育学时"  # what the payer's phone shows
PREPAY_ID = r"[0-9A-Za-z_\-]{8,64}"
REFUND_STATES = {
    "PROCESSING": RefundState.PROCESSING,
    "SUCCESS": RefundState.SUCCESS,
    "REFUNDCLOSE": RefundState.CLOSED,
    "CHANGE": RefundState.ABNORMAL,
}


class WeChat:
    """The real client; `port.Provider` says what it does."""

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
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._pay = HardenedPay(
            base_url=base_url,
            sign_type=sign_type,
            certificate=certificate,
            appid=app_id,
            mch_id=mch_id,
            api_key=api_key,
        )
        self._read_notification = partial(
            parse_notify, app_id=app_id, mch_id=mch_id, key=api_key, sign_type=sign_type
        )
        self._read_refund_hint = partial(
            read_refund_hint, app_id=app_id, mch_id=mch_id, key=api_key
        )
        self._app_id, self._api_key, self._sign_type = app_id, api_key, sign_type
        self._notify_url = notify_url
        self._client_ip = client_ip
        self._threads = Threads()

    async def create(self, charge: Charge) -> str:
        inside = charge.method is Method.WECHAT_JSAPI
        payer = {"user_id": charge.openid} if inside else {"product_id": charge.out_trade_no}
        fields = await self._threads.call(
            partial(
                self._pay.order.create,
                trade_type="JSAPI" if inside else "NATIVE",
                body=BODY,
                total_fee=charge.amount_fen,
                notify_url=self._notify_url,
                client_ip=self._client_ip,
                out_trade_no=charge.out_trade_no,
                time_start=charge.starts_at.astimezone(clock.CHINA),
                time_expire=charge.expires_at.astimezone(clock.CHINA),
                **payer,
            )
        )
        if inside:
            return _checked(fields, "prepay_id", PREPAY_ID)
        return _checked(fields, "code_url", r"weixin://\S{1,200}")

    async def query(self, out_trade_no: str) -> Answer:
        try:
            fields = await self._threads.call(
                partial(self._pay.order.query, out_trade_no=out_trade_no),
            )
        except Refused as refused:
            if refused.code == TradeState.UNKNOWN_NUMBER:
                return Answer(TradeState.UNKNOWN_NUMBER)
            raise Unknown(refused.code) from None
        return _answer(fields, out_trade_no)

    async def close(self, out_trade_no: str) -> None:
        await self._threads.call(partial(self._pay.order.close, out_trade_no))

    def jsapi_parameters(self, prepay_id: str) -> Mapping[str, str]:
        """Signed by the same kind of signature as the order itself."""
        parameters = {
            "appId": self._app_id,
            "timeStamp": str(int(time.time())),
            "nonceStr": secrets.token_hex(16),
            "package": f"prepay_id={prepay_id}",
            "signType": self._sign_type,
        }
        return {**parameters, "paySign": signature(parameters, self._api_key, self._sign_type)}

    async def refund(self, asked: RefundAsked) -> RefundAnswer:
        fields = await self._threads.call(
            partial(
                self._pay.refund.apply,
                total_fee=asked.total_fen,
                refund_fee=asked.amount_fen,
                out_refund_no=asked.out_refund_no,
                transaction_id=asked.transaction_id,
                refund_desc=asked.reason,
                notify_url=f"{self._notify_url}/refunds",
                refund_account=None,  # wechatpy's default is for merchants of the old fund flow
            )
        )
        told = (fields.get("out_refund_no"), fields.get("out_trade_no"), fields.get("refund_fee"))
        if told != (asked.out_refund_no, asked.out_trade_no, str(asked.amount_fen)):
            raise Unknown("answer about another refund")
        return RefundAnswer(RefundState.PROCESSING, fields.get("refund_id", ""), asked.amount_fen)

    async def query_refund(self, out_refund_no: str) -> RefundAnswer:
        try:
            fields = await self._threads.call(
                partial(self._pay.refund.query, out_refund_no=out_refund_no)
            )
        except Refused as refused:
            if refused.code == "REFUNDNOTEXIST":
                return RefundAnswer(RefundState.UNKNOWN_NUMBER)
            raise Unknown(refused.code) from None
        return _refund_answer(fields, out_refund_no)

    async def download_bill(self, day: date) -> Bill:
        text = await self._threads.call(partial(self._pay.tools.download_bill, day))
        try:
            return bills.parse(text, day=day)
        except NotTrusted as reason:
            raise Unknown(str(reason)) from None

    def read_notification(self, raw: bytes, headers: Mapping[str, str]) -> Trade:
        """API v2 puts its signature into the body."""
        return self._read_notification(raw)

    def read_refund_hint(self, raw: bytes, headers: Mapping[str, str]) -> str:
        """Encrypted, and not signed: a hint is all that it is."""
        return self._read_refund_hint(raw)

    def stop(self) -> None:
        self._threads.stop()


def _checked(fields: Fields, name: str, form: str) -> str:
    try:
        require(fields, name, form)
    except NotTrusted:
        raise Unknown(f"answer without {name}") from None
    return fields[name]


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


def _refund_answer(fields: Fields, out_refund_no: str) -> RefundAnswer:
    """Its fields are numbered; ours is the one that carries our number."""
    for name, value in fields.items():
        if name.startswith("out_refund_no_") and value == out_refund_no:
            n = name.removeprefix("out_refund_no_")
            state = REFUND_STATES.get(fields.get(f"refund_status_{n}", ""))
            if state is None:
                raise Unknown("a refund of an unknown state")
            return RefundAnswer(
                state,
                fields.get(f"refund_id_{n}", ""),
                int(_checked(fields, f"refund_fee_{n}", TOTAL_FEE)),
                _settled_at(fields.get(f"refund_success_time_{n}", "")),
            )
    raise Unknown("answer about another refund")


def _settled_at(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise Unknown("a time of another form") from None
    return moment.replace(tzinfo=clock.CHINA).astimezone(UTC)
