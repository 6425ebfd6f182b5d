"""Opening an account (I-1 to I-3)."""

from chassis import clock, ids, outbox
from chassis.db import Tx
from chassis.idnumbers import mask
from contracts.identity import LearnerRegistered

from ..model import Learner, Verification, compose_account_name
from ..registration import RegistrationWish
from ..store import learners as store
from ..vault import Vault
from . import links


async def register(tx: Tx, wish: RegistrationWish, *, vault: Vault, password_hash: str) -> Learner:
    """Open an account under a composed name. Raises IdNumberTaken, MobileTaken or EmailTaken.

    A number that asks for no look by staff counts as verified; any other waits for them (I-3).
    """
    card = wish.card
    account_base = compose_account_name(wish.real_name, card.number)
    await store.lock_account_base(tx, account_base)

    ordinal = 1 + await store.count_account_base(tx, account_base)
    learner_id = ids.new_id()
    learner = Learner(
        learner_id=learner_id,
        version=1,
        account_name=compose_account_name(wish.real_name, card.number, ordinal=ordinal),
        account_ordinal=ordinal,
        real_name=wish.real_name,
        kind=wish.kind,
        mobile=wish.mobile,
        email=wish.email,
        email_confirmed_at=None,
        phone=wish.phone,
        id_number_sealed=vault.seal(card.number, learner_id=learner_id),
        id_number_mac=vault.mac(card.number),
        id_number_masked=mask(card.number),
        check_passed=card.check_passed,
        verification=Verification.VERIFIED if card.trusted else Verification.UNVERIFIED,
        verification_reason=None,
        verification_at=None,
        qualification=wish.qualification.as_fact() if wish.qualification else None,
        registered_at=clock.now(),
    )

    await store.insert_learner(tx, learner, account_base=account_base, password_hash=password_hash)
    await outbox.add(tx, learner.facts(LearnerRegistered))
    await links.request_confirmation(tx, learner, email=learner.email)
    return learner
