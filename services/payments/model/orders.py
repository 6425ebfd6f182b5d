"""Orders: what a learner has promised to pay, and how it ends ($-1)."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis import clock
from chassis.refusals import Conflict, NotFound
from contracts.payments import ItemKind, PaymentMethod

from .goods import Good, Item

LAST_CALL = timedelta(seconds=90)  # WeChat takes no order that ends within a minute
GRACE = timedelta(seconds=60)  # a payment of the last second is on its way
NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32
NUMBER_RANDOM = 12  # characters: 60 bits


class NoSuchOrder(NotFound):
    """There is no such order."""


class EmptyCart(Conflict):
    """Your cart is empty. Choose a course first."""


class OrderAlreadyPaid(Conflict):
    """This order is paid already. Its courses are open."""


class OrderCancelled(Conflict):
    """This order is cancelled. Submit the cart again."""


class OrderExpired(Conflict):
    """The time to pay this order is over. Submit the cart again."""


class OrderStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Line:
    """One bought thing at its price of that moment."""

    kind: ItemKind
    item_id: UUID
    title: str
    hours: int
    amount_fen: int
    course_ids: tuple[UUID, ...]
    discount_fen: int = 0  # what it would have cost more without the discount ($-6)

    @classmethod
    def of(cls, good: Good, *, free_hours: int = 0) -> "Line":
        discount_fen = good.free_fen(free_hours)
        return cls(
            kind=good.kind,
            item_id=good.item_id,
            title=good.title,
            hours=good.hours,
            amount_fen=good.price_fen - discount_fen,
            course_ids=good.course_ids,
            discount_fen=discount_fen,
        )


@dataclass(frozen=True, slots=True)
class Order:
    order_id: UUID
    number: str
    learner_id: UUID
    learner_name: str
    status: OrderStatus
    amount_fen: int
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    method: PaymentMethod | None
    lines: tuple[Line, ...]

    @property
    def hours(self) -> int:
        return sum(line.hours for line in self.lines)

    @property
    def discount_fen(self) -> int:
        return sum(line.discount_fen for line in self.lines)

    @property
    def course_ids(self) -> frozenset[UUID]:
        return frozenset(course_id for line in self.lines for course_id in line.course_ids)

    @property
    def items(self) -> list[Item]:
        return [Item(line.kind, line.item_id) for line in self.lines]

    def takes_new_payment(self, now: datetime) -> bool:
        return self.status is OrderStatus.UNPAID and now < self.expires_at - LAST_CALL

    def refuse_if_ended(self) -> None:
        """Raise the rule that closes this order to its learner, if it is closed."""
        match self.status:
            case OrderStatus.PAID:
                raise OrderAlreadyPaid
            case OrderStatus.CANCELLED:
                raise OrderCancelled
            case OrderStatus.EXPIRED:
                raise OrderExpired


def new_number(now: datetime) -> str:
    """`H` + day in China + random characters, for example H261121K7Q2M9XW40AB."""
    day = now.astimezone(clock.CHINA).strftime("%y%m%d")
    drawn = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(NUMBER_RANDOM))
    return f"H{day}{drawn}"


def fingerprint(items: Iterable[Item]) -> str:
    """The same for the same items in any order; 64 hex digits."""
    names = sorted(f"{item.kind}:{item.item_id}" for item in items)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
