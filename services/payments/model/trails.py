"""The trail of cards and batches: who did what, when and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis import ids

from .learners import Staff


class Deed(StrEnum):
    ISSUED = "issued"
    DRAFTED = "drafted"
    APPROVED = "approved"
    SHEET_TAKEN = "sheet_taken"
    REPRINTED = "reprinted"
    ACTIVATED = "activated"
    VOIDED = "voided"
    REVERSED = "reversed"  # a redeemed card whose money proved to be missing
    EXTENDED = "extended"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Entry:
    entry_id: UUID
    card_id: UUID | None
    batch_id: UUID | None
    what: Deed
    reason: str
    by_id: UUID
    by_name: str
    made_at: datetime


def entry(
    what: Deed,
    *,
    by: Staff,
    at: datetime,
    card_id: UUID | None = None,
    batch_id: UUID | None = None,
    reason: str = "",
) -> Entry:
    return Entry(ids.new_id(), card_id, batch_id, what, reason, by.staff_id, by.name, at)
