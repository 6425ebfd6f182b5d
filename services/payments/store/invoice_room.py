"""A learner's money as invoices see it ($-7)."""

from uuid import UUID

from chassis.db import Pool, Tx

from ..model.invoice_room import Standing


async def get_standing(db: Pool | Tx, learner_id: UUID) -> Standing:
    """A learner's money as invoices see it; who decides by it holds the buyer."""
    row = await db.fetchrow(
        """
        SELECT paid.direct_fen, paid.wallet_fen,
               coalesce((SELECT balance_fen FROM wallets WHERE learner_id = $1), 0) AS balance_fen,
               asked.for_spending_fen, asked.for_direct_fen,
               asked.for_sale_fen + employed.for_sale_fen AS for_sale_fen
          FROM (SELECT coalesce(sum(amount_fen - refunded_fen)
                           FILTER (WHERE method = 'wechat'), 0)::bigint AS direct_fen,
                       coalesce(sum(amount_fen - refunded_fen)
                           FILTER (WHERE method = 'wallet'), 0)::bigint AS wallet_fen
                  FROM orders
                 WHERE learner_id = $1
                   AND status = 'paid') AS paid,
               (SELECT coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'spending'), 0)::bigint AS for_spending_fen,
                       coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'direct'), 0)::bigint AS for_direct_fen,
                       coalesce(sum(amount_fen)
                           FILTER (WHERE basis = 'sale'), 0)::bigint AS for_sale_fen
                  FROM invoices
                 WHERE learner_id = $1
                   AND employer_case_number IS NULL
                   AND status IN ('requested', 'issued')) AS asked,
               (SELECT coalesce(sum(cards.amount_fen), 0)::bigint AS for_sale_fen
                  FROM cards
                  JOIN invoices ON invoices.employer_case_number = cards.case_number
                 WHERE cards.redeemed_by = $1
                   AND invoices.status IN ('requested', 'issued')) AS employed
        """,
        learner_id,
    )
    assert row is not None, "sums are always one row"
    return Standing(**row)


async def get_spending(db: Pool | Tx, learner_id: UUID) -> tuple[int, int]:
    """What a learner paid for orders, and what of it went back or is promised back."""
    row = await db.fetchrow(
        """
        SELECT coalesce(sum(amount_fen), 0)::bigint AS paid_fen,
               coalesce(sum(refunded_fen), 0)::bigint AS refunded_fen
          FROM orders
         WHERE learner_id = $1
           AND status = 'paid'
        """,
        learner_id,
    )
    assert row is not None, "sums are always one row"
    return row["paid_fen"], row["refunded_fen"]
