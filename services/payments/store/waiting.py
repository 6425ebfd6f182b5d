"""What waits for a person of finance, by kind; each counts in the tables of its own noun."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chassis.db import Pool

from ..model.desk import Job, Waiting

WAITING: Mapping[Job, str] = {
    Job.AUDIT: """
        SELECT 'audit' AS job, latest.differing::bigint AS count, latest.finished_at AS oldest_at,
               NULL::bigint AS amount_fen
          FROM (SELECT differing, finished_at
                  FROM audits
              ORDER BY finished_at DESC
                 LIMIT 1) AS latest
    """,
    Job.DOUBTS: """
        SELECT 'doubts', count(*), min(raised_at), NULL
          FROM discrepancies
         WHERE settled_at IS NULL
           AND healed_at IS NULL
           AND refunded_at IS NULL
    """,
    Job.BILLS: """
        SELECT 'bills', count(*), (min(day) + 1) AT TIME ZONE 'Asia/Shanghai', NULL
          FROM bill_days
         WHERE state = 'waiting'
           AND (day + 1) AT TIME ZONE 'Asia/Shanghai' < now() - interval '36 hours'
    """,
    Job.VOUCHERS: """
        SELECT 'vouchers', count(*), min(submitted_at), sum(amount_fen)::bigint
          FROM transfers
         WHERE status = 'submitted'
    """,
    Job.DISCOUNTS: """
        SELECT 'discounts', count(*), min(requested_at), NULL
          FROM discounts
         WHERE status = 'requested'
    """,
    Job.EMPLOYERS: """
        SELECT 'employers', count(*), min(quoted_at), sum(amount_fen)::bigint
          FROM employer_cases
         WHERE status = 'quoted'
    """,
    Job.REFUNDS: """
        SELECT 'refunds', count(*), min(since), sum(amount_fen)::bigint
          FROM (SELECT asked_at AS since, amount_fen
                  FROM refunds
                 WHERE status IN ('requested', 'second_wanted', 'blocked_by_invoice',
                                  'bank_wanted', 'failed')
                 UNION ALL
                SELECT made_at, amount_fen
                  FROM paybacks
                 WHERE status IN ('abnormal', 'closed', 'refused')
                   AND (status = 'abnormal' OR refund_id IS NULL)) AS wanted
    """,
    Job.INVOICES: """
        SELECT 'invoices', count(*), min(requested_at), sum(amount_fen)::bigint
          FROM invoices
         WHERE status = 'requested'
    """,
    Job.BATCHES: """
        SELECT 'batches', count(*), min(drafted_at), sum(cards * face_fen)::bigint
          FROM card_batches
         WHERE status IN ('draft', 'approved', 'printed')
    """,
    Job.EVENTS: """
        SELECT 'events', count(*), min(heard_at), NULL
          FROM inbox
         WHERE state = 'parked'
    """,
}


async def list_waiting(db: Pool) -> list[Waiting]:
    """One of each kind, in the order of the desk; also those of which none waits."""
    rows = await db.fetch(" UNION ALL ".join(f"({query})" for query in WAITING.values()))
    known = {
        Job(row["job"]): Waiting(
            Job(row["job"]), row["count"], _instant(row["oldest_at"]), row["amount_fen"]
        )
        for row in rows
    }
    return [known.get(job, Waiting(job)) for job in Job]


def _instant(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC) if value else None
