"""The JSON of bank transfers."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from ..model.transfers import Transfer, TransferStatus


class TransferShown(BaseModel):
    """`reason`: why it was returned. `issued_fen`: what the study card holds."""

    transfer_id: UUID
    case_number: str
    status: TransferStatus
    amount_fen: int
    payer_name: str
    bank_reference: str
    remittance_reference: str
    submitted_at: datetime
    decided_at: datetime | None
    reason: str
    issued_fen: int | None

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        return cls(
            transfer_id=transfer.transfer_id,
            case_number=transfer.case_number,
            status=transfer.status,
            amount_fen=transfer.notice.amount_fen,
            payer_name=transfer.notice.payer_name,
            bank_reference=transfer.notice.bank_reference,
            remittance_reference=transfer.reference,
            submitted_at=transfer.submitted_at,
            decided_at=transfer.decided_at,
            reason=transfer.reason,
            issued_fen=transfer.issued_fen,
        )


class RemittanceShown(BaseModel):
    """Where to pay, and what to write into the remark 「汇款附言」 of the payment."""

    account_name: str
    bank_name: str
    account_number: str
    reference: str


class TransfersShown(BaseModel):
    """`remittance` is for the next payment; none while the account is being set up."""

    items: list[TransferShown]
    next_cursor: str | None
    remittance: RemittanceShown | None
