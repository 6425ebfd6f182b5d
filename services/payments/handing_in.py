"""A voucher on its way from a form to a case: checked, redrawn, put on the shelf, sealed for the
mailbox; only then does a transaction begin (W-1)."""

from dataclasses import dataclass
from uuid import UUID

from chassis import idnumbers, ids
from chassis.db import Pool
from chassis.files import Files
from chassis.parcels import Attachment, Parcel, Parcels

from . import vouchers
from .actions.transfers import HandedIn
from .model.learners import Learner, NotKnownYet
from .model.transfers import Notice
from .model.vouchers import VoucherKind
from .store import learners


@dataclass(frozen=True, slots=True)
class Counter:
    """Where vouchers are handed in."""

    db: Pool
    files: Files
    parcels: Parcels
    id_number_mac_key: bytes

    async def known(self, learner_id: UUID) -> Learner:
        """Raises `NotKnownYet`."""
        learner = await learners.get_learner(self.db, learner_id)
        if learner is None:
            raise NotKnownYet
        return learner

    async def take(
        self, learner: Learner, *, reference: str, notice: Notice, id_number: str, content: bytes
    ) -> HandedIn:
        """Everything of a voucher that is no row. What a refusal leaves behind does no harm."""
        kind, drawn = await vouchers.redraw(content)
        voucher_id, parcel_id = ids.new_id(), ids.new_id()
        await vouchers.keep(self.files, voucher_id, kind, drawn)
        parcel = _parcel(learner, reference, notice, id_number, kind, drawn)
        await self.parcels.seal(parcel_id, parcel)
        return HandedIn(voucher_id, kind, len(drawn), parcel_id)


def _parcel(
    learner: Learner,
    reference: str,
    notice: Notice,
    id_number: str,
    kind: VoucherKind,
    drawn: bytes,
) -> Parcel:
    """What the notice asks for, as the mailbox reads it."""
    fields = {
        "real_name": learner.real_name,
        "id_number": idnumbers.normalise(id_number) if id_number else learner.id_number_masked,
        "account_name": learner.account_name,
        "contact": notice.contact,
        "amount_fen": str(notice.amount_fen),
        "payer_name": notice.payer_name,
        "remittance_reference": reference,
        "bank_reference": notice.bank_reference,
    }
    attachment = Attachment(f"付款凭证-{reference}.{kind}", kind.content_type, drawn)
    return Parcel(fields, (attachment,))
