"""Yuan as people and banks write them, and the fen that we count in. Exact, or refused."""

import re
import unicodedata
from decimal import Decimal

MAX_FEN = 10**13  # a hundred thousand million yuan: a slip, not a payment
LONGEST = 40  # characters
AMOUNT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")


class NotAnAmount(ValueError):
    """This is not a sum in yuan, to the fen."""


def fen(text: str) -> int:
    """`1,500.00`, `￥600`, `-3.5 元` in fen. Raises `NotAnAmount`, also for a part of a fen."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("CNY").removesuffix("元")
    plain = plain.replace("¥", "").strip()
    if len(plain) > LONGEST or not AMOUNT.fullmatch(plain):
        raise NotAnAmount
    exact = Decimal(plain.replace(",", "")) * 100
    if exact != exact.to_integral_value() or abs(exact) > MAX_FEN:
        raise NotAnAmount
    return int(exact)


def yuan(amount_fen: int) -> str:
    """60000 → `600.00`, as a field shows it."""
    return f"{Decimal(amount_fen) / 100:.2f}"
