"""Workers go on after anything, and end when they are asked to."""

import asyncio

import pytest

from chassis.service import every


async def test_a_worker_goes_on_after_a_failure() -> None:
    tries: list[int] = []
    enough = asyncio.Event()

    async def fail() -> None:
        tries.append(len(tries))
        if len(tries) == 3:
            enough.set()
        raise ValueError

    working = asyncio.ensure_future(every(0, fail, name="test")())
    async with asyncio.timeout(5):
        await enough.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_worker_ends_also_when_its_action_swallows_that() -> None:
    begun = asyncio.Event()

    async def swallow() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return

    working = asyncio.ensure_future(every(0, swallow, name="test")())
    await begun.wait()
    working.cancel()
    done, _ = await asyncio.wait([working], timeout=5)
    assert done
    assert working.cancelled()
