"""Without a mouse: everything that leads from a course to its credit hour takes the keyboard."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in

FAR = 120  # Tab presses; no page needs as many


async def tab_to(page: Page, goal: Locator) -> None:
    """Press Tab until the goal has the focus, and see that the focus shows."""
    await expect(goal).to_be_visible()
    for _ in range(FAR):
        await page.keyboard.press("Tab")
        if await goal.evaluate("element => element === document.activeElement"):
            break
    await expect(goal).to_be_focused()
    outline = await goal.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline != "none", "nobody sees where the focus is"


async def press(page: Page, goal: Locator) -> None:
    await tab_to(page, goal)
    await page.keyboard.press("Enter")


@pytest.mark.timeout(200)
async def test_a_course_is_bought_and_an_exercise_done_by_keyboard(
    browser: Browser, platform: Platform
) -> None:
    context = await browser.new_context(base_url=platform.url)
    await sign_in(context, platform, "learner")
    page = await context.new_page()
    listed = await page.request.get("/api/catalogue/courses?kind=elective&limit=50")
    course = (await listed.json())["items"][-1]

    await page.goto(f"/courses/{course['course_id']}")
    add = "form[action^='/cart/items/course'] button"
    await press(page, page.locator(f"main {add}").first)
    await page.wait_for_url("**/cart")
    await press(page, page.get_by_role("button", name="提交订单"))
    await page.wait_for_url("**/orders/*")
    if await page.locator("form[action$='/payments'] button").count():
        await press(page, page.locator("form[action$='/payments'] button"))
    await page.goto("/simulators/wechat")
    await press(page, page.get_by_role("link", name="Pay this order").first)
    await press(page, page.get_by_role("button", name="Pay"))
    await expect(page.get_by_role("status")).to_be_visible()

    exercise = await _exercise_of(page, course)
    await page.goto(f"/study/{exercise}/exercise")
    for question in await page.locator("main fieldset").all():
        await tab_to(page, question.locator("input").first)
        await page.keyboard.press("Space")
    await press(page, page.locator("main form button").last)
    await expect(page.locator("main")).to_contain_text("练习已算完成")
    await press(page, page.get_by_role("link", name="回到课件"))
    await press(page, page.get_by_role("button", name="学过了"))
    await expect(page.get_by_role("alert")).to_be_visible()
    await context.close()


async def _exercise_of(page: Page, course: dict[str, object]) -> str:
    """A courseware of the course that has an exercise, once the course is open."""
    for _ in range(100):
        owned = await (await page.request.get("/api/progress/enrolments")).json()
        for each in owned["items"]:
            if each["course_id"] == course["course_id"] and each["coursewares"]:
                for courseware in each["coursewares"]:
                    path = f"/api/progress/coursewares/{courseware['courseware_id']}/exercise"
                    if (await (await page.request.get(path)).json())["questions"]:
                        return str(courseware["courseware_id"])
        await page.wait_for_timeout(100)
    raise AssertionError("no courseware with an exercise was opened")
