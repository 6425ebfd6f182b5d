"""What can be bought, and who may buy it ($-1, C-3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.refusals import Conflict, Forbidden, NotFound, Refusal
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind
from contracts.payments import ItemKind

CART_MAX = 100  # lines


class NoSuchItem(NotFound):
    """This course or package does not exist."""


class NoLongerSold(Conflict):
    """“{title}” is no longer sold. Remove it from the cart."""


class PackageForOtherLearners(Forbidden):
    """“{title}” is meant for another kind of learner than you are."""


class CourseAlreadyOwned(Conflict):
    """You own “{title}” already. It need not be bought again."""


class PackageHoldsOwnedCourse(Conflict):
    """“{title}” contains “{course}”, which you own already. Choose the other courses one by one."""


class CourseInChosenPackage(Conflict):
    """“{title}” is part of the package “{package}” in your cart. Keep one of the two."""


class PackagesOverlap(Conflict):
    """“{title}” and “{package}” contain the same courses. Keep one of the two."""


class CartFull(Conflict):
    """The cart holds at most {lines} lines."""


@dataclass(frozen=True, slots=True)
class Item:
    """The name of a thing on sale."""

    kind: ItemKind
    item_id: UUID


@dataclass(frozen=True, slots=True)
class Good:
    """A course or a package on sale; `course_ids` are the courses it opens."""

    kind: ItemKind
    item_id: UUID
    title: str
    hours: int
    price_fen: int
    course_ids: tuple[UUID, ...]
    audience: frozenset[LearnerKind] | None  # None: everybody
    sold: bool
    course_kind: CourseKind | None = None  # None: a package, or not told yet

    @property
    def item(self) -> Item:
        return Item(self.kind, self.item_id)

    @property
    def is_required(self) -> bool:
        """A course of the required hours, which the discount is for ($-6)."""
        return self.course_kind is CourseKind.REQUIRED

    def free_fen(self, hours: int) -> int:
        """What so many free hours of it are worth; all of them are the whole price."""
        return self.price_fen * hours // self.hours


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, as the session says. `owned`: the courses paid for already, with their titles;
    actions look them up."""

    learner_id: UUID
    name: str
    kind: LearnerKind | None
    owned: Mapping[UUID, str] = field(default_factory=dict)


def problem(good: Good, *, buyer: Buyer, others: Iterable[Good] = ()) -> Refusal | None:
    """The rule that keeps this buyer from paying for `good` beside `others`, if any."""
    if not good.sold:
        return NoLongerSold(title=good.title)
    if good.audience is not None and buyer.kind not in good.audience:
        return PackageForOtherLearners(title=good.title)
    for course_id in good.course_ids:
        if course_id in buyer.owned:
            return _owned(good, buyer.owned[course_id])
    for other in others:
        if other.item != good.item and set(other.course_ids) & set(good.course_ids):
            return _overlap(good, other)
    return None


def check(goods: Sequence[Good], *, buyer: Buyer) -> None:
    """Raise the first rule that keeps these goods from being bought together."""
    for good in goods:
        refusal = problem(good, buyer=buyer, others=goods)
        if refusal is not None:
            raise refusal


def _owned(good: Good, course: str) -> Refusal:
    if good.kind is ItemKind.COURSE:
        return CourseAlreadyOwned(title=good.title)
    return PackageHoldsOwnedCourse(title=good.title, course=course)


def _overlap(good: Good, other: Good) -> Refusal:
    if good.kind is other.kind:
        return PackagesOverlap(title=good.title, package=other.title)
    course, package = (good, other) if good.kind is ItemKind.COURSE else (other, good)
    return CourseInChosenPackage(title=course.title, package=package.title)
