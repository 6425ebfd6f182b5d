"""The cart: what a learner is about to order, with what stands in the way of each line."""

from dataclasses import dataclass

from chassis.refusals import Refusal

from .goods import Good


@dataclass(frozen=True, slots=True)
class CartLine:
    good: Good
    refusal: Refusal | None
    free_hours: int = 0  # by the discount ($-6)

    @property
    def discount_fen(self) -> int:
        return self.good.free_fen(self.free_hours)

    @property
    def amount_fen(self) -> int:
        return self.good.price_fen - self.discount_fen


@dataclass(frozen=True, slots=True)
class Cart:
    lines: tuple[CartLine, ...]
    discount_held_by: str | None = None  # the number of an unpaid order that has the free hours

    @property
    def goods(self) -> list[Good]:
        return [line.good for line in self.lines]

    @property
    def hours(self) -> int:
        return sum(good.hours for good in self.goods)

    @property
    def amount_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    @property
    def discount_fen(self) -> int:
        return sum(line.discount_fen for line in self.lines)

    @property
    def orderable(self) -> bool:
        return bool(self.lines) and all(line.refusal is None for line in self.lines)
