"""The merchant's door for refunds and the daily bill, in API v2."""

from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.wechat_pay import bills, faults, protocol
from simulators.wechat_pay.api import METHODS, Unsigned, answer, broken, read, xml
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.protocol import Fields
from simulators.wechat_pay.provider import Provider
from simulators.wechat_pay.refund_book import PROCESSING, Refund
from simulators.wechat_pay.refunds import Wanted
from simulators.wechat_pay.rules import Refused

BILL_KINDS = ("ALL", "SUCCESS", "REFUND")
NO_BILL = {"return_code": "FAIL", "return_msg": "No Bill Exist", "error_code": "20002"}
IDS = ("out_trade_no", "transaction_id", "out_refund_no", "refund_id")


def routes(till: Provider) -> list[Route]:
    async def refund(request: Request) -> Response:
        return await answer(request, till, faults.REFUND, ask)

    def ask(fields: Fields, fault: Fault | None) -> Fields:
        return _accepted(till, till.refund(_wanted(fields), fault))

    async def query(request: Request) -> Response:
        return await answer(request, till, faults.REFUND_QUERY, look)

    def look(fields: Fields, fault: Fault | None) -> Fields:
        found = till.refunds.find(**{name: fields.get(name, "") for name in IDS})
        waiting = fault is not None and fault.kind == "processing"
        return _described(till, found, waiting=waiting)

    async def bill(request: Request) -> Response:
        return await _bill(request, till)

    return [
        Route("/secapi/pay/refund", refund, methods=METHODS),
        Route("/pay/refundquery", query, methods=METHODS),
        Route("/pay/downloadbill", bill, methods=METHODS),
    ]


def _wanted(fields: Fields) -> Wanted:
    missing = [n for n in ("out_refund_no", "total_fee", "refund_fee") if not fields.get(n)]
    if missing:
        raise Refused("LACK_PARAMS", f"missing: {', '.join(missing)}")
    return Wanted(
        out_refund_no=fields["out_refund_no"],
        refund_fee=fields["refund_fee"],
        total_fee=fields["total_fee"],
        out_trade_no=fields.get("out_trade_no", ""),
        transaction_id=fields.get("transaction_id", ""),
        reason=fields.get("refund_desc", ""),
        notify_url=fields.get("notify_url", ""),
    )


def _accepted(till: Provider, refund: Refund) -> Fields:
    order = till.book.get_order(out_trade_no=refund.out_trade_no)
    return {
        "transaction_id": (order.transaction_id if order else "") or "",
        "out_trade_no": refund.out_trade_no,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_fee": str(refund.refund_fee),
        "total_fee": str(refund.total_fee),
        "cash_fee": str(refund.total_fee),
        "cash_refund_fee": str(refund.refund_fee),
    }


def _described(till: Provider, found: list[Refund], *, waiting: bool) -> Fields:
    order = till.book.get_order(out_trade_no=found[0].out_trade_no)
    fields = {
        "transaction_id": (order.transaction_id if order else "") or "",
        "out_trade_no": found[0].out_trade_no,
        "total_fee": str(found[0].total_fee),
        "cash_fee": str(found[0].total_fee),
        "refund_count": str(len(found)),
    }
    for n, refund in enumerate(found):
        status = PROCESSING if waiting else refund.status
        fields |= {
            f"out_refund_no_{n}": refund.out_refund_no,
            f"refund_id_{n}": refund.refund_id,
            f"refund_channel_{n}": "ORIGINAL",
            f"refund_fee_{n}": str(refund.refund_fee),
            f"refund_status_{n}": status,
            f"refund_recv_accout_{n}": "支付用户零钱",
        }
        if status != PROCESSING and refund.settled_at:
            fields[f"refund_success_time_{n}"] = protocol.long_beijing(refund.settled_at)
    return fields


async def _bill(request: Request, till: Provider) -> Response:
    try:
        fields = await read(request, till)
        day, kind = _day(fields.get("bill_date", "")), fields.get("bill_type") or "ALL"
        if kind not in BILL_KINDS or fields.get("appid") != till.merchant.app_id:
            raise Unsigned("invalid bill_type or appid")
    except Unsigned as problem:
        till.note(faults.BILL, None, str(problem), None)
        return xml({"return_code": "FAIL", "return_msg": str(problem)})

    fault = till.plan.take(faults.BILL)
    till.note(faults.BILL, str(day), fault.kind if fault else "", fault)
    if fault and fault.kind in ("hang", "hang_before", "error_500", "redirect"):
        return await broken(request, till, fault)
    if fault and fault.kind == "not_xml":
        return Response("OK", media_type="text/plain")
    now = till.clock.now()
    till.book.refunds.settle_due(now)
    try:
        text = bills.write(till.book, till.merchant, day=day, kind=kind, now=now, fault=fault)
    except bills.NoBill:
        return xml(NO_BILL)
    if fault and fault.kind == "truncated":
        text = text[: len(text) * 2 // 3]
    return Response(text.encode(), media_type="text/plain")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise Unsigned("invalid bill_date") from None
