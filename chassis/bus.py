"""The bus: how services reach each other. One Protocol, two implementations, one contract suite.

Promises of both: an event that `publish` returned for reaches every subscribed service at least
once, also across a restart of either side; order is not promised.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from contracts.envelope import Message

SHARDS = 16
FOLD_MAX = 500  # messages handed to the receiver of beats at once

Receive = Callable[[Message], Awaitable[None]]
ReceiveBeats = Callable[[list[bytes]], Awaitable[None]]


class BusAway(Exception):
    """The bus can't take messages at the moment, or did not say that it has them."""


class Bus(Protocol):
    """Everything that a service process needs of the message bus."""

    async def start(self) -> None:
        """Connect. Raises `BusAway` only when that can never work."""

    async def stop(self) -> None:
        """Let what is in hand finish, then disconnect."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once all messages are safe; raise `BusAway` when that is not known."""

    async def send_to_shard(self, shard: int, body: bytes) -> None:
        """Hand study beats to a shard; as `publish`, on the hot path's own connection."""

    async def subscribe(self, service: str, names: Sequence[str], receive: Receive) -> None:
        """Deliver each named event to `receive`, which returns once it is settled in the
        service's database. Goes on in the background until `stop`."""

    async def subscribe_shards(self, receive: ReceiveBeats) -> None:
        """Deliver what was sent to the shards, as lists of all that waits (at most `FOLD_MAX`).
        In order within each shard, its next list after the one before; lists of different shards
        may be received side by side. Each shard has one receiving process."""

    def healthy(self) -> bool:
        """Whether messages can be sent and are being received."""
