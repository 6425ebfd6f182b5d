"""A learner in front of the player: what the browser tests of studying share."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, Route, expect

from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in

HEARTBEATS = "**/api/progress/heartbeats"
LIMIT = 20_000  # milliseconds
HIDE = """hidden => {
    Object.defineProperty(document, "visibilityState", {
        configurable: true, get: () => (hidden ? "hidden" : "visible"),
    });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@asynccontextmanager
async def learner_with_videos(
    browser: Browser, platform: Platform
) -> AsyncIterator[BrowserContext]:
    """The demo learner, signed in, who owns the course with videos."""
    context = await browser.new_context(base_url=platform.url)
    context.set_default_timeout(LIMIT)
    await sign_in(context, platform, "learner")
    await buy_course(context, await course_with_videos(context))
    yield context
    await context.close()


async def json_of(context: BrowserContext, path: str) -> Any:
    return await (await context.request.get(path)).json()


async def owned(context: BrowserContext, course_id: str | None = None) -> list[dict[str, Any]]:
    """The learner's coursewares, of one course or of all."""
    enrolments = await json_of(context, "/api/progress/enrolments")
    return [
        one
        for course in enrolments["items"]
        if course_id in (None, course["course_id"])
        for one in course["coursewares"]
    ]


async def videos(context: BrowserContext, course_id: str | None = None) -> list[str]:
    return [
        one["courseware_id"]
        for one in await owned(context, course_id)
        if one["kind"] == "video" and one["state"] != "completed"
    ]


async def course_with_videos(context: BrowserContext) -> str:
    listed = await json_of(context, "/api/catalogue/courses?kind=elective&limit=50")
    return next(
        str(each["course_id"])
        for each in listed["items"]
        if any(one["kind"] == "video" for one in each["coursewares"])
    )


async def credited(context: BrowserContext, courseware_id: str) -> int:
    return next(
        int(one["credited_seconds"])
        for one in await owned(context)
        if one["courseware_id"] == courseware_id
    )


async def buy_course(context: BrowserContext, course_id: str) -> None:
    """Through the API, paid by the simulated phone; nothing when it is owned."""
    if await owned(context, course_id):
        return
    placed = await context.request.post(
        "/api/payments/orders",
        data={"items": [{"kind": "course", "id": course_id}]},
        headers={"Idempotency-Key": f"player-tests-{course_id}"},
    )
    order = (await placed.json())["order_id"]
    asked = await context.request.post(
        f"/api/payments/orders/{order}/payments", data={"method": "wechat_native"}
    )
    code_url = (await asked.json())["code_url"]
    await context.request.post("/simulators/wechat/pay", data={"code_url": code_url})
    async with asyncio.timeout(LIMIT / 1000):
        while not await owned(context, course_id):
            await asyncio.sleep(0.1)


def why(page: Page) -> Locator:
    """The panel that says why the clock stands still."""
    return page.locator("[data-part=why]")


async def expect_reason(page: Page, reason: str) -> None:
    await expect(why(page)).to_have_attribute("data-shown", reason)


async def press(page: Page, act: str) -> None:
    await why(page).locator(f"[data-act={act}]").click()


async def play(page: Page, courseware_id: str) -> None:
    await page.goto(f"/study/{courseware_id}")
    await expect_reason(page, "paused")
    await press(page, "play")


async def until(page: Page, script: str) -> None:
    """Asked from outside: the policy of our pages forbids scripts made from strings."""
    async with asyncio.timeout(LIMIT / 1000):
        while not await page.evaluate(script):
            await asyncio.sleep(0.1)


async def hide(page: Page, hidden: bool) -> None:
    """As if another tab came to the front: a browser without a screen shows them all."""
    await page.evaluate(HIDE, hidden)


async def busy(route: Route) -> None:
    await route.fulfill(status=503, headers={"Retry-After": "1"}, json={"status": 503})


async def portal(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>")


def seqs_in(request: Request) -> list[int]:
    """The numbers of the beats that a heartbeat request carries."""
    return [beat["seq"] for beat in json.loads(request.post_data or "{}")["beats"]]
