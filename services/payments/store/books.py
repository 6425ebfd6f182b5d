"""The books seen whole: the sums that the audit compares, and the trial balance ($-9)."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from chassis.db import Pool, Tx

from ..model.audit import Check, Figure

LONG_SECONDS = 120.0  # all of the books may take longer than any one page

FIGURES: Mapping[Check, str] = {
    Check.TRIAL_BALANCE: """
        SELECT 'all' AS subject, 0 AS stored_fen,
               coalesce(sum(amount_fen), 0)::bigint AS computed_fen
          FROM postings
    """,
    Check.JOURNAL: """
          SELECT kind || ' ' || reference AS subject, 0 AS stored_fen,
                 coalesce(sum(amount_fen), 0)::bigint AS computed_fen
            FROM journals
       LEFT JOIN postings USING (journal_id)
        GROUP BY journal_id, kind, reference
    """,
    Check.WALLET: """
            SELECT coalesce(wallets.learner_id::text, moved.learner_id) AS subject,
                   coalesce(balance_fen, 0) AS stored_fen,
                   coalesce(moved_fen, 0)::bigint AS computed_fen
              FROM wallets
         FULL JOIN (SELECT split_part(account, ':', 3) AS learner_id, -sum(amount_fen) AS moved_fen
                      FROM postings
                     WHERE account LIKE 'liability:wallet:%'
                  GROUP BY account) AS moved
                ON moved.learner_id = wallets.learner_id::text
    """,
    Check.ORDER: """
            SELECT coalesce(paid.number, booked.reference) AS subject,
                   coalesce(paid.amount_fen, 0) AS stored_fen,
                   coalesce(booked_fen, 0)::bigint AS computed_fen
              FROM (SELECT order_id, number, amount_fen
                      FROM orders
                     WHERE status = 'paid') AS paid
         FULL JOIN (SELECT reference, -sum(amount_fen) AS booked_fen
                      FROM journals
                      JOIN postings USING (journal_id)
                     WHERE kind = 'order_paid'
                       AND account = 'revenue:hours'
                  GROUP BY reference) AS booked
                ON booked.reference = paid.order_id::text
    """,
    Check.RECEIPTS: """
        SELECT 'liability:receipts' AS subject,
               (SELECT coalesce(sum(amount_fen - allocated_fen), 0)::bigint
                  FROM receipts) AS stored_fen,
               (SELECT coalesce(-sum(amount_fen), 0)::bigint
                  FROM postings
                 WHERE account = 'liability:receipts') AS computed_fen
    """,
    Check.CARDS: """
        SELECT 'liability:cards' AS subject,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM cards
                 WHERE status IN ('inert', 'active')) AS stored_fen,
               (SELECT coalesce(-sum(amount_fen), 0)::bigint
                  FROM postings
                 WHERE account = 'liability:cards') AS computed_fen
    """,
    Check.SURPLUS: """
        SELECT 'liability:surplus' AS subject,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM surplus_payments)
               - (SELECT coalesce(sum(amount_fen), 0)::bigint
                    FROM paybacks
                   WHERE refund_id IS NULL
                     AND status = 'success') AS stored_fen,
               (SELECT coalesce(-sum(amount_fen), 0)::bigint
                  FROM postings
                 WHERE account = 'liability:surplus') AS computed_fen
    """,
    Check.REFUNDS: """
            SELECT coalesce(paid.number, booked.label) AS subject,
                   coalesce(paid.refunded_fen, 0) AS stored_fen,
                   coalesce(booked_fen, 0)::bigint AS computed_fen
              FROM (SELECT number, refunded_fen
                      FROM orders
                     WHERE status = 'paid') AS paid
         FULL JOIN (SELECT label, sum(amount_fen) AS booked_fen
                      FROM journals
                      JOIN postings USING (journal_id)
                     WHERE kind IN ('refund_promised', 'refund_released', 'refund_to_wallet')
                       AND account = 'revenue:hours'
                  GROUP BY label) AS booked
                ON booked.label = paid.number
    """,
    Check.PROMISED: """
        SELECT 'liability:refunds' AS subject,
               (SELECT coalesce(sum(amount_fen), 0)::bigint
                  FROM refunds
                 WHERE status IN ('sending', 'bank_wanted')) AS stored_fen,
               (SELECT coalesce(-sum(amount_fen), 0)::bigint
                  FROM postings
                 WHERE account = 'liability:refunds') AS computed_fen
    """,
    Check.INVOICES: """
           SELECT invoiced.learner_id::text AS subject, invoiced.amount_fen AS stored_fen,
                  coalesce(spent.amount_fen, 0)::bigint AS computed_fen
             FROM (SELECT learner_id, sum(amount_fen)::bigint AS amount_fen
                     FROM invoices
                    WHERE status IN ('requested', 'issued')
                      AND basis <> 'sale'
                 GROUP BY learner_id) AS invoiced
        LEFT JOIN (SELECT learner_id, sum(amount_fen - refunded_fen) AS amount_fen
                     FROM orders
                    WHERE status = 'paid'
                 GROUP BY learner_id) AS spent
               ON spent.learner_id = invoiced.learner_id
    """,
}


async def figures(tx: Tx) -> AsyncIterator[Figure]:
    """Every stored sum beside its computed one; the transaction sees one moment only."""
    await tx.execute(f"SET LOCAL statement_timeout = '{LONG_SECONDS:.0f}s'")
    for check, query in FIGURES.items():
        async for row in tx.cursor(query, prefetch=1000, timeout=LONG_SECONDS):
            yield Figure(check, row["subject"], row["stored_fen"], row["computed_fen"])


async def list_balances(db: Pool, *, until: datetime | None = None) -> list[tuple[str, int, int]]:
    """The trial balance: account, all that was debited, all that was credited; the learners'
    accounts as one. Of what was booked before `until`."""
    rows = await db.fetch(
        """
          SELECT regexp_replace(account, '^(liability:wallet):.*', '\\1') AS name,
                 coalesce(sum(amount_fen) FILTER (WHERE amount_fen > 0), 0)::bigint AS debit_fen,
                 coalesce(-sum(amount_fen) FILTER (WHERE amount_fen < 0), 0)::bigint AS credit_fen
            FROM postings
            JOIN journals USING (journal_id)
           WHERE $1::timestamptz IS NULL OR booked_at < $1
        GROUP BY name
        ORDER BY name
        """,
        until,
    )
    return [(row["name"], row["debit_fen"], row["credit_fen"]) for row in rows]


async def can_rewrite(db: Pool) -> bool:
    """Whether this service's role in the database may change what is booked. It should not."""
    allowed: bool = await db.fetchval(
        """
        SELECT bool_or(has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE'))
          FROM unnest(ARRAY['journals', 'postings']) AS name
        """
    )
    return allowed
