"""Identifiers: UUIDv7, so that new rows land at the end of their index."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()


def first_id(since: datetime) -> UUID:
    """The least identifier that can be made at this instant: finds new rows by their index."""
    return UUID(int=int(since.timestamp() * 1000) << 80)
