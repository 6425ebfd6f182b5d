"""A request that carries an `Idempotency-Key` acts once, however often it comes."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from chassis.db import Tx
from chassis.refusals import Invalid

from ..store import orders as store

KEY_MAX = 200  # characters


class KeyUsedForAnotherRequest(Invalid):
    """This Idempotency-Key was used for a different request. Use a new one."""


async def once(
    tx: Tx,
    *,
    actor_id: UUID,
    key: str | None,
    request: object,
    act: Callable[[], Awaitable[Any]],
) -> Any:
    """The answer of `act`, or the stored answer if this actor's key was used before.

    The key is claimed in the transaction of the act itself: a second request waits for the first
    one's commit, and a refusal stores nothing. The answer must be JSON.
    """
    if key is None:
        return await act()
    asked = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    if not await store.claim_key(tx, actor_id=actor_id, key=key, request_hash=asked):
        stored, answer = await store.get_answer(tx, actor_id=actor_id, key=key)
        if stored != asked:
            raise KeyUsedForAnotherRequest
        return answer
    answer = await act()
    await store.store_answer(tx, actor_id=actor_id, key=key, answer=answer)
    return answer
