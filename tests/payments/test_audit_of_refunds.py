"""The audit knows money that went back, in each state of its way ($-8, $-9)."""

import pytest

from services.payments import auditor
from services.payments.model.audit import Check
from tests.payments.conftest import Shop
from tests.payments.refund_steps import (
    Desk,
    asked,
    count_hours,
    desk,
    paid_order,
    promised,
    refund_id_of,
    send,
)
from tests.payments.test_audit import found, past_the_rules
from tests.payments.test_surplus import paid_twice

__all__ = ["desk"]


async def refunds_of_every_kind(shop: Shop, desk: Desk) -> None:
    """Back at WeChat, closed there, into the account, by bank, bank still to pay, on its way, and
    a payment too many that is back."""
    await paid_twice(shop, shop.learner())
    await promised(shop, desk, shop.learner(), studied=4)
    await send(shop, times=3)
    await shop.fault("refund", "closed")
    await promised(shop, desk, shop.learner())
    await send(shop)
    learner = shop.learner()
    await desk.approve(await asked(learner, await paid_order(shop, learner), target="wallet"))
    await count_hours(shop, studied=2)
    for reference in ("CCB0001", ""):
        refund_id = refund_id_of(
            await desk.start(await paid_order(shop, shop.learner()), target="bank")
        )
        await count_hours(shop)
        if reference:
            paid = await desk.colleague().post(f"/{refund_id}/bank-payment", reference=reference)
            assert paid.status_code == 303
    await promised(shop, desk, shop.learner(), studied=5)


async def test_money_on_each_of_its_ways_back_agrees(shop: Shop, desk: Desk) -> None:
    await refunds_of_every_kind(shop, desk)
    rows = await shop.running.pool.fetch("SELECT DISTINCT status FROM refunds")
    assert {row["status"] for row in rows} == {"refunded", "failed", "sending", "bank_wanted"}
    balances = await shop.balances()
    assert (balances["liability:refunds"], balances["liability:surplus"]) == (-22_500, 0)
    report = await auditor.look(shop.running.pool)
    assert report.differences == []
    assert report.figures[Check.REFUNDS] == 7


PLANTS = [
    (Check.REFUNDS, "UPDATE orders SET refunded_fen = refunded_fen - 1 WHERE refunded_fen > 0"),
    (Check.REFUNDS, "UPDATE orders SET refunded_fen = 1 WHERE refunded_fen = 0"),
    (Check.PROMISED, "UPDATE refunds SET amount_fen = amount_fen + 1 WHERE status = 'sending'"),
    (Check.PROMISED, "UPDATE refunds SET amount_fen = amount_fen - 1 WHERE bank_reference IS NULL"),
    (
        Check.PROMISED,
        "UPDATE refunds SET status = 'refunded', refunded_at = now() WHERE status = 'sending'",
    ),
    (Check.SURPLUS, "UPDATE paybacks SET amount_fen = amount_fen - 1 WHERE refund_id IS NULL"),
]


@pytest.mark.parametrize(("check", "statement"), PLANTS, ids=range(len(PLANTS)))
async def test_a_changed_refund_is_found(
    shop: Shop, desk: Desk, check: Check, statement: str
) -> None:
    await refunds_of_every_kind(shop, desk)
    await past_the_rules(shop, statement)
    differing = await found(shop)
    assert {one for one, _, _ in differing} == {check}
    await undo(shop)


async def undo(shop: Shop) -> None:
    """The desk looks at the books once more at its end; here they are wrong on purpose."""
    await past_the_rules(
        shop, "DELETE FROM refunds", "DELETE FROM postings", "UPDATE orders SET refunded_fen = 0"
    )


@pytest.mark.parametrize("kind", ["refund_promised", "refund_released", "refund_to_wallet"])
async def test_a_lost_journal_of_a_refund_is_found(shop: Shop, desk: Desk, kind: str) -> None:
    await refunds_of_every_kind(shop, desk)
    journals = f"SELECT journal_id FROM journals WHERE kind = '{kind}'"  # noqa: S608
    await past_the_rules(
        shop,
        f"DELETE FROM postings WHERE journal_id IN ({journals})",  # noqa: S608
        f"DELETE FROM journals WHERE kind = '{kind}'",  # noqa: S608
    )
    beside = Check.WALLET if kind == "refund_to_wallet" else Check.PROMISED
    assert {check for check, _, _ in await found(shop)} == {Check.REFUNDS, beside}
    await undo(shop)
