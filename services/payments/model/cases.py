"""Cases: what a learner hands in and staff decide. Each has a number that a person can say."""

import secrets
from datetime import datetime
from enum import StrEnum

from chassis import clock

from .orders import NUMBER_ALPHABET

RANDOM = 6  # characters: 30 bits a day


class CaseKind(StrEnum):
    """The letter that a case number begins with."""

    TRANSFER = "V"  # W-1, the voucher
    DISCOUNT = "D"  # W-2
    EMPLOYER = "E"  # $-5
    REFUND = "R"  # $-8
    INVOICE = "F"  # $-7 「发票」


def new_case_number(kind: CaseKind, now: datetime) -> str:
    """Letter + day in China + random characters, for example V261128-7K3Q9M."""
    day = now.astimezone(clock.CHINA).strftime("%y%m%d")
    drawn = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(RANDOM))
    return f"{kind}{day}-{drawn}"
