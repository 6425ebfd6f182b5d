"""The pages around the player: accessible, and the desk that shows who studies at this moment."""

import asyncio

from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.conftest import Platform
from tests.browser.studying import json_of, learner_with_videos, owned
from tests.browser.test_accessibility import LANGUAGES, WIDTHS, problems, sign_in
from tests.browser.test_record import by_api, owned_courseware

PATIENCE_SECONDS = 20
REFRESH_MS = 5_000


async def with_exercise(context: BrowserContext) -> str:
    """An owned courseware that has exercises."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for courseware in await owned(context):
                path = f"/api/progress/coursewares/{courseware['courseware_id']}/exercise"
                if (await json_of(context, path))["questions"]:
                    return str(courseware["courseware_id"])
            await asyncio.sleep(0.1)


async def test_player_record_and_exercise_are_accessible(
    browser: Browser, platform: Platform
) -> None:
    found: list[str] = []
    async with learner_with_videos(browser, platform) as context:
        courseware = await with_exercise(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: found.append(f"script: {error}"))
        for width, languages in LANGUAGES.items():
            await page.set_viewport_size({"width": WIDTHS[width], "height": 900})
            for part in ("/record", "/exercise", ""):
                for lang in languages:
                    await page.goto(f"/study/{courseware}{part}?lang={lang}")
                    told = await problems(page)
                    found += [f"{part or '/'} {lang} {width}: {problem}" for problem in told]
    assert found == []


async def test_the_desk_shows_who_studies_without_being_asked_again(
    browser: Browser, platform: Platform
) -> None:
    # P-12
    learners = await browser.new_context(base_url=platform.url)
    await sign_in(learners, platform, "learner")
    learner = await by_api(learners, platform)
    courseware = await owned_courseware(learner)
    staff = await browser.new_context(base_url=platform.url)
    await sign_in(staff, platform, "staff")
    page = await staff.new_page()
    await page.clock.install()
    await page.goto("/staff/progress?lang=zh")
    now = page.locator("[data-refresh]")
    before = await now.get_by_role("row").count()

    study = await learner.open_courseware(courseware)
    await study.until_credited(1, every=0.5)
    await page.clock.fast_forward(REFRESH_MS)
    await expect(now.get_by_role("row")).to_have_count(before + 1 if before else 2)

    await study.leave()
    await page.clock.fast_forward(REFRESH_MS)
    await expect(now.get_by_role("row")).to_have_count(before)
    await learner.close()
    await staff.close()
    await learners.close()
