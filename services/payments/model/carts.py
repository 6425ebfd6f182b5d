"""The cart: what a learner is about to order, with what stands in the way of each line."""

from dataclasses import dataclass

from chassis.refusals import Refusal

from .goods import Good


@dataclass(frozen=True, slots=True)
class CartLine:
    good: Good
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Cart:
    lines: tuple[CartLine, ...]

    @property
    def goods(self) -> list[Good]:
        return [line.good for line in self.lines]

    @property
    def hours(self) -> int:
        return sum(good.hours for good in self.goods)

    @property
    def amount_fen(self) -> int:
        return sum(good.price_fen for good in self.goods)

    @property
    def orderable(self) -> bool:
        return bool(self.lines) and all(line.refusal is None for line in self.lines)
