"""One invoice for an employer's transfer ($-5, $-7): the cards count as invoiced when they were
sold, and what they buy is not invoiced again."""

from dataclasses import replace
from uuid import UUID

from chassis.db import Tx

from ..model.employers import CaseStatus, EmployerCase, NoSuchCase
from ..model.invoice_room import Basis
from ..model.invoices import (
    AboveCeiling,
    CardsInUse,
    Invoice,
    SpentAndInvoiced,
    TransferInvoiced,
    TransferNotThere,
    Wish,
)
from ..model.money import yuan
from ..store import employer_invoices as store
from ..store import goods as goods_store
from ..store import invoice_room as room_store
from .invoices import check_title, note


async def request(tx: Tx, *, contact_id: UUID, wish: Wish) -> Invoice:
    """Ask for the invoice of a whole transfer. Everybody who has redeemed a card of it is held:
    nobody's own invoices may stand for the same money.

    Raises `NoSuchCase`, `TransferNotThere`, `TransferInvoiced`, `SpentAndInvoiced`, `CardsInUse`,
    `AboveCeiling`, `Invalid`.
    """
    case = await _find(tx, contact_id, wish)
    redeemers = await _hold(tx, case)
    if case.status is not CaseStatus.ISSUED:
        raise TransferNotThere
    if await store.has_invoice(tx, case.case_number):
        raise TransferInvoiced

    await check_title(tx, wish.title)
    if wish.amount_fen != case.amount_fen:
        raise AboveCeiling(
            {"amount_fen": "The transfer is invoiced whole: {yuan} yuan."},
            yuan=yuan(case.amount_fen),
        )
    await _check_nothing_invoiced(tx, redeemers)

    invoice = await note(tx, learner_id=contact_id, wish=wish, basis=Basis.SALE)
    await store.link(tx, case.case_id, invoice.invoice_id)
    return invoice


async def _find(tx: Tx, contact_id: UUID, wish: Wish) -> EmployerCase:
    case = await store.find_case(
        tx, case_number=wish.employer_case_number or "", contact_id=contact_id
    )
    if case is None:
        raise NoSuchCase
    return case


async def _hold(tx: Tx, case: EmployerCase) -> dict[UUID, int]:
    """Hold contact and redeemers in order of their ids, then the cards; who redeemed what."""
    seen = await store.get_redeemers(tx, case.case_number)
    for learner_id in sorted({case.contact_id, *seen}):
        await goods_store.lock_buyer(tx, learner_id)
    await store.lock_cards(tx, case.case_number)
    redeemers = await store.get_redeemers(tx, case.case_number)
    if redeemers.keys() - seen.keys():
        raise CardsInUse
    return redeemers


async def _check_nothing_invoiced(tx: Tx, redeemers: dict[UUID, int]) -> None:
    for learner_id, redeemed_fen in redeemers.items():
        now = await room_store.get_standing(tx, learner_id)
        if not replace(now, for_sale_fen=now.for_sale_fen + redeemed_fen).is_covered:
            raise SpentAndInvoiced
