"""A learner whose money is used for real: each deed by its own door, how it ended as one word."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx

from chassis import clock, ids
from contracts.progress import CoursesWithdrawn, Withdrawn
from services.payments import returning
from services.payments.model.refunds import Refund, RefundStatus
from services.payments.store import refunds as refunds_store
from tests.payments import cards_steps, invoice_steps, refund_steps
from tests.payments.conftest import Learner, Shop
from tests.payments.invoice_steps import Clerk
from tests.payments.money_model import OK, REFUSED
from tests.payments.refund_steps import Desk

SWEEPS: Final = 50


@dataclass(frozen=True)
class Placed:
    """An order; `studied`: the hours that progress will find."""

    order_id: str
    number: str
    course_id: UUID
    hours: int
    studied: int


@dataclass
class Life:
    """What one learner and staff do."""

    shop: Shop
    desk: Desk  # of refunds
    clerk: Clerk  # of invoices
    learner: Learner
    stranger: Learner
    codes: list[str] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    invoice_ids: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, shop: Shop, desk: Desk, clerk: Clerk) -> "Life":
        learner = shop.learner()
        await invoice_steps.known(shop, learner)
        return cls(shop, desk, clerk, learner, shop.learner())

    async def issue_card(self, amount_fen: int) -> str:
        card = await cards_steps.issue_one(self.shop, self.learner, amount_fen)
        self.codes.append(card.code)
        return OK

    async def redeem(self, number: int, *, by_owner: bool) -> str:
        who = self.learner if by_owner else self.stranger
        return _word(await cards_steps.redeem(who, self.codes[number]))

    async def order(self, hours: int, studied: int) -> str:
        course_id = await self.shop.sell(hours=hours)
        placed = (await self.learner.order(course_id)).json()
        self.orders.append(Placed(placed["order_id"], placed["number"], course_id, hours, studied))
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

    async def ask_refund(self, number: int, *, to_wallet: bool) -> str:
        """The learner wishes it, staff approve it."""
        placed, target = self.orders[number], _target(to_wallet=to_wallet)
        answer = await refund_steps.ask(self.learner, {"order_id": placed.order_id}, target=target)
        if not answer.is_success:
            return _word(answer)
        refund_id = answer.json()["refund_id"]
        await self.desk.approve(refund_id)
        return await self._see_through(UUID(refund_id), placed)

    async def begin_refund(self, number: int, wish_fen: int | None, *, to_wallet: bool) -> str:
        """Staff begin it, of an amount or of all that is left."""
        placed, target = self.orders[number], _target(to_wallet=to_wallet)
        yuan = "" if wish_fen is None else f"{wish_fen // 100}.{wish_fen % 100:02d}"
        answer = await self.desk.start({"number": placed.number}, yuan=yuan, target=target)
        if answer.status_code != 303:
            return _form_word(answer)
        return await self._see_through(UUID(refund_steps.refund_id_of(answer)), placed)

    async def go_on(self, number: int, *, to_wallet: bool) -> str:
        """Staff try again what an invoice blocked of the learner's own wish."""
        placed = self.orders[number]
        refund_id = await self.shop.running.pool.fetchval(
            "SELECT refund_id FROM refunds WHERE order_id = $1 AND NOT by_staff AND status = $2",
            UUID(placed.order_id),
            RefundStatus.BLOCKED,
        )
        if refund_id is None:
            return REFUSED
        await self.desk.go_on(str(refund_id), _target(to_wallet=to_wallet))
        return await self._see_through(refund_id, placed)

    async def _see_through(self, refund_id: UUID, placed: Placed) -> str:
        """Progress answers, WeChat pays."""
        refund = await self._refund(refund_id)
        if refund.status is RefundStatus.WITHDRAWING:
            await self._answer(refund, placed)
        for _ in range(SWEEPS):
            refund = await self._refund(refund_id)
            if refund.status is not RefundStatus.SENDING:
                return refund.status
            await send_money_back(self.shop)
        raise AssertionError("WeChat did not pay the refund back")

    async def _refund(self, refund_id: UUID) -> Refund:
        refund = await refunds_store.get_refund(self.shop.running.pool, refund_id)
        assert refund is not None
        return refund

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

    async def ask_invoice(self, amount_fen: int) -> str:
        answer = await invoice_steps.ask(self.learner, amount_fen)
        if answer.status_code == 201:
            self.invoice_ids.append(answer.json()["invoice_id"])
        return _word(answer)

    async def cancel_invoice(self, number: int) -> str:
        invoice_id = self.invoice_ids[number]
        return _word(await self.learner.ask("POST", f"/invoices/{invoice_id}/cancellation"))

    async def issue_invoice(self, number: int) -> str:
        invoice = {"invoice_id": self.invoice_ids[number], "form": "electronic"}
        return _form_word(await self.clerk.issue(invoice, _invoice_number()))

    async def decline_invoice(self, number: int) -> str:
        path = f"/{self.invoice_ids[number]}/decline"
        return _form_word(await self.clerk.post(path, reason="抬头与税号不符"))

    async def reverse_invoice(self, number: int) -> str:
        return _form_word(
            await self.clerk.post(
                f"/{self.invoice_ids[number]}/reverse",
                red_number=_invoice_number(),
                reversed_on=str(clock.today()),
                reversal_reason="开票有误",
            )
        )

    async def room(self) -> dict[str, int]:
        answer = await self.learner.ask("GET", "/invoices")
        return dict(answer.json()["room"])

    async def balance_fen(self) -> int:
        return int((await cards_steps.wallet_of(self.learner))["balance_fen"])


def _target(*, to_wallet: bool) -> str:
    return "wallet" if to_wallet else "source"


def _invoice_number() -> str:
    return f"{ids.new_id().int % 10**20:020d}"


def _word(answer: httpx.Response) -> str:
    assert answer.status_code < 500, answer.text
    return OK if answer.is_success else str(answer.json()["code"])


def _form_word(answer: httpx.Response) -> str:
    """A page says why in sentences; here it is enough that it said no."""
    assert answer.status_code in (303, 409, 422), answer.text
    return OK if answer.status_code == 303 else REFUSED


async def send_money_back(shop: Shop) -> None:
    """The sweeper looks at every payback, as if its time had come."""
    await shop.running.pool.execute(
        "UPDATE paybacks SET next_try_at = now() WHERE next_try_at IS NOT NULL"
    )
    await returning.sweep(shop.running.pool, shop.wechat, timedelta(microseconds=1))
