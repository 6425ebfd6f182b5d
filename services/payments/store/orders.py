"""Orders, their lines, and the stored answers of requests that must not act twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.payments import ItemKind, PaymentMethod

from ..model.orders import Line, Order, OrderStatus

KEYS_KEPT_DAYS = 7


async def insert_order(tx: Tx, order: Order, *, content: str) -> None:
    """`content`: the fingerprint of what is bought; a learner has one unpaid order for each."""
    await tx.execute(
        """
        INSERT INTO orders (order_id, number, learner_id, learner_name, status, content,
                            amount_fen, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        order.order_id,
        order.number,
        order.learner_id,
        order.learner_name,
        order.status,
        content,
        order.amount_fen,
        order.created_at,
        order.expires_at,
    )
    await tx.executemany(
        """
        INSERT INTO order_lines (order_id, position, kind, item_id, title, hours, amount_fen,
                                 course_ids, discount_fen)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
            (
                order.order_id,
                position,
                line.kind,
                line.item_id,
                line.title,
                line.hours,
                line.amount_fen,
                list(line.course_ids),
                line.discount_fen,
            )
            for position, line in enumerate(order.lines, start=1)
        ],
    )


async def get_order(db: Pool | Tx, *, order_id: UUID, learner_id: UUID) -> Order | None:
    """A learner's own order."""
    row = await db.fetchrow(
        """
        SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
               expires_at, paid_at, method
          FROM orders
         WHERE order_id = $1
           AND learner_id = $2
        """,
        order_id,
        learner_id,
    )
    return await _with_lines(db, row)


async def find_open_order(db: Pool | Tx, *, learner_id: UUID, content: str) -> Order | None:
    """The learner's unpaid order of this content."""
    row = await db.fetchrow(
        """
        SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
               expires_at, paid_at, method
          FROM orders
         WHERE learner_id = $1
           AND content = $2
           AND status = 'unpaid'
        """,
        learner_id,
        content,
    )
    return await _with_lines(db, row)


async def lock_order(tx: Tx, order_id: UUID) -> Order | None:
    """Hold an order, after its buyer, until the transaction ends."""
    row = await tx.fetchrow(
        """
        SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
               expires_at, paid_at, method
          FROM orders
         WHERE order_id = $1
           FOR UPDATE
        """,
        order_id,
    )
    return await _with_lines(tx, row)


async def find_learner(db: Pool | Tx, order_id: UUID) -> UUID | None:
    """Whose order it is; that never changes, so it may be read before the lock."""
    learner_id: UUID | None = await db.fetchval(
        "SELECT learner_id FROM orders WHERE order_id = $1", order_id
    )
    return learner_id


async def list_orders(
    db: Pool | Tx, *, learner_id: UUID, before: UUID | None, limit: int
) -> list[Order]:
    """A learner's orders, newest first, from those before the order `before`."""
    rows = await db.fetch(
        """
          SELECT order_id, number, learner_id, learner_name, status, amount_fen, created_at,
                 expires_at, paid_at, method
            FROM orders
           WHERE learner_id = $1
             AND ($2::uuid IS NULL OR order_id < $2)
        ORDER BY order_id DESC
           LIMIT $3
        """,
        learner_id,
        before,
        limit,
    )
    return await with_lines(db, rows)


async def list_to_expire(db: Pool | Tx, *, before: datetime, limit: int) -> list[UUID]:
    """Unpaid orders whose time was over before this moment, oldest first."""
    rows = await db.fetch(
        """
          SELECT order_id
            FROM orders
           WHERE status = 'unpaid'
             AND expires_at < $1
        ORDER BY expires_at
           LIMIT $2
        """,
        before,
        limit,
    )
    return [row["order_id"] for row in rows]


async def mark_paid(tx: Tx, order_id: UUID, *, method: PaymentMethod, paid_at: datetime) -> None:
    await tx.execute(
        """
        UPDATE orders
           SET status = 'paid', method = $2, paid_at = $3
         WHERE order_id = $1
        """,
        order_id,
        method,
        paid_at,
    )


async def mark_ended(tx: Tx, order_id: UUID, status: OrderStatus) -> None:
    """Cancelled or expired: nothing more is asked for; money on its way is still taken."""
    await tx.execute(
        """
        UPDATE orders
           SET status = $2
         WHERE order_id = $1
           AND status = 'unpaid'
        """,
        order_id,
        status,
    )


async def claim_key(tx: Tx, *, actor_id: UUID, key: str, request_hash: str) -> bool:
    """Take an idempotency key for this transaction; waits for another that has it in hand.
    False if it was used."""
    claimed = await tx.fetchval(
        """
        INSERT INTO idempotency_keys (actor_id, key, request_hash)
             VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
          RETURNING true
        """,
        actor_id,
        key,
        request_hash,
    )
    return claimed is not None


async def get_answer(tx: Tx, *, actor_id: UUID, key: str) -> tuple[str, Any]:
    """The request's hash and the stored answer of a used key."""
    row = await tx.fetchrow(
        """
        SELECT request_hash, answer
          FROM idempotency_keys
         WHERE actor_id = $1
           AND key = $2
        """,
        actor_id,
        key,
    )
    assert row is not None, "a key is claimed before its answer is asked for"
    return row["request_hash"], row["answer"]


async def store_answer(tx: Tx, *, actor_id: UUID, key: str, answer: Any) -> None:
    await tx.execute(
        """
        UPDATE idempotency_keys
           SET answer = $3
         WHERE actor_id = $1
           AND key = $2
        """,
        actor_id,
        key,
        answer,
    )


async def delete_old_keys(db: Pool) -> None:
    await db.execute(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(days => $1)",
        KEYS_KEPT_DAYS,
    )


async def _with_lines(db: Pool | Tx, row: asyncpg.Record | None) -> Order | None:
    return (await with_lines(db, [row]))[0] if row else None


async def with_lines(db: Pool | Tx, rows: Sequence[asyncpg.Record]) -> list[Order]:
    """Make orders of their rows, with the lines of all of them in one query."""
    found = await db.fetch(
        """
          SELECT order_id, kind, item_id, title, hours, amount_fen, course_ids, discount_fen
            FROM order_lines
           WHERE order_id = ANY($1)
        ORDER BY order_id, position
        """,
        [row["order_id"] for row in rows],
    )
    lines: dict[UUID, list[Line]] = {}
    for line in found:
        lines.setdefault(line["order_id"], []).append(_line(line))
    return [_order(row, lines.get(row["order_id"], [])) for row in rows]


def _order(row: asyncpg.Record, lines: Sequence[Line]) -> Order:
    return Order(
        order_id=row["order_id"],
        number=row["number"],
        learner_id=row["learner_id"],
        learner_name=row["learner_name"],
        status=OrderStatus(row["status"]),
        amount_fen=row["amount_fen"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        method=PaymentMethod(row["method"]) if row["method"] else None,
        lines=tuple(lines),
    )


def _line(row: asyncpg.Record) -> Line:
    return Line(
        kind=ItemKind(row["kind"]),
        item_id=row["item_id"],
        title=row["title"],
        hours=row["hours"],
        amount_fen=row["amount_fen"],
        course_ids=tuple(row["course_ids"]),
        discount_fen=row["discount_fen"],
    )
