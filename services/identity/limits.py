"""How often one may try (reliability of sign-in: counters live in PostgreSQL). Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

ACCOUNT_WINDOW: Final = timedelta(minutes=15)
ACCOUNT_TRIES: Final = 20
ADDRESS_WINDOW: Final = timedelta(hours=1)
ADDRESS_TRIES: Final = 100
RETRY_AFTER_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries that still count. Those being looked at count for the account, so that many at once
    gain nothing; an office behind one address is only charged for what has failed.
    `known_address`: this account has signed in from there."""

    by_address: int  # failed in the last hour, any account
    by_account: int  # in the last 15 minutes, any address
    by_both: int  # in the last 15 minutes
    known_address: bool


def may_try(tries: Tries) -> bool:
    """Others can't lock the owner out: from a known address only the owner's own tries count."""
    if tries.by_address >= ADDRESS_TRIES or tries.by_both >= ACCOUNT_TRIES:
        return False
    return tries.known_address or tries.by_account < ACCOUNT_TRIES
