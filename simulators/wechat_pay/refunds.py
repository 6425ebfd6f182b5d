"""Refunds as WeChat Pay makes them, whichever version of the API asks."""

import re
import secrets
from dataclasses import dataclass

from simulators.wechat_pay.book import SUCCESS as PAID
from simulators.wechat_pay.book import Book, Order
from simulators.wechat_pay.clock import Clock
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.refund_book import ABNORMAL, CLOSED, NEVER, PROCESSING, SUCCESS, Refund
from simulators.wechat_pay.rules import Refused

REFUNDS_MAX = 50  # of one order
GAP_SECONDS = 60.0  # between two refunds of one order
SETTLE_SECONDS = 3.0  # until the money has left
REFUNDABLE_SECONDS = 365 * 24 * 3600.0
REASON_LONGEST = 80

OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
FEE = re.compile(r"[1-9][0-9]{0,9}")
FATES = {"abnormal": ABNORMAL, "closed": CLOSED}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a merchant asks for, in the words of API v2."""

    out_refund_no: str
    refund_fee: str
    total_fee: str
    out_trade_no: str = ""
    transaction_id: str = ""
    reason: str = ""
    notify_url: str = ""


class Refunds:
    """`time_scale` shortens the minute between two refunds and the time until they are settled."""

    def __init__(self, book: Book, clock: Clock, time_scale: float) -> None:
        self._book = book
        self._clock = clock
        self._time_scale = time_scale

    def ask(self, wanted: Wanted, fault: Fault | None) -> tuple[Refund, bool]:
        """Take a refund; the second value says whether it is new. Raises `Refused`."""
        _check_form(wanted)
        order = self._order(wanted)
        known = self._book.refunds.get(wanted.out_refund_no)
        if known:
            return _same(known, order, wanted), False
        now = self._clock.now()
        self._check(order, wanted, now)

        kept_waiting = fault is not None and fault.kind == "processing"
        refund = Refund(
            out_refund_no=wanted.out_refund_no,
            refund_id=f"5030{secrets.randbelow(10**24):024d}",
            out_trade_no=order.out_trade_no,
            refund_fee=int(wanted.refund_fee),
            total_fee=order.total_fee,
            reason=wanted.reason,
            notify_url=wanted.notify_url,
            status=PROCESSING,
            fate=FATES.get(fault.kind, SUCCESS) if fault else SUCCESS,
            created_at=now,
            ready_at=NEVER if kept_waiting else now + SETTLE_SECONDS * self._time_scale,
            settled_at=None,
        )
        self._book.refunds.insert(refund)
        return refund, True

    def get(self, out_refund_no: str) -> Refund | None:
        """As it stands now."""
        self._book.refunds.settle_due(self._clock.now())
        return self._book.refunds.get(out_refund_no)

    def find(self, **ids: str) -> list[Refund]:
        """By `out_refund_no` or `refund_id`, or all of an order. Raises `Refused`."""
        self._book.refunds.settle_due(self._clock.now())
        if ids.get("out_refund_no") or ids.get("refund_id"):
            found = self._book.refunds.search(
                out_refund_no=ids.get("out_refund_no", ""), refund_id=ids.get("refund_id", "")
            )
        else:
            order = self._book.get_order(
                out_trade_no=ids.get("out_trade_no", ""),
                transaction_id=ids.get("transaction_id", ""),
            )
            found = self._book.refunds.of_order(order.out_trade_no) if order else []
        if not found:
            raise Refused("REFUNDNOTEXIST", "the refund is not known")
        return found

    def settle(self, out_refund_no: str, status: str) -> bool:
        """The tester decides; whether there is such a refund."""
        known = self._book.refunds.get(out_refund_no) is not None
        self._book.refunds.settle(out_refund_no, status=status, now=self._clock.now())
        return known

    def _order(self, wanted: Wanted) -> Order:
        if not wanted.out_trade_no and not wanted.transaction_id:
            raise Refused("LACK_PARAMS", "missing: out_trade_no or transaction_id")
        order = self._book.get_order(
            out_trade_no=wanted.out_trade_no, transaction_id=wanted.transaction_id
        )
        if order is None:
            raise Refused("ORDERNOTEXIST", "the order is not known")
        if order.trade_state != PAID:
            raise Refused("TRADE_STATE_ERROR", "the order is not paid")
        named = (
            wanted.out_trade_no or order.out_trade_no,
            wanted.transaction_id or order.transaction_id,
        )
        if named != (order.out_trade_no, order.transaction_id):
            raise Refused("INVALID_TRANSACTIONID", "the numbers are not of one order")
        return order

    def _check(self, order: Order, wanted: Wanted, now: float) -> None:
        earlier = self._book.refunds.of_order(order.out_trade_no)
        taken = sum(refund.refund_fee for refund in earlier if refund.status != CLOSED)
        if int(wanted.total_fee) != order.total_fee:
            raise Refused("REFUND_FEE_MISMATCH", "total_fee is not what was paid")
        if now - (order.paid_at or now) > REFUNDABLE_SECONDS:
            raise Refused("TRADE_OVERDUE", "the order was paid more than a year ago")
        if len(earlier) >= REFUNDS_MAX:
            raise Refused("INVALID_REQUEST", "the order has 50 refunds")
        if taken + int(wanted.refund_fee) > order.total_fee:
            raise Refused("INVALID_REQUEST", "more than what is left of the order")
        latest = max((refund.created_at for refund in earlier), default=float("-inf"))
        if now - latest < GAP_SECONDS * self._time_scale:
            raise Refused("FREQUENCY_LIMITED", "one refund of an order in a minute")


def _check_form(wanted: Wanted) -> None:
    if not OUT_REFUND_NO.fullmatch(wanted.out_refund_no):
        raise Refused("PARAM_ERROR", "out_refund_no has 1 to 64 characters of 0-9A-Za-z_-|*@")
    if not FEE.fullmatch(wanted.refund_fee) or not FEE.fullmatch(wanted.total_fee):
        raise Refused("PARAM_ERROR", "amounts are whole numbers of fen from 1 on")
    if len(wanted.reason) > REASON_LONGEST:
        raise Refused("PARAM_ERROR", "the reason has 80 characters at most")
    if "?" in wanted.notify_url:
        raise Refused("PARAM_ERROR", "notify_url has no query string")


def _same(known: Refund, order: Order, wanted: Wanted) -> Refund:
    """The same number many times refunds once; with other amounts it is refused."""
    if known.out_trade_no != order.out_trade_no:
        raise Refused("INVALID_REQUEST", "the number stands for a refund of another order")
    if (known.refund_fee, known.total_fee) != (int(wanted.refund_fee), int(wanted.total_fee)):
        raise Refused("REFUND_FEE_MISMATCH", "the number stands for a refund of other amounts")
    return known
