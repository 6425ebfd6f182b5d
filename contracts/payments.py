"""Events told by payments: what was paid for."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.event import Event, Part


class ItemKind(StrEnum):
    COURSE = "course"
    PACKAGE = "package"


class PaymentMethod(StrEnum):
    WECHAT = "wechat"
    WALLET = "wallet"
    NONE = "none"  # a zero-sum order


class OrderLine(Part):
    """One bought thing; `course_ids` are the courses it opens."""

    kind: ItemKind
    item_id: UUID
    title: str
    hours: int
    amount_fen: int
    course_ids: list[UUID]


class OrderPaid(Event):
    """An order is paid in full; its courses open ($-2)."""

    name: ClassVar[str] = "payments.order_paid.v1"
    order_id: UUID
    number: str
    learner_id: UUID
    method: PaymentMethod
    amount_fen: int
    paid_at: datetime
    lines: list[OrderLine]
