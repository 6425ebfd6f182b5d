"""Shipments of paper invoices."""

from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.shipments import Shipment, ShipmentStatus


async def get_shipment(db: Pool | Tx, invoice_id: UUID) -> Shipment | None:
    row = await db.fetchrow(
        """
        SELECT invoice_id, sf_order_id, status, asked_by, asked_at, waybill, refusal, tries,
               next_try_at
          FROM shipments
         WHERE invoice_id = $1
        """,
        invoice_id,
    )
    return _shipment(row) if row else None


async def save_shipment(tx: Tx, shipment: Shipment) -> None:
    """The caller holds the invoice."""
    await tx.execute(
        """
        INSERT INTO shipments (invoice_id, sf_order_id, status, asked_by, asked_at, waybill,
                               refusal, tries, next_try_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (invoice_id) DO UPDATE
                SET status = EXCLUDED.status, waybill = EXCLUDED.waybill,
                    refusal = EXCLUDED.refusal, tries = EXCLUDED.tries,
                    next_try_at = EXCLUDED.next_try_at
        """,
        shipment.invoice_id,
        shipment.sf_order_id,
        shipment.status,
        shipment.asked_by,
        shipment.asked_at,
        shipment.waybill,
        shipment.refusal,
        shipment.tries,
        shipment.next_try_at,
    )


async def list_due(db: Pool | Tx, *, now: datetime, limit: int) -> list[UUID]:
    """Invoices whose shipment SF must be asked about again, the longest waiting first."""
    rows = await db.fetch(
        """
          SELECT invoice_id
            FROM shipments
           WHERE next_try_at <= $1
        ORDER BY next_try_at
           LIMIT $2
        """,
        now,
        limit,
    )
    return [row["invoice_id"] for row in rows]


async def list_refused(db: Pool, *, limit: int) -> list[Shipment]:
    """What SF would not take: somebody must look."""
    rows = await db.fetch(
        """
          SELECT invoice_id, sf_order_id, status, asked_by, asked_at, waybill, refusal, tries,
                 next_try_at
            FROM shipments
           WHERE status = 'refused'
        ORDER BY asked_at
           LIMIT $1
        """,
        limit,
    )
    return [_shipment(row) for row in rows]


def _shipment(row: asyncpg.Record) -> Shipment:
    return Shipment(**{**row, "status": ShipmentStatus(row["status"])})
