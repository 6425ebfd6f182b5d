"""Faults planned for what comes next: how a provider fails, on demand."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from simulators.wechat_pay.protocol import Fields

NOTIFY, CREATE, QUERY, CLOSE = "notify", "create", "query", "close"
REFUND, REFUND_QUERY, REFUND_NOTIFY, BILL = "refund", "refund_query", "refund_notify", "bill"
OAUTH = "oauth"

WRONG_SIGN = "0" * 32

ONLY_V3 = ("old_timestamp", "signtest", "unknown_serial")

ANSWER_FAULTS = frozenset(
    {
        "hang",  # after the effect: the answer is lost
        "hang_before",  # nothing has happened
        "error_500",
        "redirect",  # 302 to the decoy, which answers SUCCESS
        "not_xml",
        "truncated",
        "system_error",  # before the effect
        "system_error_after",
        "forged",  # says SUCCESS, with a wrong signature
        "unsigned",
        "foreign_appid",
        "foreign_mch_id",
        *ONLY_V3,
    }
)
KINDS: dict[str, frozenset[str]] = {
    NOTIFY: frozenset(
        {
            "lost",
            "duplicated",
            "late",
            "wrong_amount",
            "changed_amount",
            "bad_signature",
            "unsigned",
            "foreign_appid",
            "foreign_mch_id",
            "foreign_currency",
            "failed_result",
            "extra_field",
            "bad_tag",  # v3: encrypted with another key
            *ONLY_V3,
        }
    ),
    CREATE: ANSWER_FAULTS,
    QUERY: ANSWER_FAULTS | {"notpay", "wrong_amount"},
    CLOSE: ANSWER_FAULTS | {"no_effect"},
    REFUND: ANSWER_FAULTS
    | {
        "abnormal",  # accepted, and then the payer's card is gone
        "closed",  # accepted, and then closed
        "processing",  # accepted, and settled only by /control/refunds
        "no_balance",
    },
    REFUND_QUERY: ANSWER_FAULTS | {"processing"},
    REFUND_NOTIFY: frozenset(
        {
            *("lost", "duplicated", "late", "foreign_appid", "foreign_mch_id", "garbage"),
            *("untrue", "bad_signature", "unsigned"),
            *ONLY_V3,
        }
    ),
    OAUTH: frozenset({"hang", "error_500", "not_json", "invalid_code"}),
    BILL: frozenset(
        {
            "hang",
            "hang_before",
            "error_500",
            "redirect",
            "not_ready",
            "not_xml",  # a text that is no bill
            "truncated",
            "missing_row",
            "extra_row",
            "other_amount",
            "comma",  # in the attached data
            "wrong_total",
        }
    ),
}


@dataclass(slots=True)
class Fault:
    """`times` more calls on `on` go wrong; for one order only when `out_trade_no` is given (for
    a refund also its own number; for a bill it says which row)."""

    on: str
    kind: str
    times: int = 1
    out_trade_no: str | None = None
    copies: int = 10  # duplicated: how many at once
    seconds: float = 30.0  # late, hang: how long; old_timestamp: how old
    amount_fen: int = 1  # wrong_amount, changed_amount, other_amount, extra_row
    fault_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Plan:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._let_go = asyncio.Event()

    async def hang(self, fault: Fault) -> None:
        """Wait as long as the fault says, or until all faults are cleared."""
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.seconds):
                await self._let_go.wait()

    def add(self, fault: Fault) -> Fault:
        """Raises `ValueError` on a fault that this place does not know."""
        if fault.kind not in KINDS.get(fault.on, frozenset()):
            raise ValueError(f"no fault {fault.kind} on {fault.on}")
        self._faults.append(fault)
        return fault

    def take(self, on: str, *numbers: str | None) -> Fault | None:
        """The fault for this call about these numbers, used up by one."""
        for fault in self._faults:
            if fault.on == on and (on == BILL or fault.out_trade_no in (None, *numbers)):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._faults.clear()
        self._let_go.set()
        self._let_go = asyncio.Event()

    def dump(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]


Change = Callable[[Fields, Fault], Fields]

BEFORE_SIGNING: dict[str, Change] = {
    "wrong_amount": lambda f, fault: {
        **f,
        "total_fee": str(fault.amount_fen),
        "cash_fee": str(fault.amount_fen),
    },
    "foreign_appid": lambda f, _: {**f, "appid": "wxffffffffffffffff"},
    "foreign_mch_id": lambda f, _: {**f, "mch_id": "1999999999"},
    "foreign_currency": lambda f, _: {**f, "fee_type": "USD"},
    "failed_result": lambda f, _: {**f, "result_code": "FAIL", "err_code": "SYSTEMERROR"},
    "extra_field": lambda f, _: {**f, "promotion_detail": "new since yesterday"},
}
AFTER_SIGNING: dict[str, Change] = {
    "bad_signature": lambda f, _: {**f, "sign": WRONG_SIGN},
    "forged": lambda f, _: {**f, "sign": WRONG_SIGN},
    "unsigned": lambda f, _: {name: value for name, value in f.items() if name != "sign"},
    "changed_amount": lambda f, fault: {**f, "total_fee": str(fault.amount_fen)},
}


def spoil(changes: dict[str, Change], fields: Fields, fault: Fault | None) -> Fields:
    change = changes.get(fault.kind) if fault else None
    return change(fields, fault) if change and fault else fields
