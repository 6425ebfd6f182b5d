"""What learners change about themselves."""

from dataclasses import replace
from uuid import UUID

from chassis import outbox
from chassis.db import Tx
from chassis.idnumbers import mask
from contracts.identity import LearnerChanged

from ..model import AlreadyVerified, Learner, LearnerNotFound, Verification, compose_account_name
from ..registration import ContactWish, IdentityWish
from ..store import learners as store
from ..vault import Vault
from . import audit, links


async def change_contact(tx: Tx, learner_id: UUID, wish: ContactWish) -> bool:
    """Save how to reach the learner. A new address counts once its link was opened (I-7): True
    says that a mail is on its way. Raises MobileTaken or EmailTaken. Twice is harmless."""
    learner = await _lock(tx, learner_id)

    new_address = wish.email.casefold() != learner.email.casefold()
    if new_address:
        await store.refuse_taken_email(tx, wish.email)
    certificate = wish.qualification.as_fact() if wish.qualification else None
    changed = replace(
        learner,
        mobile=wish.mobile,
        phone=wish.phone,
        qualification=certificate if learner.qualification else None,
    )

    if changed != learner:
        told = changed.qualification != learner.qualification
        changed = replace(changed, version=learner.version + told)
        await store.update_contact(tx, changed)
        await audit.note_learner(tx, changed, action="contact_changed")
        if told:
            await outbox.add(tx, changed.facts(LearnerChanged))
    if new_address:
        await links.request_confirmation(tx, changed, email=wish.email)
    return new_address


async def correct_identity(
    tx: Tx, learner_id: UUID, wish: IdentityWish, *, vault: Vault
) -> Learner:
    """Give name and ID number anew; staff look at them again (I-8). Raises IdNumberTaken, and
    AlreadyVerified when staff have verified meanwhile."""
    card = wish.card
    account_base = compose_account_name(wish.real_name, card.number)
    await store.lock_account_base(tx, account_base)
    learner = await _lock(tx, learner_id)

    if learner.verified:
        raise AlreadyVerified
    composed = compose_account_name(wish.real_name, card.number, ordinal=learner.account_ordinal)
    kept = composed == learner.account_name
    ordinal = (
        learner.account_ordinal if kept else 1 + await store.count_account_base(tx, account_base)
    )
    corrected = replace(
        learner,
        version=learner.version + 1,
        account_name=compose_account_name(wish.real_name, card.number, ordinal=ordinal),
        account_ordinal=ordinal,
        real_name=wish.real_name,
        id_number_sealed=vault.seal(card.number, learner_id=learner_id),
        id_number_mac=vault.mac(card.number),
        id_number_masked=mask(card.number),
        check_passed=card.check_passed,
        verification=Verification.UNVERIFIED,
        verification_reason=None,
        verification_at=None,
    )

    await store.update_identity(tx, corrected, account_base=account_base)
    await audit.note_learner(tx, corrected, action="identity_corrected")
    await outbox.add(tx, corrected.facts(LearnerChanged))
    return corrected


async def _lock(tx: Tx, learner_id: UUID) -> Learner:
    learner = await store.lock_learner(tx, learner_id)
    if learner is None:
        raise LearnerNotFound
    return learner
