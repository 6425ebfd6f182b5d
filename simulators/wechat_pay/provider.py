"""What WeChat Pay does with a merchant's order: take it, close it, and let a payer pay it."""

import secrets
import time
from collections import deque
from typing import Any

from simulators.wechat_pay import rules
from simulators.wechat_pay.book import CLOSED, SUCCESS, Book, Order
from simulators.wechat_pay.clock import Clock
from simulators.wechat_pay.faults import Fault, Plan
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.notices import payment_fields
from simulators.wechat_pay.notifier import Notifier
from simulators.wechat_pay.protocol import MD5, Fields
from simulators.wechat_pay.refund_book import CLOSED as REFUSED
from simulators.wechat_pay.refund_book import PROCESSING, Refund
from simulators.wechat_pay.refund_notifier import RefundNotifier
from simulators.wechat_pay.refunds import Refunds, Wanted
from simulators.wechat_pay.rules import Refused

CODE_PREFIX = "weixin://wxpay/bizpayurl?pr="
CALLS_KEPT = 1000


class NotPayable(Exception):
    """The payer is told why; `status` is the HTTP status of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Provider:
    """One merchant's account at the provider."""

    def __init__(
        self,
        merchant: Merchant,
        book: Book,
        *,
        clock: Clock,
        plan: Plan,
        refunds: Refunds,
        notifier: Notifier,
        refund_notifier: RefundNotifier,
    ) -> None:
        self.merchant = merchant
        self.book = book
        self.clock = clock
        self.plan = plan
        self.refunds = refunds
        self.notifier = notifier
        self.refund_notifier = refund_notifier
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)

    def start(self) -> None:
        """Go on telling what was still to be told; needs a running event loop."""
        self.notifier.start()
        self.refund_notifier.start()

    async def stop(self) -> None:
        await self.notifier.stop()
        await self.refund_notifier.stop()
        self.book.close()

    async def reset(self) -> None:
        """Forget every order, fault and call; the clock goes right again."""
        await self.notifier.stop()
        await self.refund_notifier.stop()
        self.book.reset()
        self.plan.clear()
        self.calls.clear()
        self.clock.ahead_seconds = 0.0

    def note(self, on: str, number: str | None, outcome: str, fault: Fault | None) -> None:
        """Keep a call for the tester to see."""
        self.calls.append(
            {
                "at": time.time(),
                "endpoint": on,
                "out_trade_no": number,
                "outcome": outcome,
                "fault": fault.kind if fault else None,
            }
        )

    def create(self, fields: Fields) -> Fields:
        """unifiedorder. The same number with the same parameters is the same order."""
        rules.check_new_order(fields)
        now = self.clock.now()
        order = self.book.get_order(out_trade_no=fields["out_trade_no"])
        if order:
            _check_repeat(order, fields)
        rules.check_expiry(fields, now=now, is_new=order is None)

        if order is None:
            self.book.insert_order(
                fields=fields,
                prepay_id=f"wx{secrets.token_hex(17)}",
                sign_type=fields.get("sign_type") or MD5,
                created_at=now,
            )
            order = self._order(fields)
        answer = {"trade_type": fields["trade_type"], "prepay_id": order.prepay_id}
        if fields["trade_type"] == "NATIVE":
            answer["code_url"] = self._new_code(order, now=now)
        return answer

    def query(self, fields: Fields) -> Fields:
        """orderquery. A paid order of which something went back says REFUND, and who paid."""
        order = self._order(fields)
        refunded = [
            r for r in self.book.refunds.of_order(order.out_trade_no) if r.status != REFUSED
        ]
        return describe(order) | ({"trade_state": "REFUND"} if refunded else {})

    def close(self, fields: Fields) -> Fields:
        rules.check_out_trade_no(fields)
        order = self._order(fields)
        if order.trade_state == SUCCESS:
            raise Refused("ORDERPAID", "the order is paid")
        if order.trade_state == CLOSED:
            raise Refused("ORDERCLOSED", "the order is closed")

        self.book.mark_closed(order.out_trade_no)
        return {}

    def refund(self, wanted: Wanted, fault: Fault | None) -> Refund:
        """A refund is taken; its payer has the money some time later."""
        if fault and fault.kind == "no_balance":
            raise Refused("NOTENOUGH", "the merchant's balance is too small")
        refund, is_new = self.refunds.ask(wanted, fault)
        if is_new and refund.notify_url:
            wait = max(0.0, refund.ready_at - self.clock.now())
            self.refund_notifier.tell(refund.out_refund_no, after_seconds=wait)
        return refund

    def settle_refund(self, out_refund_no: str, status: str) -> bool:
        """The tester decides a refund; whether it is known."""
        known = self.refunds.settle(out_refund_no, status)
        refund = self.refunds.get(out_refund_no)
        if refund and refund.notify_url and status != PROCESSING:
            self.refund_notifier.tell(out_refund_no)
        return known

    def look_up(self, code_url: str) -> Order:
        """The order behind a scanned code. Raises `NotPayable`: unknown, paid, closed, expired."""
        found = self.book.get_order_of_code(code_url.strip().removeprefix(CODE_PREFIX))
        if found is None:
            raise NotPayable(404, "This code is not known.")
        order, code_expires_at = found
        self._check_payable(order, until=code_expires_at)
        return order

    def _check_payable(self, order: Order, *, until: float) -> None:
        now, expires_at = self.clock.now(), rules.expiry(order.parameters)
        if order.trade_state != "NOTPAY":
            raise NotPayable(409, "This order is paid or closed.")
        if now >= until or (expires_at is not None and now >= expires_at):
            raise NotPayable(410, "This code has expired.")

    def pay(self, code_url: str, *, coupon_fee: int = 0, openid: str = "") -> Order:
        """Pay like a phone that scanned the code; the merchant is told from now on."""
        order = self.look_up(code_url)
        if not 0 <= coupon_fee < order.total_fee:
            raise NotPayable(422, "A coupon pays less than the sum.")
        return self._take(order, coupon_fee, openid or f"oSimulated{secrets.token_hex(9)}")

    def pay_inside(self, prepay_id: str, openid: str) -> Order:
        """Pay through the bridge of WeChat's browser, as the person that the order names."""
        order = self.book.get_order_of_prepay(prepay_id)
        if order is None or order.parameters["trade_type"] != "JSAPI":
            raise NotPayable(404, "This prepay_id is not known.")
        self._check_payable(order, until=order.created_at + rules.CODE_LIFE_SECONDS)
        if openid != order.parameters["openid"]:
            raise NotPayable(403, "The order is for another WeChat user.")
        return self._take(order, 0, openid)

    def _take(self, order: Order, coupon_fee: int, openid: str) -> Order:
        paid = self.book.mark_paid(
            order.out_trade_no,
            transaction_id=f"4200{secrets.randbelow(10**24):024d}",
            openid=openid,
            coupon_fee=coupon_fee,
            at=self.clock.now(),
        )
        if not paid:
            raise NotPayable(409, "This order is paid or closed.")
        self.notifier.tell(order.out_trade_no)
        return self._order({"out_trade_no": order.out_trade_no})

    def _new_code(self, order: Order, *, now: float) -> str:
        code = secrets.token_urlsafe(9)
        self.book.insert_code(
            code=code, out_trade_no=order.out_trade_no, expires_at=now + rules.CODE_LIFE_SECONDS
        )
        return CODE_PREFIX + code

    def _order(self, fields: Fields) -> Order:
        number, transaction = fields.get("out_trade_no", ""), fields.get("transaction_id", "")
        if not number and not transaction:
            raise Refused("LACK_PARAMS", "missing: out_trade_no or transaction_id")
        order = self.book.get_order(out_trade_no=number, transaction_id=transaction)
        if order is None:
            raise Refused("ORDERNOTEXIST", "the order is not known")
        return order


def _check_repeat(order: Order, fields: Fields) -> None:
    if order.trade_state == SUCCESS:
        raise Refused("ORDERPAID", "the order is paid")
    if order.trade_state == CLOSED:
        raise Refused("ORDERCLOSED", "the order is closed")
    if not rules.same_order(order.parameters, fields):
        raise Refused("OUT_TRADE_NO_USED", "the number stands for an order of other parameters")


DESCRIPTIONS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭"}


def describe(order: Order) -> Fields:
    """What orderquery says of an order."""
    fields = {
        "out_trade_no": order.out_trade_no,
        "trade_state": order.trade_state,
        "trade_state_desc": DESCRIPTIONS[order.trade_state],
        "attach": order.parameters.get("attach", ""),
        "total_fee": str(order.total_fee),
    }
    return fields | payment_fields(order) if order.trade_state == SUCCESS else fields
