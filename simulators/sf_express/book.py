"""The letters that were ordered, and the faults still to come."""

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "hang",  # after the effect, for `seconds`
        "hang_before",  # before it, and without it
        "error_500",  # after the effect
        "error_500_before",
        "not_json",  # after the effect
        "broken",  # S0003, after the effect
        "refuse",  # with `code`, without effect
        "repeat_refused",  # a known orderId is answered with 8016
    }
)


@dataclass(slots=True)
class Fault:
    """`times` more orders go wrong."""

    kind: str
    times: int = 1
    seconds: float = 30.0
    code: str = "8999"


@dataclass(slots=True)
class Book:
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    request_ids: set[str] = field(default_factory=set)

    def take(self, *kinds: str) -> Fault | None:
        """The next fault, if it is one of these; used up by one."""
        if not self.faults or self.faults[0].kind not in kinds:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault

    def order(self, message: dict[str, Any]) -> dict[str, Any]:
        """The order as it is answered. An orderId has one waybill, also after a restart."""
        order_id = message["orderId"]
        known = self.orders.setdefault(order_id, {**message, "waybillNo": waybill_of(order_id)})
        return self.shown(known)

    def shown(self, order: dict[str, Any]) -> dict[str, Any]:
        return {
            "orderId": order["orderId"],
            "originCode": "010",
            "destCode": "021",
            "filterResult": 2,
            "waybillNoInfoList": [{"waybillType": 1, "waybillNo": order["waybillNo"]}],
        }

    def reset(self) -> None:
        for kept in (self.orders, self.calls, self.faults, self.request_ids):
            kept.clear()

    def dump(self) -> dict[str, Any]:
        return {
            "orders": list(self.orders.values()),
            "calls": self.calls,
            "faults": [asdict(fault) for fault in self.faults],
        }


def waybill_of(order_id: str) -> str:
    """`SF` and 13 digits."""
    drawn = int.from_bytes(hashlib.sha256(order_id.encode()).digest()[:8])
    return f"SF{drawn % 10**13:013d}"
