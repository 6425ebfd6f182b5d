"""A payment voucher 「付款凭证」 as it is kept (W-1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.refusals import NotFound


class NoSuchVoucher(NotFound):
    """There is no such voucher."""


class VoucherKind(StrEnum):
    """What we keep, by the ending of its name."""

    PICTURE = "jpg"
    PDF = "pdf"

    @property
    def content_type(self) -> str:
        return "image/jpeg" if self is VoucherKind.PICTURE else "application/pdf"


@dataclass(frozen=True, slots=True)
class Voucher:
    """One file that a learner handed in, redrawn."""

    voucher_id: UUID
    transfer_id: UUID
    kind: VoucherKind
    bytes: int
    uploaded_at: datetime
