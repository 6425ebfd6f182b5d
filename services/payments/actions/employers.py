"""Employers' cases: opened, listed, quoted, paid by one transfer, turned into cards ($-5)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import clock, outbox
from chassis.db import Tx
from contracts.payments import StudyCardIssued

from ..model.cards import CardTerms, IssuedCard, NewCard
from ..model.cases import CaseKind, new_case_number
from ..model.employers import (
    CaseStatus,
    Employer,
    EmployerCase,
    NoSuchCase,
    sum_of,
    valid_until,
)
from ..model.learners import Staff
from ..model.people import Person
from ..model.receipts import NoSuchReceipt
from ..store import employers as store
from ..store import receipts as receipts_store
from . import cards


async def open_case(tx: Tx, *, case_id: UUID, contact_id: UUID, employer: Employer) -> EmployerCase:
    """A new case, still without a list. Opened again under its id, it stays as it is. Raises
    `NoSuchCase` for another's id."""
    now = clock.now()
    case = EmployerCase(
        case_id=case_id,
        case_number=new_case_number(CaseKind.EMPLOYER, now),
        contact_id=contact_id,
        employer=employer,
        status=CaseStatus.DRAFT,
        hours=0,
        amount_fen=0,
        created_at=now,
    )

    if await store.insert_case(tx, case):
        return case
    return await _lock(tx, case_id, contact_id)


async def describe(tx: Tx, *, case_id: UUID, contact_id: UUID, employer: Employer) -> None:
    """Correct who pays and who speaks for them. Raises `NoSuchCase`, `CaseClosed`."""
    case = await _lock(tx, case_id, contact_id)
    case.check_open()

    await store.update_employer(tx, case_id, employer)


async def take_list(tx: Tx, *, case_id: UUID, contact_id: UUID, people: Sequence[Person]) -> None:
    """Take over a list that has no problem, in place of any earlier one. Raises `NoSuchCase`,
    `CaseClosed`."""
    case = await _lock(tx, case_id, contact_id)
    case.check_open()
    hours, amount_fen = sum_of(people)

    await store.replace_people(tx, case_id, people, hours=hours, amount_fen=amount_fen)


async def quote(tx: Tx, *, case_id: UUID, contact_id: UUID) -> None:
    """Fix the list and its sum; from now on the case waits for the money. Twice is once. Raises
    `NoSuchCase`, `CaseClosed`, `ListMissing`."""
    case = await _lock(tx, case_id, contact_id)
    if case.status is CaseStatus.QUOTED:
        return
    case.check_quotable()
    now = clock.now()

    await store.mark_quoted(tx, case_id, now=now, valid_until=valid_until(clock.date_of(now)))


async def cancel(tx: Tx, *, case_id: UUID, contact_id: UUID) -> None:
    """The employer does not pay. Twice is once. Raises `NoSuchCase`, `CaseClosed`."""
    case = await _lock(tx, case_id, contact_id)
    if case.status is CaseStatus.CANCELLED:
        return
    case.check_cancellable()

    await store.mark_cancelled(tx, case_id)


async def send_back(tx: Tx, *, case_id: UUID, reason: str) -> None:
    """Return a case with a reason that the contact reads, who may mend it. Raises `NoSuchCase`,
    `NotQuoted`."""
    case = await lock(tx, case_id)
    if case.status is CaseStatus.RETURNED and case.reason == reason:
        return
    case.check_waiting()

    await store.mark_returned(tx, case_id, reason=reason)


async def issue(
    tx: Tx,
    *,
    terms: CardTerms,
    case_id: UUID,
    receipt_id: UUID,
    new: Sequence[NewCard],
    parcels: dict[UUID, UUID],
    sheet_id: UUID | None,
    by: Staff,
    now: datetime,
) -> bool:
    """Turn one transfer into a card for each person on the list, in the list's order. False if
    that was done already.

    `parcels`: card → the sealed parcel of a learner who has an account. `sheet_id`: the sealed
    sheet with the codes of the others. Raises `NoSuchCase`, `NotQuoted`, `NoSuchReceipt`,
    `AmountDiffers`, `OwnReceipt`, `ReceiptSpent`.
    """
    case = await lock(tx, case_id)
    if case.status is CaseStatus.ISSUED:
        return False
    case.check_waiting()
    receipt = await receipts_store.lock_receipt(tx, receipt_id)
    if receipt is None:
        raise NoSuchReceipt
    case.check_payment(receipt)
    people = await store.list_people(tx, case_id)
    case.check_cards(people, new)

    issued = await cards.issue_named(
        tx, terms=terms, receipt_id=receipt_id, cards=new, by=by, now=now
    )
    places = [(one.position, card.card_id) for one, card in zip(people, issued, strict=True)]
    await store.set_cards(tx, case_id, places)
    await store.mark_issued(tx, case_id, receipt_id=receipt_id, sheet_id=sheet_id, by=by, now=now)

    for card in issued:
        if card.card_id in parcels:
            await _tell_issued(tx, case, card, parcels[card.card_id])
    return True


async def hand_out_sheet(tx: Tx, *, case_id: UUID, contact_id: UUID) -> None:
    """Note that the contact has the codes, once. Raises `NoSuchCase`, `NoSheet`, `SheetTaken`."""
    case = await _lock(tx, case_id, contact_id)
    case.check_sheet()

    await store.take_sheet(tx, case_id, now=clock.now())


async def lock(tx: Tx, case_id: UUID) -> EmployerCase:
    """Hold a case. Raises `NoSuchCase`."""
    case = await store.lock_case(tx, case_id)
    if case is None:
        raise NoSuchCase
    return case


async def _lock(tx: Tx, case_id: UUID, contact_id: UUID) -> EmployerCase:
    """Hold a contact's own case. Raises `NoSuchCase`, for another's too."""
    case = await lock(tx, case_id)
    if case.contact_id != contact_id:
        raise NoSuchCase
    return case


async def _tell_issued(tx: Tx, case: EmployerCase, card: IssuedCard, parcel_id: UUID) -> None:
    assert card.learner_id is not None, "only who has an account has a parcel"
    await outbox.add(
        tx,
        StudyCardIssued(
            card_id=card.card_id,
            serial=card.serial,
            learner_id=card.learner_id,
            amount_fen=card.amount_fen,
            expires_on=card.expires_on,
            parcel_id=parcel_id,
            case_number=case.case_number,
        ),
    )
