"""One click at the desk: a card for each person of a case. The codes are drawn and sealed first,
then everything else is one transaction ($-5)."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels

from . import employer_papers
from .actions import employers
from .model.cards import CardTerms, NewCard, draw_code, draw_serial
from .model.employers import CaseStatus, EmployerCase, Listed, NoSuchCase, SheetRow
from .model.learners import Staff
from .store import employers as store

log = structlog.get_logger()


async def issue(
    db: Pool, parcels: Parcels, terms: CardTerms, *, case_id: UUID, receipt_id: UUID, by: Staff
) -> bool:
    """Issue the cards of a case against one bank receipt. False if they are issued already.

    Who has an account gets the code by mail; the codes of the others wait, sealed as one sheet,
    for the contact. Raises what `employers.issue` raises.
    """
    case = await store.get_case(db, case_id)
    if case is None:
        raise NoSuchCase
    if case.status is CaseStatus.ISSUED:
        return False
    case.check_waiting()
    people = await store.list_people(db, case_id)
    now = clock.now()
    new = [_draw(case, one) for one in people]
    mailed = {card.card_id: await _seal(parcels, card) for card in new if card.learner_id}
    sheet_id = await _seal_sheet(parcels, terms, people, new)
    async with transaction(db) as tx:
        done = await employers.issue(
            tx,
            terms=terms,
            case_id=case_id,
            receipt_id=receipt_id,
            new=new,
            parcels=mailed,
            sheet_id=sheet_id,
            by=by,
            now=now,
        )
    log.info("employer_cards_issued", case=case.case_number, cards=len(new), new=done)
    return done


def _draw(case: EmployerCase, one: Listed) -> NewCard:
    return NewCard(
        card_id=ids.new_id(),
        holder_name=one.person.name,
        learner_id=one.learner_id,
        id_number_mac=one.person.id_number_mac,
        amount_fen=one.amount_fen,
        case_number=case.case_number,
        code=draw_code(),
        serial=draw_serial(clock.now()),
    )


async def _seal(parcels: Parcels, card: NewCard) -> UUID:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, Parcel({"code": card.code, "serial": card.serial}))
    return parcel_id


async def _seal_sheet(
    parcels: Parcels, terms: CardTerms, people: Sequence[Listed], new: Sequence[NewCard]
) -> UUID | None:
    rows = [
        SheetRow(
            name=one.person.name,
            id_number_masked=one.person.id_number_masked,
            serial=card.serial,
            code=card.code,
            amount_fen=card.amount_fen,
            expires_on=terms.expires_on(clock.now()),
        )
        for one, card in zip(people, new, strict=True)
        if card.learner_id is None
    ]
    if not rows:
        return None
    sheet_id = ids.new_id()
    await parcels.seal(sheet_id, employer_papers.pack(rows))
    return sheet_id
