"""The books, opened after a life: what the ledger says beside what it stands for ($-9)."""

import asyncio
from typing import Any, Final

from services.payments import auditor
from tests.payments.conftest import Shop

# What each account must hold, counted from the nouns that its journals speak of.
NOUNS: Final = {
    "liability:cards": """
        SELECT -coalesce(sum(amount_fen), 0) FROM cards WHERE redeemed_by IS NULL""",
    "liability:receipts": """
        SELECT -coalesce(sum(amount_fen - allocated_fen), 0) FROM receipts""",
    "revenue:hours": """
        SELECT -coalesce(sum(amount_fen - refunded_fen), 0) FROM orders WHERE status = 'paid'""",
    "liability:refunds": """
        SELECT -coalesce(sum(amount_fen), 0) FROM refunds
         WHERE status IN ('sending', 'bank_wanted')""",
    "liability:surplus": """
        SELECT (SELECT coalesce(sum(amount_fen), 0) FROM paybacks
                 WHERE refund_id IS NULL AND status = 'success')
             - (SELECT coalesce(sum(amount_fen), 0) FROM surplus_payments)""",
    "asset:bank": "SELECT coalesce(sum(amount_fen), 0) FROM receipts",
}
RULES: Final = {
    "a journal that does not balance": """
        SELECT count(*) FROM (SELECT FROM postings GROUP BY journal_id
                              HAVING sum(amount_fen) <> 0) AS wrong""",
    "a wallet that is not the sum of its postings": """
        SELECT count(*)
          FROM wallets AS w
          LEFT JOIN account_balances AS b ON b.account = 'liability:wallet:' || w.learner_id
         WHERE w.balance_fen <> -coalesce(b.balance_fen, 0) OR w.balance_fen < 0""",
    "a card that was not redeemed exactly as often as it says": """
        SELECT count(*) FROM (
            SELECT FROM cards AS c
              LEFT JOIN journals AS j ON j.kind = 'card_redeemed'
                                     AND j.reference = c.card_id::text
             GROUP BY c.card_id
            HAVING count(j.journal_id) <> (c.redeemed_by IS NOT NULL)::int) AS wrong""",
    "an order of which more went back than was paid": """
        SELECT count(*) FROM orders
         WHERE refunded_fen NOT BETWEEN 0 AND amount_fen
            OR (status <> 'paid' AND refunded_fen > 0)""",
    "a learner with more invoiced than spent": """
        SELECT count(*) FROM (
            SELECT learner_id,
                   sum(amount_fen) FILTER (WHERE status IN ('requested', 'issued')) AS invoiced
              FROM invoices GROUP BY learner_id) AS i
         WHERE i.invoiced > (SELECT coalesce(sum(o.amount_fen - o.refunded_fen), 0)
                               FROM orders AS o
                              WHERE o.learner_id = i.learner_id AND o.status = 'paid')""",
}


async def assert_the_books_are_right(shop: Shop) -> None:
    """$-9: every account agrees with what it stands for, WeChat's with WeChat's own word."""
    pool, balances = shop.running.pool, await _balances_once_told(shop)
    for broken, count in RULES.items():
        assert await pool.fetchval(count) == 0, broken
    expected = {account: int(await pool.fetchval(sum_)) for account, sum_ in NOUNS.items()}
    expected["asset:wechat"] = await _at_wechat(shop)
    assert {account: balances.get(account, 0) for account in expected} == expected
    assert sum(balances.values()) == 0
    report = await auditor.look(pool)
    assert report.differing == 0, report.differences
    assert all(fen <= 0 for account, fen in balances.items() if account.startswith("liability:"))


async def _balances_once_told(shop: Shop) -> dict[str, int]:
    """After WeChat's notifications, which come when they come."""
    try:
        async with asyncio.timeout(5):
            while (told := await shop.balances()).get("asset:wechat", 0) != await _at_wechat(shop):
                await asyncio.sleep(0.02)
    except TimeoutError:
        return await shop.balances()
    return told


async def _at_wechat(shop: Shop) -> int:
    state: dict[str, Any] = await shop.provider_state()
    paid = sum(o["total_fee"] for o in state["orders"] if o["trade_state"] in ("SUCCESS", "REFUND"))
    back = sum(r["refund_fee"] for r in state["refunds"] if r["status"] == "SUCCESS")
    return int(paid - back)
