"""Packages as they are published, and the courses they are made of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from ..model import Offer, Package, State


async def insert_package_draft(tx: Tx, package: Package, *, at: datetime) -> None:
    """Make sure the package's row is there to be locked. Does nothing where it is."""
    await tx.execute(
        """
        INSERT INTO packages (package_id, title, summary, audience, hours, price_fen, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING
        """,
        package.package_id,
        package.title,
        package.summary,
        list(package.audience),
        package.hours,
        package.price_fen,
        at,
    )


async def lock_package(tx: Tx, package_id: UUID) -> int:
    """Hold a package that exists until the transaction ends; its version."""
    version: int = await tx.fetchval(
        "SELECT version FROM packages WHERE package_id = $1 FOR UPDATE", package_id
    )
    return version


async def lock_offers(tx: Tx, course_ids: Sequence[UUID]) -> list[Offer]:
    """These courses, kept as they are until the transaction ends; in id order, so no deadlock."""
    rows = await tx.fetch(
        """
          SELECT course_id, kind, state, hours
            FROM courses
           WHERE course_id = ANY($1)
        ORDER BY course_id
             FOR SHARE
        """,
        course_ids,
    )
    return [
        Offer(row["course_id"], CourseKind(row["kind"]), State(row["state"]), row["hours"])
        for row in rows
    ]


async def get_package(db: Pool | Tx, package_id: UUID) -> Package | None:
    row = await db.fetchrow(
        """
        SELECT package_id, title, summary, audience, hours, price_fen,
               ARRAY(SELECT course_id
                       FROM package_courses
                      WHERE package_id = $1
                   ORDER BY position) AS course_ids
          FROM packages
         WHERE package_id = $1
        """,
        package_id,
    )
    if row is None:
        return None
    audience = tuple(LearnerKind(kind) for kind in row["audience"])
    return Package(**{**row, "audience": audience, "course_ids": tuple(row["course_ids"])})


async def update_package(tx: Tx, package: Package, *, version: int, at: datetime) -> None:
    """Save a package as published in this version, with its courses in their order."""
    await tx.execute(
        """
        UPDATE packages
           SET title = $2, summary = $3, audience = $4, hours = $5, price_fen = $6,
               version = $7, published_at = $8
         WHERE package_id = $1
        """,
        package.package_id,
        package.title,
        package.summary,
        list(package.audience),
        package.hours,
        package.price_fen,
        version,
        at,
    )
    await tx.execute("DELETE FROM package_courses WHERE package_id = $1", package.package_id)
    await tx.executemany(
        "INSERT INTO package_courses (package_id, course_id, position) VALUES ($1, $2, $3)",
        [(package.package_id, id_, place) for place, id_ in enumerate(package.course_ids, 1)],
    )
