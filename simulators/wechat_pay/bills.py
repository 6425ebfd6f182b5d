"""The daily bill as WeChat Pay writes it: BOM, CRLF, a backtick before each value, yuan."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from simulators.wechat_pay import protocol
from simulators.wechat_pay.book import Book, Order
from simulators.wechat_pay.faults import Fault
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.protocol import BEIJING
from simulators.wechat_pay.refund_book import Refund

READY_HOUR = 10  # of the next day in Beijing
FEE_RATE = Decimal("0.006")
COLUMNS = (
    *("交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号"),
    *("用户标识", "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额"),
    *("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态"),
    *("商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注"),
)
TOTALS = (
    *("总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额"),
    *("订单总金额", "申请退款总金额"),
)
WITH_COMMA = json.dumps({"campaign": 1, "note": "a,b"})
STRANGE_NUMBER = "H000000NOTOURS0000"


class NoBill(Exception):
    """There is no bill of that day, or not yet."""


@dataclass(slots=True)
class Row:
    """One movement. Amounts in fen; a refund has no `paid_fen`."""

    at: float
    transaction_id: str
    out_trade_no: str
    openid: str
    trade_type: str
    paid_fen: int
    title: str
    attach: str
    refund_id: str = ""
    out_refund_no: str = ""
    refund_fen: int = 0

    @property
    def fee(self) -> Decimal:
        """In yuan, with five decimals; negative for a refund."""
        return (Decimal(self.paid_fen - self.refund_fen) / 100 * FEE_RATE).quantize(
            Decimal("0.00001")
        )


def write(
    book: Book, merchant: Merchant, *, day: date, kind: str, now: float, fault: Fault | None
) -> str:
    """The text of one day's bill. Raises `NoBill`; a day without any movement has none."""
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    ready = start + timedelta(days=1, hours=READY_HOUR)
    if datetime.fromtimestamp(now, UTC) < ready or (fault and fault.kind == "not_ready"):
        raise NoBill
    rows = spoil(
        _rows(book, start.timestamp(), (start + timedelta(days=1)).timestamp(), kind), fault
    )
    if not rows:
        raise NoBill
    lines = [",".join(COLUMNS), *(_line(merchant, row) for row in rows), ",".join(TOTALS)]
    lines.append(_totals(rows, wrong=fault is not None and fault.kind == "wrong_total"))
    return "\ufeff" + "".join(f"{line}\r\n" for line in lines)


def _rows(book: Book, start: float, end: float, kind: str) -> list[Row]:
    rows = []
    if kind in ("ALL", "SUCCESS"):
        rows += [_paid(order) for order in book.paid_in(start, end)]
    if kind in ("ALL", "REFUND"):
        for refund in book.refunds.of_days(start, end):
            order = book.get_order(out_trade_no=refund.out_trade_no)
            if order:
                rows.append(_refunded(order, refund))
    return sorted(rows, key=lambda row: row.at)


def _paid(order: Order) -> Row:
    return Row(
        at=order.paid_at or order.created_at,
        transaction_id=order.transaction_id or "",
        out_trade_no=order.out_trade_no,
        openid=order.openid or "",
        trade_type=order.parameters["trade_type"],
        paid_fen=order.total_fee,
        title=order.parameters["body"],
        attach=order.parameters.get("attach", ""),
    )


def _refunded(order: Order, refund: Refund) -> Row:
    row = _paid(order)
    row.at, row.paid_fen = refund.settled_at or refund.created_at, 0
    row.refund_id, row.out_refund_no = refund.refund_id, refund.out_refund_no
    row.refund_fen = refund.refund_fee
    return row


def spoil(rows: list[Row], fault: Fault | None) -> list[Row]:
    """Rows that do not tell what happened; the totals agree with them all the same."""
    kind = fault.kind if fault else ""
    chosen = [i for i, row in enumerate(rows) if fault and _meant(row, fault)]
    if fault is None or not chosen:
        return rows
    row = rows[chosen[0]]
    if kind == "missing_row":
        rows.pop(chosen[0])
    elif kind == "extra_row":
        rows.append(
            Row(
                row.at,
                "4200" + "8" * 24,
                STRANGE_NUMBER,
                "oStranger",
                "NATIVE",
                fault.amount_fen,
                row.title,
                "",
            )
        )
    elif kind == "other_amount":
        row.paid_fen, row.refund_fen = (
            (0, fault.amount_fen) if row.refund_fen else (fault.amount_fen, 0)
        )
    elif kind == "comma":
        for each in rows:
            each.attach = WITH_COMMA
    return rows


def _meant(row: Row, fault: Fault) -> bool:
    return fault.out_trade_no in (None, row.out_refund_no or row.out_trade_no)


def _line(merchant: Merchant, row: Row) -> str:
    refund = bool(row.refund_fen)
    paid, back, none = _yuan(row.paid_fen), _yuan(row.refund_fen), "0.00"
    values = (
        *(protocol.long_beijing(row.at),),
        *(merchant.app_id, merchant.mch_id, "0", "", row.transaction_id, row.out_trade_no),
        *(row.openid, row.trade_type, "REFUND" if refund else "SUCCESS", "OTHERS", "CNY"),
        *(paid, none, row.refund_id or "0", row.out_refund_no or "0", back, none),
        *("ORIGINAL" if refund else "", "SUCCESS" if refund else ""),
        *(row.title, row.attach, f"{row.fee}", f"{FEE_RATE:.2%}", paid, back, ""),
    )
    return ",".join(f"`{value}" for value in values)


def _totals(rows: Sequence[Row], *, wrong: bool) -> str:
    paid = _yuan(sum(row.paid_fen for row in rows) + (1 if wrong else 0))
    back = _yuan(sum(row.refund_fen for row in rows))
    fees = sum((row.fee for row in rows), Decimal("0.00000"))
    values = (f"{len(rows)}", paid, back, "0.00", f"{fees}", paid, back)
    return ",".join(f"`{value}" for value in values)


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"
