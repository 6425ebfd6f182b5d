"""The player in a real browser: nothing is lost on a bad network, and it says why time stands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in

HEARTBEATS = "**/api/progress/heartbeats"
LIMIT = 20_000  # milliseconds


@pytest.fixture
async def learner(browser: Browser, platform: Platform) -> AsyncIterator[BrowserContext]:
    """A demo learner who owns a course with videos."""
    context = await browser.new_context(base_url=platform.url)
    context.set_default_timeout(LIMIT)
    await sign_in(context, platform, "learner")
    if not await _videos(context):
        await _buy_videos(context)
    yield context
    await context.close()


async def _json(context: BrowserContext, path: str) -> Any:
    return await (await context.request.get(path)).json()


async def _owned(context: BrowserContext) -> list[dict[str, Any]]:
    enrolments = await _json(context, "/api/progress/enrolments")
    return [one for course in enrolments["items"] for one in course["coursewares"]]


async def _videos(context: BrowserContext) -> list[str]:
    return [
        one["courseware_id"]
        for one in await _owned(context)
        if one["kind"] == "video" and one["state"] != "completed"
    ]


async def _buy_videos(context: BrowserContext) -> None:
    listed = await _json(context, "/api/catalogue/courses?kind=elective&limit=50")
    course = next(
        each for each in listed["items"] if any(c["kind"] == "video" for c in each["coursewares"])
    )
    items = [{"kind": "course", "id": course["course_id"]}]
    placed = await context.request.post(
        "/api/payments/orders", data={"items": items}, headers={"Idempotency-Key": "player-tests"}
    )
    order = (await placed.json())["order_id"]
    asked = await context.request.post(
        f"/api/payments/orders/{order}/payments", data={"method": "wechat_native"}
    )
    code_url = (await asked.json())["code_url"]
    await context.request.post("/simulators/wechat/pay", data={"code_url": code_url})
    async with asyncio.timeout(LIMIT / 1000):
        while not await _videos(context):
            await asyncio.sleep(0.1)


async def _credited(context: BrowserContext, courseware_id: str) -> int:
    return next(
        int(one["credited_seconds"])
        for one in await _owned(context)
        if one["courseware_id"] == courseware_id
    )


async def _play(page: Page, courseware_id: str) -> None:
    await page.goto(f"/study/{courseware_id}")
    await expect(page.locator("[data-part=why]")).to_have_attribute("data-shown", "paused")
    await page.locator("[data-act=play]").click()


async def _until(page: Page, script: str) -> None:
    """Asked from outside: the policy of our pages forbids scripts made from strings."""
    async with asyncio.timeout(LIMIT / 1000):
        while not await page.evaluate(script):
            await asyncio.sleep(0.1)


async def _busy(route: Route) -> None:
    await route.fulfill(status=503, headers={"Retry-After": "1"}, json={"status": 503})


async def test_beats_that_the_server_refused_for_a_while_are_counted_later(
    learner: BrowserContext,
) -> None:
    # P-8
    courseware = (await _videos(learner))[0]
    before = await _credited(learner, courseware)
    page = await learner.new_page()
    await page.route(HEARTBEATS, _busy)
    await _play(page, courseware)
    waiting = page.locator("[data-part=queue]")
    await expect(waiting).to_be_visible()
    await _until(page, "document.querySelector('video').currentTime >= 5")
    assert await _credited(learner, courseware) == before

    await page.unroute(HEARTBEATS)
    await expect(waiting).to_be_hidden()
    async with asyncio.timeout(LIMIT / 1000):
        while await _credited(learner, courseware) < before + 4:
            await asyncio.sleep(0.2)


async def test_two_open_coursewares_stop_both_clocks_and_say_so(learner: BrowserContext) -> None:
    # P-4
    videos = await _videos(learner)
    first, second = await learner.new_page(), await learner.new_page()
    await _play(first, videos[1])
    await second.goto(f"/study/{videos[2]}")
    for page in (first, second):
        await expect(page.locator("[data-part=why]")).to_have_attribute("data-shown", "suspended")
    await second.close()
    shown = first.locator("[data-part=why]")
    await expect(shown).not_to_have_attribute("data-shown", "suspended")


async def test_nobody_there_pauses_the_video_until_somebody_says_so(
    learner: BrowserContext,
) -> None:
    # P-3
    page = await learner.new_page()
    await page.clock.install()
    await _play(page, (await _videos(learner))[1])
    dialog = page.get_by_role("dialog", name="还在学习吗？")
    await expect(dialog).to_be_hidden()

    await page.clock.fast_forward("05:10")
    await expect(dialog).to_be_visible()
    await _until(page, "document.querySelector('video').paused")
    await expect(page.get_by_role("button", name="我在，继续学习").last).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await _until(page, "!document.querySelector('video').paused")
