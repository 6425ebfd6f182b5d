"""Where paper goes: by SF Express, freight collect 「顺丰到付」 ($-7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from chassis.refusals import Invalid

ADDRESS_MIN = 8  # characters
MOBILE = re.compile(r"1[3-9][0-9]{9}")


@dataclass(frozen=True, slots=True)
class Address:
    """A recipient. Personal: kept sealed, never in an event, a log or a URL."""

    recipient: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(repr=False)

    @classmethod
    def checked(cls, recipient: str, mobile: str, address: str, *, freight_collect: bool) -> Self:
        """Raises `Invalid`, field by field; the recipient agrees to pay SF Express."""
        wrong: dict[str, str] = {}
        if not recipient:
            wrong |= Invalid({"recipient": "Please say who receives the letter."}).errors
        if not MOBILE.fullmatch(mobile):
            wrong |= Invalid({"phone": "Enter a mobile number of 11 digits."}).errors
        if len(address) < ADDRESS_MIN:
            wrong |= Invalid({"address": "Give the whole address, from province to door."}).errors
        if not freight_collect:
            wrong |= Invalid({"freight_collect": "Please agree to pay SF Express yourself."}).errors
        if wrong:
            raise Invalid(wrong)
        return cls(recipient, mobile, address)

    @property
    def recipient_masked(self) -> str:
        return f"{self.recipient[:1]}{'*' * (len(self.recipient) - 1)}"

    @property
    def mobile_masked(self) -> str:
        return f"{self.mobile[:3]}****{self.mobile[-4:]}"

    def as_fields(self) -> Mapping[str, str]:
        """For the sealed parcel."""
        return {"recipient": self.recipient, "mobile": self.mobile, "address": self.address}
