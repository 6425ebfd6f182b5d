"""Blocking clients called from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

WORKERS = 8

T = TypeVar("T")


class Threads:
    """Threads of the provider's own, so that one that hangs holds up nothing else. A cancelled
    caller does not cancel what was sent."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="wechat")

    async def call(self, function: Callable[[], T]) -> T:
        call = asyncio.get_running_loop().run_in_executor(self._executor, function)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            call.add_done_callback(_forget)
            raise

    def stop(self) -> None:
        """Take no more calls; what was sent is the sweeper's to ask about."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _forget(call: "asyncio.Future[Any] | Future[Any]") -> None:
    """Nobody waits for it any more; the sweeper will ask what became of it."""
    if not call.cancelled():
        call.exception()
