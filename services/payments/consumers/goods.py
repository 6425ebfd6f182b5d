"""What can be bought: payments keeps its own copy of what can be bought and for how much."""

from chassis.db import Tx
from contracts.catalogue import CoursePublished, CourseRetired, PackagePublished

from ..store import goods
from .door import consumer


@consumer.on(CoursePublished)
async def sell_course(tx: Tx, event: CoursePublished) -> None:
    await goods.upsert_course(
        tx,
        course_id=event.course_id,
        version=event.version,
        title=event.title,
        hours=event.hours,
        price_fen=event.price_fen,
        kind=event.kind,
    )


@consumer.on(CourseRetired)
async def stop_selling_course(tx: Tx, event: CourseRetired) -> None:
    await goods.retire_course(tx, course_id=event.course_id, version=event.version)


@consumer.on(PackagePublished)
async def sell_package(tx: Tx, event: PackagePublished) -> None:
    await goods.upsert_package(
        tx,
        package_id=event.package_id,
        version=event.version,
        title=event.title,
        audience=event.audience,
        hours=event.hours,
        price_fen=event.price_fen,
        course_ids=event.course_ids,
    )
