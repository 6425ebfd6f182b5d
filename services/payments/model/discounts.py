"""The discount 「学习优惠」: ten required hours cost nothing, once in a cycle ($-6, W-2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.refusals import Conflict, Forbidden, NotFound, Refusal
from contracts.identity import LearnerKind

from .goods import Good
from .learners import Learner
from .orders import Line

FREE_HOURS = 10
CYCLE_YEARS = 4


class NoSuchDiscount(NotFound):
    """There is no such application for the discount."""


class DiscountForHolders(Forbidden):
    """The discount is for learners who hold a qualification certificate."""


class CertificateNotKnown(Conflict):
    """Enter your certificate's number and expiry date in your account first."""


class DiscountOpen(Conflict):
    """You have applied for this cycle already. Your application {case_number} is being looked
    at."""


class DiscountGrantedAlready(Conflict):
    """The discount of this cycle is yours already, under {case_number}."""


class DiscountDecided(Conflict):
    """This application has been decided already."""


class DiscountStatus(StrEnum):
    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Cycle:
    """The four years before a qualification ends; both days belong to it."""

    starts_on: date
    ends_on: date

    @classmethod
    def ending(cls, ends_on: date) -> "Cycle":
        return cls(years_later(ends_on, -CYCLE_YEARS) + timedelta(days=1), ends_on)

    @classmethod
    def starting(cls, starts_on: date) -> "Cycle":
        return cls(starts_on, years_later(starts_on, CYCLE_YEARS) - timedelta(days=1))

    def overlaps(self, other: "Cycle") -> bool:
        """Cycles of one person that overlap are the same one: its expiry date was corrected."""
        return self.starts_on <= other.ends_on and other.starts_on <= self.ends_on


@dataclass(frozen=True, slots=True)
class Renewal:
    """A certificate that was issued to a holder."""

    certificate_number: str
    learner_id: UUID
    issued_on: date
    cycle_starts_on: date
    previous_number: str | None

    def is_earlier_than(self, cycle: Cycle) -> bool:
        """It ended a cycle that was over before this one began."""
        return Cycle.starting(self.cycle_starts_on).ends_on < cycle.starts_on


@dataclass(frozen=True, slots=True)
class Discount:
    """One application, and what became of it."""

    discount_id: UUID
    case_number: str
    learner_id: UUID
    certificate_number: str
    cycle_ends_on: date
    status: DiscountStatus
    requested_at: datetime
    decided_at: datetime | None = None
    decided_by: UUID | None = None  # None: certificate records decided
    decided_by_name: str | None = None
    reason: str | None = None
    hours_taken: int = 0

    @property
    def cycle(self) -> Cycle:
        return Cycle.ending(self.cycle_ends_on)

    @property
    def hours_left(self) -> int:
        """How many required hours still cost nothing."""
        return FREE_HOURS - self.hours_taken if self.status is DiscountStatus.GRANTED else 0


@dataclass(frozen=True, slots=True)
class Offer:
    """Goods at the price that they have for one learner now."""

    goods: tuple[Good, ...]
    hours: tuple[int, ...]  # the free ones of each
    discount_id: UUID | None = None  # where there are any
    held_by: str | None = None  # the number of an unpaid order that keeps free hours from these

    @property
    def lines(self) -> tuple[Line, ...]:
        pairs = zip(self.goods, self.hours, strict=True)
        return tuple(Line.of(good, free_hours=free) for good, free in pairs)

    @property
    def discount_fen(self) -> int:
        return sum(line.discount_fen for line in self.lines)


def cycle_of(learner: Learner) -> Cycle:
    """The cycle that a learner may apply for now. Raises `DiscountForHolders`,
    `CertificateNotKnown`."""
    if learner.kind is not LearnerKind.HOLDER:
        raise DiscountForHolders
    if not learner.qualification_number or learner.qualification_expires_on is None:
        raise CertificateNotKnown
    return Cycle.ending(learner.qualification_expires_on)


def check_once(cycle: Cycle, earlier: Iterable[Discount]) -> None:
    """Raise the rule that a cycle has one discount, if it has one or may get one."""
    for discount in earlier:
        if discount.cycle.overlaps(cycle):
            if discount.status is DiscountStatus.REQUESTED:
                raise DiscountOpen(case_number=discount.case_number)
            if discount.status is DiscountStatus.GRANTED:
                raise DiscountGrantedAlready(case_number=discount.case_number)


def usable(learner: Learner | None, discounts: Iterable[Discount]) -> Discount | None:
    """The discount that is granted for the cycle in which this learner stands now."""
    try:
        cycle = cycle_of(learner) if learner else None
    except Refusal:
        return None
    granted = [each for each in discounts if each.status is DiscountStatus.GRANTED]
    return next((each for each in granted if cycle and each.cycle.overlaps(cycle)), None)


def proof_among(renewals: Iterable[Renewal], cycle: Cycle) -> Renewal | None:
    """The latest certificate that proves an earlier renewal."""
    proofs = [renewal for renewal in renewals if renewal.is_earlier_than(cycle)]
    return max(proofs, key=lambda renewal: renewal.issued_on, default=None)


def share(goods: Sequence[Good], hours: int) -> tuple[int, ...]:
    """How many free hours each of the goods gets: required courses, in this order, while there
    are hours left."""
    given = []
    for good in goods:
        free = min(good.hours, hours) if good.is_required else 0
        given.append(free)
        hours -= free
    return tuple(given)


def years_later(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
