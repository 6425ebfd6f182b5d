"""Verified notifications as they came: evidence."""

from chassis import ids
from chassis.db import Tx

from ..model.attempts import Trade


async def insert_notification(tx: Tx, trade: Trade, raw: bytes) -> bool:
    """Keep a verified notification as it came. False if the same was told before."""
    inserted = await tx.fetchval(
        """
        INSERT INTO notifications (notification_id, transaction_id, out_trade_no, amount_fen, raw)
             VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
          RETURNING true
        """,
        ids.new_id(),
        trade.transaction_id,
        trade.out_trade_no,
        trade.amount_fen,
        raw,
    )
    return inserted is not None


async def was_notified(tx: Tx, trade: Trade) -> bool:
    """Whether a signed notification has told of exactly this payment."""
    known: bool = await tx.fetchval(
        """
        SELECT EXISTS (
            SELECT
              FROM notifications
             WHERE transaction_id = $1
               AND out_trade_no = $2
               AND amount_fen = $3)
        """,
        trade.transaction_id,
        trade.out_trade_no,
        trade.amount_fen,
    )
    return known
