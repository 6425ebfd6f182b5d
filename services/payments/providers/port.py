"""What payments asks of WeChat Pay, in whichever version of its API.

Each call raises `Unknown` or `Refused`; every answer that is returned was verified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ..model.attempts import Method, Trade, TradeState


class Unknown(Exception):
    """What became of the request is not known: ask later, with the same number."""


class Refused(Exception):
    """A verified refusal; `code` is WeChat's err_code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotTrusted(Exception):
    """The message may not be believed; the text says why, without its values."""


class SignatureProbe(NotTrusted):
    """WeChat signed wrongly on purpose, to see that we notice (API v3). No reason for an alarm."""


class BillNotReady(Exception):
    """The bill of that day is not made yet: ask later, it comes about ten in the morning after.
    WeChat makes none for a day on which nothing moved. Not an error."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be collected. Repeated with the same values it gives a fresh code.

    `openid`: who pays inside WeChat (JSAPI only).
    """

    out_trade_no: str
    amount_fen: int
    starts_at: datetime
    expires_at: datetime
    method: Method = Method.WECHAT_NATIVE
    openid: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query; `trade` where money was paid."""

    state: TradeState
    trade: Trade | None = None


class RefundState(StrEnum):
    """What became of a refund at WeChat."""

    PROCESSING = "processing"
    SUCCESS = "success"
    CLOSED = "closed"  # no money left and none will
    ABNORMAL = "abnormal"  # the payer's card is gone: no money left, a person must act
    UNKNOWN_NUMBER = "unknown_number"  # a query that found nothing


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """Money to send back to where it came from. Repeated with the same number it is one refund."""

    out_refund_no: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int  # what the payment was
    reason: str  # shown to the payer; at most 80 characters


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """`amount_fen` and `settled_at` as WeChat tells them, where it does."""

    state: RefundState
    refund_id: str = ""
    amount_fen: int | None = None
    settled_at: datetime | None = None


class BillRowKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class BillRow:
    """One line of the provider's daily bill. For a refund `amount_fen` is what went back."""

    kind: BillRowKind
    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    amount_fen: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Bill:
    """The provider's bill of one day in China; its totals agree with its rows."""

    day: date
    rows: tuple[BillRow, ...]


class Provider(Protocol):
    async def create(self, charge: Charge) -> str:
        """NATIVE: the code_url that a phone can scan. JSAPI: the prepay_id."""

    async def query(self, out_trade_no: str) -> Answer:
        """What became of a number; only ever a verified answer."""

    async def close(self, out_trade_no: str) -> None:
        """Ask that the number takes no money any more; the next query says whether so."""

    def jsapi_parameters(self, prepay_id: str) -> Mapping[str, str]:
        """What the page hands to WeChat's bridge, signed: appId, timeStamp, nonceStr, package,
        signType, paySign."""

    async def refund(self, asked: RefundAsked) -> RefundAnswer:
        """Ask for a refund. An answer says that it was accepted, not that money has moved."""

    async def query_refund(self, out_refund_no: str) -> RefundAnswer:
        """What became of a refund."""

    async def download_bill(self, day: date) -> Bill:
        """All payments and refunds of one day. Raises also `BillNotReady`."""

    def read_notification(self, raw: bytes, headers: Mapping[str, str]) -> Trade | None:
        """The payment that a notification tells of; None for a good one about something else.
        Raises `NotTrusted`."""

    def read_refund_hint(self, raw: bytes, headers: Mapping[str, str]) -> str | None:
        """The number of the refund that a notification is about, to be asked about; None for one
        about something else. Raises `NotTrusted`."""

    def stop(self) -> None:
        """Take no more calls."""
