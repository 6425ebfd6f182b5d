"""A learner's CNY account 「元账户」 ($-4)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.refusals import Conflict


class BalanceTooLow(Conflict):
    """Your account balance is too low. Redeem a study card first, or pay by WeChat."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement of the account: what came in is positive. `label` is an order's number or a
    card's serial; `balance_fen` is what was there afterwards."""

    journal_id: UUID
    kind: str
    label: str
    amount_fen: int
    balance_fen: int
    booked_at: datetime
