"""Beats on their way from the HTTP door to the consumer: MessagePack arrays."""

from collections.abc import Sequence

import msgspec


class WireBeat(msgspec.Struct, array_like=True, gc=False):
    seq: int
    page_ms: int
    waited_ms: int
    position_ms: int
    rate: float
    playing: bool
    visible: bool
    idle_ms: int


class WireRequest(msgspec.Struct, array_like=True, gc=False):
    """What one page sent at once, and when it arrived."""

    learner: bytes
    session: bytes
    received_ms: int
    beats: list[WireBeat]


class Unreadable(ValueError):
    """A message on a shard is not what was packed here."""


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[WireRequest])


def pack(requests: Sequence[WireRequest]) -> bytes:
    return _encode(requests)


def unpack(body: bytes) -> list[WireRequest]:
    """Raises `Unreadable`."""
    try:
        requests = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise Unreadable(type(error).__name__) from None
    if any(len(r.learner) != 16 or len(r.session) != 16 for r in requests):
        raise Unreadable("an identifier is not 16 bytes long")
    return requests
