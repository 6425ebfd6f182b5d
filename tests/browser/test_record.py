"""The study record in a real browser: it follows an open page, and an appeal is sent from it."""

import asyncio

from playwright.async_api import Browser, BrowserContext, expect

from chassis import clock
from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in
from tests.journeys.person import Learner, Study

EVERY_MS = 16_000  # a little more than the page waits
PATIENCE_SECONDS = 20


async def by_api(context: BrowserContext, platform: Platform) -> Learner:
    """The same person, by the API."""
    learner = Learner(platform.url)
    for cookie in await context.cookies():
        if cookie.get("name") == "access":
            learner.http.headers["Authorization"] = f"Bearer {cookie.get('value')}"
    return learner


async def owned_courseware(learner: Learner) -> str:
    """One of a course that is bought now, or was by an earlier test."""
    course_id = (await learner.courses("certification"))[-1]["course_id"]
    if course_id not in [course["course_id"] for course in await learner.enrolments()]:
        order = await learner.order([{"kind": "course", "id": course_id}], "record-tests")
        await learner.pay(order["order_id"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for course in await learner.enrolments():
                if course["course_id"] == course_id and course["coursewares"]:
                    return str(course["coursewares"][0]["courseware_id"])
            await asyncio.sleep(0.1)


async def hidden_for_a_moment(study: Study) -> None:
    """Some of the time has a reason why it was not credited."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await study.state())["reasons"]:
            await study.beat(visible=False)
            await asyncio.sleep(1)


async def test_the_record_follows_an_open_page_and_takes_an_appeal(
    browser: Browser, platform: Platform
) -> None:
    # P-9
    context = await browser.new_context(base_url=platform.url)
    await sign_in(context, platform, "learner")
    learner = await by_api(context, platform)
    courseware = await owned_courseware(learner)
    study = await learner.open_courseware(courseware)
    await study.until_credited(1, every=0.5)
    await hidden_for_a_moment(study)

    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"/study/{courseware}/record")
    total = page.locator("[data-part=day] .section-head .note")
    before = await total.inner_text()
    await page.get_by_text("提出申诉").click()
    words = page.get_by_label("当时的情况")
    await words.fill("网络断了，请核对。")
    await study.until_credited(3, every=0.5)
    await page.clock.fast_forward(EVERY_MS)
    await expect(total).not_to_have_text(before)
    await expect(words).to_have_value("网络断了，请核对。")

    await page.get_by_role("button", name="提交申诉").click()
    await expect(page.locator(f"#day-{clock.today()}")).to_contain_text("处理中")
    await expect(page.locator(".appeal")).to_contain_text("「网络断了，请核对。」")
    await study.leave()
    await learner.close()
    await context.close()
