"""Consumers: each event changes a service once, however often the bus delivers it.

A failure is a row in the service's own inbox, not a message going round in the broker: it can be
seen, it waits its turn, and after `inbox.TRIES` it is parked until somebody replays it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import structlog
from structlog.contextvars import bound_contextvars

from chassis import inbox
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, Tx, transaction, wait_until_back
from contracts.envelope import Message, Unreadable, unpack
from contracts.event import Event

log = structlog.get_logger()

PATIENCE = 5

E = TypeVar("E", bound=Event)
Handler = Callable[[Tx, E], Awaitable[None]]


class Consumer:
    """The events that one service listens to, and what it does about each."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[str, tuple[type[Event], Handler[Any]]] = {}

    @property
    def names(self) -> list[str]:
        return sorted(self.handlers)

    def on(self, *event_types: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Register the handler of these event types; a service has at most one for each."""

        def register(handler: Handler[E]) -> Handler[E]:
            for event_type in event_types:
                assert event_type.name not in self.handlers, f"{event_type.name} has a handler"
                self.handlers[event_type.name] = (event_type, handler)
            return handler

        return register

    async def receive(self, pool: Pool, message: Message) -> None:
        """Return once the event's effect, or its failure, is committed.

        While the database is away this waits, with the message unacknowledged; nothing spins.
        An event that makes a healthy database give up `PATIENCE` times is kept as failed.
        """
        with bound_contextvars(traceparent=message.headers.get("traceparent")):
            for _ in range(PATIENCE):
                try:
                    return await self.settle(pool, message)
                except DATABASE_AWAY as reason:
                    log.warning("consumer_waits", reason=type(reason).__name__)
                    await wait_until_back(pool)
            await inbox.fail(pool, message, reason="the database gave up repeatedly")

    async def settle(self, pool: Pool, message: Message) -> None:
        """Act on an event, or remember why not. Raises only when the database is away."""
        try:
            await self.handle(pool, message)
        except Unreadable as reason:
            await inbox.park(pool, message, reason=str(reason))
            log.warning("event_parked", event_name=message.name, event_id=message.event_id)
        except DATABASE_AWAY:
            raise
        except TRY_AGAIN as reason:
            await inbox.fail(pool, message, reason=type(reason).__name__)
        except Exception as reason:
            log.exception("event_failed", event_name=message.name, event_id=message.event_id)
            await inbox.fail(pool, message, reason=explain(reason))

    async def handle(self, pool: Pool, message: Message) -> bool:
        """Act on an event and remember it, in one transaction. False if that was done before."""
        event_type, handler = self._handler_of(message.name)
        event = unpack(event_type, message)
        async with transaction(pool) as tx:
            if not await inbox.claim(tx, message):
                return False
            await handler(tx, event)
        return True

    async def retry(self, pool: Pool) -> int:
        """Try again what failed and is due; return how many were tried. None stops the others."""
        due = await inbox.due(pool)
        for message in due:
            await self.receive(pool, message)
        return len(due)

    def _handler_of(self, name: str) -> tuple[type[Event], Handler[Any]]:
        try:
            return self.handlers[name]
        except KeyError:
            raise Unreadable(f"{self.service} has no handler for this event") from None


def explain(error: Exception) -> str:
    """Why it failed, for staff: the kind of error and the rule, never a value."""
    if isinstance(error, asyncpg.PostgresError):
        constraint = getattr(error, "constraint_name", None)
        return f"{type(error).__name__} {error.sqlstate} {constraint or ''}".strip()
    return type(error).__name__
