"""The worker that sends statements: take some, let them out, note how it went. No call is made
inside a transaction.

Nothing is lost and nothing counted twice: a statement's id is fixed when it is written, so one
whose answer was lost is simply sent again. Any number of replicas may send.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from chassis import clock
from chassis.db import Pool, transaction
from chassis.service import Worker, every

from .lrs import RecordStore, RecordStoreAway, StatementsRefused
from .settings import ProgressSettings
from .store import statements as store
from .store.statements import Waiting

log = structlog.get_logger()

BATCH = 50
LEASE = timedelta(seconds=60)
REST_LONGEST = timedelta(hours=1)  # however long the record store asks for
KEEP_SENT = timedelta(days=7)
FORGET_BATCH = 1000
FORGET_EVERY_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits double from the first to the longest while the record store is away."""

    first_wait: timedelta
    longest_wait: timedelta

    def wait(self, failures: int) -> timedelta:
        return min(self.first_wait * (1 << min(failures - 1, 20)), self.longest_wait)


class Sender:
    """While the record store is away, a single statement knocks at the end of each wait."""

    def __init__(self, pool: Pool, record_store: RecordStore, patience: Patience) -> None:
        self._pool = pool
        self._record_store = record_store
        self._patience = patience
        self._failures = 0
        self._rests_until = clock.now()

    async def send_due(self) -> None:
        """Send until nothing is due, or the record store is away."""
        while clock.now() >= self._rests_until and await self.send_next():
            pass

    async def send_next(self) -> bool:
        """Send what waits longest. False when nothing is due."""
        now = clock.now()
        async with transaction(self._pool) as tx:
            taken = await store.take_due(
                tx, now=now, leased_until=now + LEASE, limit=1 if self._failures else BATCH
            )
        if not taken:
            return False

        try:
            await self._send(taken)
        except RecordStoreAway as reason:
            await self._rest(taken, reason)
        else:
            self._failures = 0
        return True

    async def _send(self, taken: Sequence[Waiting]) -> None:
        """Bring these in. What is refused together is sent one by one. Raises `RecordStoreAway`."""
        try:
            await self._record_store.post([each.body for each in taken])
        except StatementsRefused as refusal:
            if len(taken) == 1:
                return await self._settle_refused(taken[0], refusal)
            for each in taken:
                await self._send([each])
            return
        await self._note_sent(taken)

    async def _settle_refused(self, refused: Waiting, refusal: StatementsRefused) -> None:
        """A conflict with the very same statement means that it had arrived before."""
        if refusal.is_conflict and await self._record_store.keeps(refused.body):
            return await self._note_sent([refused])
        await store.park(self._pool, refused.statement_id, error=str(refusal), now=clock.now())
        log.warning("statement_parked", statement_id=str(refused.statement_id))

    async def _note_sent(self, sent: Sequence[Waiting]) -> None:
        sent_ids = [each.statement_id for each in sent]
        await store.mark_sent(self._pool, sent_ids, now=clock.now())
        log.info("statements_sent", count=len(sent))

    async def _rest(self, taken: Sequence[Waiting], reason: RecordStoreAway) -> None:
        self._failures += 1
        wait = reason.retry_after
        if wait is None:
            wait = self._patience.wait(self._failures)
        self._rests_until = until = clock.now() + min(wait, REST_LONGEST)
        await store.put_off(self._pool, [each.statement_id for each in taken], until=until)
        log.warning("record_store_away", reason=str(reason), until=until.isoformat())


async def forget_sent(pool: Pool) -> None:
    """Delete what was sent long enough ago."""
    before = clock.now() - KEEP_SENT
    while await store.forget_sent(pool, before=before, limit=FORGET_BATCH):
        pass


def workers(settings: ProgressSettings, pool: Pool) -> list[Worker]:
    """What runs for statements; nothing where no record store is set up."""
    if settings.author is None:
        return []
    return [
        partial(_send_for_ever, settings, pool),
        every(FORGET_EVERY_SECONDS, partial(forget_sent, pool), name="progress forget statements"),
    ]


async def _send_for_ever(settings: ProgressSettings, pool: Pool) -> None:
    patience = Patience(
        first_wait=timedelta(seconds=settings.xapi_first_wait_seconds),
        longest_wait=timedelta(seconds=settings.xapi_longest_wait_seconds),
    )
    secret = settings.xapi_secret.get_secret_value()
    async with RecordStore(settings.xapi_endpoint, key=settings.xapi_key, secret=secret) as there:
        sender = Sender(pool, there, patience)
        await every(settings.xapi_poll_seconds, sender.send_due, name="progress send statements")()
