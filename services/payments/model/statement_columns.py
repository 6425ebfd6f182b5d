"""The columns of a bank statement, found by the names that banks give to them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Place = Mapping["Column", Sequence[int]]


class Column(StrEnum):
    """What a column is for us."""

    DAY = "day"
    PAYER = "payer"
    CREDIT = "credit"
    DEBIT = "debit"
    AMOUNT = "amount"
    DIRECTION = "direction"
    NUMBER = "number"
    REMARK = "remark"


# The names that banks give to their columns; the first one of a row that is there counts.
NAMES: dict[Column, tuple[str, ...]] = {
    Column.DAY: (
        *("交易日期", "交易时间", "交易日", "入账日期", "记账日期", "日期"),
        *("transaction date", "transaction time", "date", "posting date", "booking date"),
    ),
    Column.PAYER: (
        *("对方户名", "付款人", "付款人名称", "付款人户名", "付款方", "付款方户名", "付款方名称"),
        *("对方账户名称", "对方名称", "对方单位", "对方账号名称", "交易对方"),
        *("payer", "payer name", "counterparty", "counterparty name", "remitter"),
    ),
    Column.CREDIT: (
        *("贷方发生额", "收入金额", "贷方金额", "收入", "转入金额", "收款金额"),
        *("credit", "credit amount", "money in"),
    ),
    Column.DEBIT: (
        *("借方发生额", "支出金额", "借方金额", "支出", "转出金额"),
        *("debit", "debit amount", "money out"),
    ),
    Column.AMOUNT: ("金额", "交易金额", "发生额", "amount", "transaction amount"),
    Column.DIRECTION: ("借贷标志", "借贷方向", "借贷", "收支", "收支标志", "direction", "dc"),
    Column.NUMBER: (
        *("交易流水号", "账户明细编号-交易流水号", "流水号", "银行流水号", "交易编号"),
        *("transaction id", "transaction no", "reference", "bank reference", "serial number"),
    ),
    Column.REMARK: (
        "摘要",
        "附言",
        "备注",
        "用途",
        "交易附言",
        "remark",
        "summary",
        "memo",
        "purpose",
    ),
}
NEEDED = (Column.DAY, Column.PAYER, Column.NUMBER)
LONGEST = {Column.PAYER: 200, Column.NUMBER: 100, Column.REMARK: 500}  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line, by what they are."""

    cells: Sequence[str]
    place: Place

    def get(self, column: Column) -> str:
        """The first cell of this column that says something."""
        return next(iter(self.all(column)), "")

    def all(self, column: Column) -> list[str]:
        found = [self.cells[i] for i in self.place[column] if i < len(self.cells)]
        return [text for text in found if text]


def find_columns(cells: Sequence[str]) -> Place | None:
    """Which cells are what, if these are the names of all columns that are needed."""
    names = [_name(cell) for cell in cells]
    place = {
        column: [names.index(each) for each in known if each in names]
        for column, known in NAMES.items()
    }
    has_sum = place[Column.CREDIT] or place[Column.AMOUNT]
    return place if has_sum and all(place[column] for column in NEEDED) else None


def _name(cell: str) -> str:
    """`贷方发生额（收入）` is a `贷方发生额`."""
    plain = unicodedata.normalize("NFKC", cell).casefold()
    return " ".join(re.sub(r"\(.*?\)", "", plain).replace("_", " ").split())
