"""Reading WeChat's daily bill, the same text in both versions of the API.

It carries no signature. What protects it: TLS, columns found by name, exact amounts, and totals
that must agree with the rows.
"""

import gzip
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from chassis import clock

from .port import Bill, BillRow, BillRowKind, NotTrusted, Unknown

Row = Mapping[str, str]

BILL_MAX = 64 * 1024 * 1024  # bytes of text
YUAN = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?")
COUNT = "总交易单数"
ORDER_AMOUNT = ("订单金额", "总金额", "应结订单金额")  # the first that the bill has
REFUND_AMOUNT = ("申请退款金额", "退款金额")
NEEDED = ("交易时间", "微信订单号", "商户订单号", "交易状态", "商户退款单号")
TOTALS = {  # the total's column → the column that it sums up
    "订单总金额": "订单金额",
    "总交易额": "总金额",
    "应结订单总金额": "应结订单金额",
    "申请退款总金额": "申请退款金额",
    "退款总金额": "退款金额",
    "总退款金额": "退款金额",
}
NEVER_PAID_OUT = frozenset({"REFUNDCLOSE", "CHANGE", "FAIL"})  # of a refund's 退款状态


def parse(text: str, *, day: date) -> Bill:
    """The bill of one day. Raises `NotTrusted` unless every line has its form, every payment is
    of that day, and the totals agree with the rows to the fen."""
    lines = [line for line in text.removeprefix("\ufeff").split("\n") if line.strip()]
    if len(lines) < 3:
        raise NotTrusted("the bill is too short")
    table, totals = lines[:-2], lines[-2:]
    rows = _rows(table)
    [total] = _rows(totals)
    _check_totals(rows, total)
    return Bill(day, tuple(_row(row, day) for row in rows if not _never_paid_out(row)))


def _rows(lines: Sequence[str]) -> list[Row]:
    """A line of names, then lines of values, each value behind a backtick. A value may hold a
    comma, so they are split where a comma stands before a backtick."""
    names = [name.strip() for name in lines[0].split(",")]
    rows: list[Row] = []
    for line in lines[1:]:
        values = line[1:].rstrip("\r").split(",`")
        if not line.startswith("`") or len(values) != len(names):
            raise NotTrusted("a line of the bill has another form")
        rows.append(dict(zip(names, (value.strip() for value in values), strict=True)))
    return rows


def _check_totals(rows: Sequence[Row], total: Row) -> None:
    if total.get(COUNT) != str(len(rows)):
        raise NotTrusted("the bill has more or fewer rows than it says")
    checked = 0
    for name, column in TOTALS.items():
        if name in total and (not rows or column in rows[0]):
            checked += 1
            if fen(total[name]) != sum(fen(row[column]) for row in rows):
                raise NotTrusted(f"{name} does not agree with the rows")
    if checked < 2:
        raise NotTrusted("the bill has no totals")


def _never_paid_out(row: Row) -> bool:
    return row.get("退款状态", "") in NEVER_PAID_OUT


def _row(row: Row, day: date) -> BillRow:
    missing = [name for name in NEEDED if name not in row]
    if missing:
        raise NotTrusted("the bill lacks a column")
    at = _moment(row["交易时间"])
    is_refund = row["交易状态"] == "REFUND"
    if not is_refund and at.astimezone(clock.CHINA).date() != day:
        raise NotTrusted("a payment of another day")
    return BillRow(
        kind=BillRowKind.REFUND if is_refund else BillRowKind.PAYMENT,
        out_trade_no=row["商户订单号"],
        transaction_id=row["微信订单号"],
        out_refund_no=row["商户退款单号"] if is_refund else "",
        amount_fen=_first(row, REFUND_AMOUNT if is_refund else ORDER_AMOUNT),
        at=at,
    )


def _first(row: Row, names: Sequence[str]) -> int:
    for name in names:
        if name in row:
            return fen(row[name])
    raise NotTrusted("the bill lacks an amount")


def fen(yuan: str) -> int:
    """Exact. Raises `NotTrusted` for what is no amount of whole fen."""
    if not YUAN.fullmatch(yuan):
        raise NotTrusted("an amount of another form")
    return int(Decimal(yuan) * 100)


def _moment(text: str) -> datetime:
    try:
        return (
            datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.CHINA).astimezone(UTC)
        )
    except ValueError:
        raise NotTrusted("a time of another form") from None


def unzip(packed: bytes) -> bytes:
    """Not more than a bill may hold, whatever the file unpacks to."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            text = file.read(BILL_MAX + 1)
    except (OSError, EOFError):
        raise Unknown("the bill is not packed") from None
    if len(text) > BILL_MAX:
        raise Unknown("the bill is too large")
    return text
