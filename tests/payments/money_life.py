"""A learner whose money is used for real, and the books that are opened afterwards."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from chassis.db import transaction
from chassis.refusals import Refusal
from contracts.payments import RefundTarget
from contracts.progress import CoursesWithdrawn, Withdrawn
from services.payments import returning
from services.payments.actions import refunds
from services.payments.model.refunds import Refund, RefundStatus
from services.payments.store import refunds as refunds_store
from tests.payments import cards_steps, invoice_steps
from tests.payments.conftest import Learner, Shop
from tests.payments.money_model import OK

ALONE_FEN: Final = 10_000_000  # no refund here needs a second person
SWEEPS: Final = 50


@dataclass(frozen=True)
class Placed:
    order_id: str
    course_id: UUID
    hours: int
    studied: int


@dataclass
class Life:
    """What one learner and staff do, each deed by its own door; how it ended is one word."""

    shop: Shop
    learner: Learner
    stranger: Learner
    codes: list[str] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    invoice_ids: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, shop: Shop) -> "Life":
        learner = shop.learner()
        await invoice_steps.known(shop, learner)
        return cls(shop, learner, shop.learner())

    async def issue_card(self, amount_fen: int) -> str:
        card = await cards_steps.issue_one(self.shop, self.learner, amount_fen)
        self.codes.append(card.code)
        return OK

    async def redeem(self, number: int, *, by_owner: bool) -> str:
        who = self.learner if by_owner else self.stranger
        return _word(await cards_steps.redeem(who, self.codes[number]))

    async def order(self, hours: int, studied: int) -> str:
        course_id = await self.shop.sell(hours=hours)
        placed = await self.learner.order(course_id)
        assert placed.status_code == 201, placed.text
        self.orders.append(Placed(placed.json()["order_id"], course_id, hours, studied))
        return OK

    async def pay(self, number: int, method: str) -> str:
        order_id = self.orders[number].order_id
        started = await self.learner.start_payment(
            order_id, "wallet" if method == "wallet" else "wechat_native"
        )
        if method == "wechat" and (code_url := started.json().get("code_url")):
            await self._scan(code_url, order_id)
        return _word(started)

    async def _scan(self, code_url: str, order_id: str) -> None:
        """A phone. The code may have been closed meanwhile; what it pays ends in a paid order."""
        if (await self.shop.till.post("/pay", json={"code_url": code_url})).is_success:
            await self.shop.until_paid(self.learner, order_id)

    async def cancel(self, number: int) -> str:
        return _word(await self.learner.cancel(self.orders[number].order_id))

    async def refund(self, number: int, wish_fen: int | None, *, to_wallet: bool) -> str:
        """Staff begin it, progress answers, WeChat pays."""
        placed = self.orders[number]
        target = RefundTarget.WALLET if to_wallet else RefundTarget.SOURCE
        try:
            async with transaction(self.shop.running.pool) as tx:
                refund = await refunds.start(
                    tx,
                    order_id=UUID(placed.order_id),
                    target=target,
                    reason="课程未学习",
                    amount_fen=wish_fen,
                    by=cards_steps.CHIEF,
                    alone_fen=ALONE_FEN,
                )
        except Refusal as refusal:
            return type(refusal).__name__
        if refund.status is RefundStatus.WITHDRAWING:
            await self._answer(refund, placed)
        return await self._until_settled(refund.refund_id)

    async def _answer(self, refund: Refund, placed: Placed) -> None:
        course = Withdrawn(
            course_id=placed.course_id, hours=placed.hours, hours_studied=placed.studied
        )
        await self.shop.running.deliver(
            CoursesWithdrawn(
                refund_id=refund.refund_id,
                order_id=refund.order_id,
                learner_id=refund.learner_id,
                courses=[course],
            )
        )

    async def _until_settled(self, refund_id: UUID) -> str:
        for _ in range(SWEEPS):
            refund = await refunds_store.get_refund(self.shop.running.pool, refund_id)
            assert refund is not None
            if refund.status is not RefundStatus.SENDING:
                return refund.status
            await send_money_back(self.shop)
        raise AssertionError("WeChat did not pay the refund back")

    async def ask_invoice(self, amount_fen: int) -> str:
        answer = await invoice_steps.ask(self.learner, amount_fen)
        if answer.status_code == 201:
            self.invoice_ids.append(answer.json()["invoice_id"])
        return _word(answer)

    async def cancel_invoice(self, number: int) -> str:
        invoice_id = self.invoice_ids[number]
        return _word(await self.learner.ask("POST", f"/invoices/{invoice_id}/cancellation"))

    async def room(self) -> dict[str, int]:
        answer = await self.learner.ask("GET", "/invoices")
        return dict(answer.json()["room"])

    async def balance_fen(self) -> int:
        return int((await cards_steps.wallet_of(self.learner))["balance_fen"])


def _word(answer: httpx.Response) -> str:
    assert answer.status_code < 500, answer.text
    return OK if answer.is_success else str(answer.json()["code"])


async def send_money_back(shop: Shop) -> None:
    """The sweeper looks at every payback, as if its time had come."""
    await shop.running.pool.execute(
        "UPDATE paybacks SET next_try_at = now() WHERE next_try_at IS NOT NULL"
    )
    await returning.sweep(shop.running.pool, shop.wechat, timedelta(microseconds=1))


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
