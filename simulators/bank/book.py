"""What the bank has booked on the account, and the statement that it gives of it."""

import csv
import io
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

BEIJING = timezone(timedelta(hours=8))
COLUMNS = (
    "交易时间",
    "借方发生额（支取）",
    "贷方发生额（收入）",
    "余额",
    "币种",
    "对方户名",
    "摘要",
    "备注",
    "交易流水号",
)


@dataclass(frozen=True, slots=True)
class Movement:
    """Yuan came in, or went out where the amount is negative."""

    at: str
    payer: str
    amount: str
    remark: str
    number: str


class Book:
    """Every movement, oldest first; kept in a file of JSON lines where a folder is given."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._file = data_dir / "movements.jsonl" if data_dir else None
        self.movements: list[Movement] = []
        if self._file and self._file.exists():
            lines = self._file.read_text(encoding="utf-8").splitlines()
            self.movements = [Movement(**json.loads(line)) for line in lines]

    def add(self, payer: str, amount: Decimal, remark: str) -> Movement:
        """Book a movement. Raises `ValueError` for an amount that is no sum to the fen."""
        if not amount.is_finite() or not amount or amount != amount.quantize(Decimal("0.01")):
            raise ValueError("an amount of yuan, to the fen")
        now = datetime.now(BEIJING)
        movement = Movement(
            at=f"{now:%Y%m%d %H:%M:%S}",
            payer=payer,
            amount=f"{amount:.2f}",
            remark=remark,
            number=f"{now:%Y%m%d}{secrets.randbelow(10**10):010d}",
        )
        self.movements.append(movement)
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(movement), ensure_ascii=False) + "\n")
        return movement

    def statement(self, encoding: str = "gb18030") -> bytes:
        """CSV as Chinese banks give it: lines above the table, thousands separated, a tab before
        each long number."""
        text = io.StringIO(newline="")
        sheet = csv.writer(text)
        sheet.writerow(["账号", "11001085800056014693", "户名", "中国出入境检验检疫协会"])
        sheet.writerow(COLUMNS)
        balance = Decimal(0)
        for movement in self.movements:
            amount = Decimal(movement.amount)
            balance += amount
            sums = [f"{max(-amount, Decimal(0)):,.2f}", f"{max(amount, Decimal(0)):,.2f}"]
            who = [movement.payer, "转账存入", movement.remark, f"\t{movement.number}"]
            sheet.writerow([movement.at, *sums, f"{balance:,.2f}", "人民币元", *who])
        return text.getvalue().encode(encoding)
