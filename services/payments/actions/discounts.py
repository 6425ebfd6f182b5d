"""The discount 「学习优惠」: applied for, decided, taken by orders ($-6, W-2)."""

from collections.abc import Sequence
from uuid import UUID

from chassis import clock, outbox
from chassis.db import Pool, Tx
from contracts.payments import DiscountGranted, DiscountRefused, DiscountRequested

from ..model import discounts as model
from ..model.cases import CaseKind, new_case_number
from ..model.discounts import Discount, DiscountStatus, NoSuchDiscount, Offer
from ..model.goods import Good
from ..model.learners import Learner, NotKnownYet, Staff
from ..model.orders import Order
from ..store import discounts as store
from ..store import goods as goods_store
from ..store import learners as learners_store


async def look(db: Pool | Tx, learner_id: UUID) -> Learner:
    """The learner who applies. Raises `NotKnownYet`, or the rule that keeps a learner from
    applying now."""
    learner = await learners_store.get_learner(db, learner_id)
    if learner is None:
        raise NotKnownYet
    cycle = model.cycle_of(learner)
    model.check_once(cycle, await store.list_discounts(db, learner_id))
    return learner


async def apply(tx: Tx, *, discount_id: UUID, learner_id: UUID, parcel_id: UUID) -> Discount:
    """Apply for the discount of the present cycle (W-2). Granted at once where a certificate of
    an earlier cycle proves that the holder took part in a renewal; else staff decide.

    The parcel is sealed already. Raises what `look` raises.
    """
    await goods_store.lock_buyer(tx, learner_id)
    learner = await look(tx, learner_id)
    cycle = model.cycle_of(learner)
    now = clock.now()
    proof = model.proof_among(await store.list_renewals(tx, learner_id), cycle)
    discount = Discount(
        discount_id=discount_id,
        case_number=new_case_number(CaseKind.DISCOUNT, now),
        learner_id=learner_id,
        certificate_number=learner.qualification_number or "",
        cycle_ends_on=cycle.ends_on,
        status=DiscountStatus.GRANTED if proof else DiscountStatus.REQUESTED,
        requested_at=now,
        decided_at=now if proof else None,
    )

    await store.insert_discount(tx, discount)

    await outbox.add(
        tx,
        DiscountRequested(
            discount_id=discount_id,
            case_number=discount.case_number,
            learner_id=learner_id,
            parcel_id=parcel_id,
        ),
    )
    if proof:
        await _tell_granted(tx, discount)
    return discount


async def grant(tx: Tx, *, discount_id: UUID, by: Staff) -> None:
    """Grant an application; granting it twice is harmless. Raises `NoSuchDiscount`,
    `DiscountDecided`."""
    discount = await _lock(tx, discount_id)
    if discount.status is DiscountStatus.GRANTED:
        return
    _check_undecided(discount)

    await store.mark_decided(
        tx, discount_id, status=DiscountStatus.GRANTED, by=by, reason=None, now=clock.now()
    )
    await _tell_granted(tx, discount)


async def refuse(tx: Tx, *, discount_id: UUID, by: Staff, reason: str) -> None:
    """Refuse an application for a reason that the learner reads. Another may follow. Raises
    `NoSuchDiscount`, `DiscountDecided`."""
    discount = await _lock(tx, discount_id)
    if discount.status is DiscountStatus.REFUSED and discount.reason == reason:
        return
    _check_undecided(discount)

    await store.mark_decided(
        tx, discount_id, status=DiscountStatus.REFUSED, by=by, reason=reason, now=clock.now()
    )
    await outbox.add(
        tx,
        DiscountRefused(
            discount_id=discount_id,
            case_number=discount.case_number,
            learner_id=discount.learner_id,
            reason=reason,
        ),
    )


async def offer(
    db: Pool | Tx, learner_id: UUID, goods: Sequence[Good], *, besides: Order | None
) -> Offer:
    """These goods at the price they have for this learner now. The hours that the order `besides`
    holds count as free: it is asked what would take its place."""
    full_price = Offer(tuple(goods), (0,) * len(goods))
    if not any(good.is_required for good in goods):
        return full_price
    learner = await learners_store.get_learner(db, learner_id)
    discount = model.usable(learner, await store.list_discounts(db, learner_id))
    if discount is None:
        return full_price
    besides_id = besides.order_id if besides else None
    left = discount.hours_left
    if besides_id:
        left += await store.get_hours_of(db, discount_id=discount.discount_id, order_id=besides_id)
    hours = model.share(goods, left)
    held_by = None
    if hours != model.share(goods, model.FREE_HOURS):
        held_by = await store.find_holder(db, discount.discount_id, besides=besides_id)
    return Offer(tuple(goods), hours, discount.discount_id, held_by)


async def take(tx: Tx, offer: Offer, order: Order) -> None:
    """Keep the free hours of this offer for its order. The caller holds the buyer."""
    hours = sum(offer.hours)
    if offer.discount_id and hours:
        await store.take_hours(
            tx, discount_id=offer.discount_id, order_id=order.order_id, hours=hours
        )


async def release(tx: Tx, order_id: UUID) -> None:
    """The order has ended unpaid: its free hours are free again. The caller holds the buyer."""
    await store.release_hours(tx, order_id, now=clock.now())


async def take_again(tx: Tx, order_id: UUID) -> bool:
    """Whether an order may be paid as far as the discount goes: one that had ended takes its free
    hours again, if no other order has them. The caller holds the buyer."""
    return await store.take_again(tx, order_id)


async def _lock(tx: Tx, discount_id: UUID) -> Discount:
    """Hold the learner of an application, and read it."""
    found = await store.get_discount(tx, discount_id)
    if found is None:
        raise NoSuchDiscount
    await goods_store.lock_buyer(tx, found.learner_id)
    again = await store.get_discount(tx, discount_id)
    assert again is not None
    return again


def _check_undecided(discount: Discount) -> None:
    if discount.status is not DiscountStatus.REQUESTED:
        raise model.DiscountDecided


async def _tell_granted(tx: Tx, discount: Discount) -> None:
    await outbox.add(
        tx,
        DiscountGranted(
            discount_id=discount.discount_id,
            case_number=discount.case_number,
            learner_id=discount.learner_id,
        ),
    )
