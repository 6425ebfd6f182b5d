"""Courses and packages on sale, carts, and what a learner owns."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind
from contracts.payments import ItemKind

from ..model.goods import Good, Item


async def upsert_course(
    tx: Tx,
    *,
    course_id: UUID,
    version: int,
    title: str,
    hours: int,
    price_fen: int,
    kind: CourseKind,
) -> None:
    """Keep what catalogue says of a course, unless something as new is known."""
    await tx.execute(
        """
        INSERT INTO courses AS known (course_id, version, title, hours, price_fen, kind, sold)
             VALUES ($1, $2, $3, $4, $5, $6, true)
        ON CONFLICT (course_id) DO UPDATE
                SET version = EXCLUDED.version, title = EXCLUDED.title, hours = EXCLUDED.hours,
                    price_fen = EXCLUDED.price_fen, kind = EXCLUDED.kind, sold = true
              WHERE known.version < EXCLUDED.version
        """,
        course_id,
        version,
        title,
        hours,
        price_fen,
        kind,
    )


async def retire_course(tx: Tx, *, course_id: UUID, version: int) -> None:
    """Sell the course no more, unless something newer is known. Its publication may come later."""
    await tx.execute(
        """
        INSERT INTO courses AS known (course_id, version, sold)
             VALUES ($1, $2, false)
        ON CONFLICT (course_id) DO UPDATE
                SET version = EXCLUDED.version, sold = false
              WHERE known.version <= EXCLUDED.version
        """,
        course_id,
        version,
    )


async def upsert_package(
    tx: Tx,
    *,
    package_id: UUID,
    version: int,
    title: str,
    audience: Sequence[LearnerKind],
    hours: int,
    price_fen: int,
    course_ids: Sequence[UUID],
) -> None:
    """Keep what catalogue says of a package, unless something as new is known."""
    await tx.execute(
        """
        INSERT INTO packages AS known
                    (package_id, version, title, audience, hours, price_fen, course_ids)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (package_id) DO UPDATE
                SET version = EXCLUDED.version, title = EXCLUDED.title,
                    audience = EXCLUDED.audience, hours = EXCLUDED.hours,
                    price_fen = EXCLUDED.price_fen, course_ids = EXCLUDED.course_ids
              WHERE known.version < EXCLUDED.version
        """,
        package_id,
        version,
        title,
        list(audience),
        hours,
        price_fen,
        list(course_ids),
    )


async def list_goods(db: Pool | Tx, items: Sequence[Item]) -> list[Good]:
    """The goods among these items that catalogue has told of, in the items' order."""
    rows = await db.fetch(
        """
          SELECT kind, item_id, title, hours, price_fen, course_ids, audience, sold, course_kind
            FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS wanted (kind, item_id, place)
            JOIN goods USING (kind, item_id)
        ORDER BY place
        """,
        [item.kind for item in items],
        [item.item_id for item in items],
    )
    return [_good(row) for row in rows]


async def lock_buyer(tx: Tx, learner_id: UUID) -> None:
    """Hold the learner's place until the transaction ends, so that what they own and owe is
    decided one thing at a time."""
    await tx.execute(
        """
        INSERT INTO buyers (learner_id)
             VALUES ($1)
        ON CONFLICT DO NOTHING
        """,
        learner_id,
    )
    await tx.execute("SELECT 1 FROM buyers WHERE learner_id = $1 FOR UPDATE", learner_id)


async def get_owned(db: Pool | Tx, learner_id: UUID) -> dict[UUID, str]:
    """The courses that a learner owns, with their titles (empty where catalogue was silent)."""
    rows = await db.fetch(
        """
        SELECT course_id, coalesce(courses.title, '') AS title
          FROM owned_courses
     LEFT JOIN courses USING (course_id)
         WHERE learner_id = $1
        """,
        learner_id,
    )
    return {row["course_id"]: row["title"] for row in rows}


async def insert_owned(
    tx: Tx, *, learner_id: UUID, order_id: UUID, course_ids: Sequence[UUID]
) -> None:
    """Note who owns the courses. What is owned through another order stays so."""
    await tx.execute(
        """
        INSERT INTO owned_courses (learner_id, order_id, course_id)
             SELECT $1, $2, unnest($3::uuid[])
        ON CONFLICT DO NOTHING
        """,
        learner_id,
        order_id,
        list(course_ids),
    )


async def list_cart(db: Pool | Tx, learner_id: UUID) -> list[Item]:
    """What a learner has put into the cart, in that order."""
    rows = await db.fetch(
        """
          SELECT kind, item_id
            FROM cart_items
           WHERE learner_id = $1
        ORDER BY added_at, item_id
        """,
        learner_id,
    )
    return [Item(ItemKind(row["kind"]), row["item_id"]) for row in rows]


async def insert_cart_item(tx: Tx, learner_id: UUID, item: Item) -> None:
    """Put an item into the cart; nothing changes if it is there."""
    await tx.execute(
        """
        INSERT INTO cart_items (learner_id, kind, item_id, added_at)
             VALUES ($1, $2, $3, clock_timestamp())
        ON CONFLICT DO NOTHING
        """,
        learner_id,
        item.kind,
        item.item_id,
    )


async def delete_cart_items(tx: Tx, learner_id: UUID, items: Sequence[Item]) -> None:
    """Take items out of the cart; what is not in it is no matter."""
    await tx.execute(
        """
        DELETE FROM cart_items
         WHERE learner_id = $1
           AND (kind, item_id) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))
        """,
        learner_id,
        [item.kind for item in items],
        [item.item_id for item in items],
    )


def _good(row: asyncpg.Record) -> Good:
    audience = row["audience"]
    return Good(
        kind=ItemKind(row["kind"]),
        item_id=row["item_id"],
        title=row["title"],
        hours=row["hours"],
        price_fen=row["price_fen"],
        course_ids=tuple(row["course_ids"]),
        audience=None if audience is None else frozenset(map(LearnerKind, audience)),
        sold=row["sold"],
        course_kind=CourseKind(row["course_kind"]) if row["course_kind"] else None,
    )
