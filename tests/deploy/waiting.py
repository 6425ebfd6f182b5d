"""Waiting for something to become true, with a bound."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    """Return once `holds()`; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)
