"""What payments asks of a courier. Each call raises `Unknown` or `Refused` (see `port`)."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to send. Asked again with the same `order_id` it is one letter."""

    order_id: str
    recipient: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(repr=False)


class Courier(Protocol):
    async def send(self, letter: Letter) -> str:
        """Have the letter fetched; the recipient pays. The number of its waybill."""

    async def stop(self) -> None:
        """Take no more calls."""
