"""Everything that changes the catalogue. Each action runs in its caller's transaction."""

from uuid import UUID

from chassis import clock, outbox
from chassis.db import Tx
from contracts.catalogue import CoursePublished, CourseRetired, PackagePublished
from contracts.payments import OrderPaid, OrderRefunded

from .model import (
    Course,
    CourseInPackage,
    CourseNotFound,
    Package,
    State,
    check_course,
    check_package,
)
from .store import courses, owned, packages


async def publish_course(tx: Tx, course: Course) -> int:
    """Save a course, tell it with its questions, and return the version it now has.

    Publishing what is published already changes nothing and tells nothing. Raises a refusal when
    the course is not fit to be sold, or when a package counts on the hours it had.
    """
    check_course(course)
    at = clock.now()
    await courses.insert_course_draft(tx, course, at=at)
    state, version = await courses.lock_course(tx, course.course_id) or (State.DRAFT, 0)
    before = await courses.get_course(tx, course.course_id)

    if state is State.PUBLISHED and before == course:
        return version
    if (
        before
        and _moves_package(before, course)
        and await courses.is_in_package(tx, course.course_id)
    ):
        raise CourseInPackage

    await courses.update_course(tx, course, version=version + 1, at=at)

    await outbox.add(tx, _published(course, version + 1))
    return version + 1


async def retire_course(tx: Tx, course_id: UUID) -> None:
    """Stop selling a course; who owns it keeps it. Retiring twice changes nothing."""
    locked = await courses.lock_course(tx, course_id)

    if locked is None or locked[0] is State.DRAFT:
        raise CourseNotFound
    state, version = locked
    if state is State.RETIRED:
        return
    if await courses.is_in_package(tx, course_id):
        raise CourseInPackage

    await courses.update_course_retired(tx, course_id, version=version + 1)

    await outbox.add(tx, CourseRetired(course_id=course_id, version=version + 1))


async def publish_package(tx: Tx, package: Package) -> int:
    """Save a package, tell it, and return its version. Repeats as for a course (C-3)."""
    at = clock.now()
    await packages.insert_package_draft(tx, package, at=at)
    version = await packages.lock_package(tx, package.package_id)
    offers = await packages.lock_offers(tx, package.course_ids)
    before = await packages.get_package(tx, package.package_id)

    check_package(package, offers)
    if version > 0 and before == package:
        return version

    await packages.update_package(tx, package, version=version + 1, at=at)

    await outbox.add(
        tx,
        PackagePublished(
            package_id=package.package_id,
            version=version + 1,
            title=package.title,
            audience=list(package.audience),
            hours=package.hours,
            price_fen=package.price_fen,
            course_ids=list(package.course_ids),
        ),
    )
    return version + 1


async def note_ownership(tx: Tx, paid: OrderPaid) -> None:
    """Remember which courses an order opened. Hearing it again changes nothing (C-4)."""
    course_ids = sorted({course_id for line in paid.lines for course_id in line.course_ids})
    await owned.insert_owned(
        tx,
        learner_id=paid.learner_id,
        course_ids=course_ids,
        order_id=paid.order_id,
        at=paid.paid_at,
    )


async def note_refund(tx: Tx, refunded: OrderRefunded) -> None:
    """Take the mark off the courses that an order opens no more. Harmless when repeated ($-8)."""
    await owned.mark_refunded(
        tx,
        learner_id=refunded.learner_id,
        course_ids=sorted(set(refunded.course_ids)),
        order_id=refunded.order_id,
        at=refunded.refunded_at,
    )


def _moves_package(before: Course, after: Course) -> bool:
    """Whether a change would break a package that holds the course."""
    return before.hours != after.hours or before.kind is not after.kind


def _published(course: Course, version: int) -> CoursePublished:
    return CoursePublished(
        course_id=course.course_id,
        version=version,
        title=course.title,
        kind=course.kind,
        hours=course.hours,
        price_fen=course.price_fen,
        coursewares=list(course.coursewares),
    )
