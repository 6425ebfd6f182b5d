"""What came in, by day; and what stands to be owed, for the overview of finance."""

from datetime import date, datetime

from chassis.db import Pool

from ..model.desk import Month, Revenue


async def list_revenue(db: Pool, *, since: date, until: date) -> list[Revenue]:
    """Every day in China from `since` to `until`, those without income too."""
    rows = await db.fetch(
        """
             SELECT day::date AS day,
                    coalesce(sum(amount_fen) FILTER (WHERE method = 'wechat'), 0)::bigint
                        AS wechat_fen,
                    coalesce(sum(amount_fen) FILTER (WHERE method = 'wallet'), 0)::bigint
                        AS wallet_fen
               FROM generate_series($1::date, $2::date, interval '1 day') AS day
          LEFT JOIN orders
                 ON status = 'paid'
                AND paid_at >= day::date::timestamp AT TIME ZONE 'Asia/Shanghai'
                AND paid_at < (day::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
           GROUP BY day
           ORDER BY day
        """,
        since,
        until,
    )
    return [Revenue(**row) for row in rows]


async def get_month(db: Pool, *, since: datetime) -> Month:
    """What moved from `since` on, and what is owed now."""
    row = await db.fetchrow(
        """
        SELECT (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM orders
                 WHERE status = 'paid'
                   AND paid_at >= $1) AS paid_fen,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM refunds
                 WHERE refunded_at >= $1) AS refunded_fen,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM invoices
                 WHERE status = 'issued'
                   AND issued_on >= ($1 AT TIME ZONE 'Asia/Shanghai')::date) AS invoiced_fen,
               (SELECT count(*)
                  FROM cards
                 WHERE status IN ('inert', 'active')) AS cards,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM cards
                 WHERE status IN ('inert', 'active')) AS cards_fen,
               (SELECT coalesce(sum(balance_fen), 0)::bigint
                  FROM wallets) AS wallets_fen,
               (SELECT coalesce(sum(amount_fen - allocated_fen), 0)::bigint
                  FROM receipts) AS receipts_fen
        """,
        since,
    )
    assert row is not None, "sums are always one row"
    return Month(**row)
