"""Questions that pop up, in a real browser: by keyboard alone, on a telephone, on a bad network."""

import tomllib
from collections.abc import AsyncIterator, Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from services.catalogue.demo import FOLDER
from tests.browser.conftest import Platform, running_platform
from tests.browser.studying import (
    course_with_videos,
    credited,
    expect_reason,
    learner_with_videos,
    owned,
    play,
    press,
    until,
    videos,
    why,
)
from tests.browser.test_keyboard import tab_to

QUESTION_LIMIT_SECONDS = 15
PHONE: ViewportSize = {"width": 390, "height": 844}
TRUE_FALSE = ["正确", "错误"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """With a question after every few seconds of study."""
    told = {
        "DEMO_REQUIRED_SECONDS": "900",
        "QUESTION_EVERY_SECONDS": "6",
        "QUESTION_LIMIT_SECONDS": str(QUESTION_LIMIT_SECONDS),
    }
    with running_platform(tmp_path_factory.mktemp("questions"), told) as running:
        yield running


@pytest.fixture
async def learner(browser: Browser, platform: Platform) -> AsyncIterator[BrowserContext]:
    async with learner_with_videos(browser, platform) as context:
        yield context


def _right_answers() -> dict[str, set[str]]:
    """The right choices by the text of the question, as the demo's files have them."""
    return {
        each["text"]: {each.get("choices", TRUE_FALSE)[index] for index in each["correct"]}
        for path in (FOLDER / "courses").glob("*.toml")
        for each in tomllib.loads(path.read_text(encoding="utf-8")).get("questions", [])
    }


def _dialog(page: Page) -> Locator:
    return page.locator("dialog[data-part=question]")


def _restart(page: Page) -> Locator:
    return page.get_by_role("dialog", name="本课件重新学习")


async def _documents(learner: BrowserContext) -> list[str]:
    course_id = await course_with_videos(learner)
    every = await owned(learner, course_id)
    return [one["courseware_id"] for one in every if one["kind"] == "document"]


async def _question(page: Page) -> str:
    """The text of the question, once it is asked."""
    await expect(_dialog(page)).to_be_visible()
    return await _dialog(page).locator("legend").inner_text()


async def _choose(page: Page, wanted: set[str]) -> None:
    """By keyboard, from the first choice on, which has the focus."""
    inputs = _dialog(page).locator("label.choice input")
    await expect(inputs.first).to_be_focused()
    several = await inputs.first.get_attribute("type") == "checkbox"
    for number, text in enumerate(await _dialog(page).locator("label.choice").all_inner_texts()):
        if number:
            await page.keyboard.press("Tab" if several else "ArrowDown")
        if text in wanted:
            await page.keyboard.press("Space")
            if not several:
                return


async def _serious(page: Page) -> list[str]:
    results = await Axe().run(page)
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


async def test_a_question_is_answered_by_keyboard_alone(learner: BrowserContext) -> None:
    # P-5
    page = await learner.new_page()
    await page.goto(f"/study/{(await videos(learner))[0]}")
    await expect_reason(page, "paused")
    before = await page.content()
    await tab_to(page, why(page).locator("[data-act=play]"))
    await page.keyboard.press("Enter")

    text = await _question(page)
    assert text not in before
    await until(page, "document.querySelector('video').paused")
    for _ in range(3):
        await page.keyboard.press("Escape")
    await expect(_dialog(page)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(_dialog(page).get_by_text("请先选择答案")).to_be_visible()
    await _choose(page, _right_answers()[text])
    assert await _serious(page) == []

    await page.keyboard.press("Enter")
    await expect(_dialog(page).get_by_role("heading", name="回答正确")).to_be_visible()
    assert await _serious(page) == []
    await expect(_dialog(page).get_by_role("button", name="继续学习")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(_dialog(page)).to_be_hidden()
    await until(page, "!document.querySelector('video').paused")


async def test_a_missed_question_starts_the_courseware_again_and_says_why(
    learner: BrowserContext,
) -> None:
    # P-5
    courseware = (await videos(learner))[1]
    page = await learner.new_page()
    await play(page, courseware)
    text = await _question(page)
    await until(page, "document.querySelector('video').paused")
    assert await credited(learner, courseware) > 0
    assert await page.evaluate("document.querySelector('video').currentTime") > 2
    await expect(page.locator("[data-part=standing]")).to_contain_text("弹出练习题等待作答")

    await expect(_restart(page)).to_be_visible(timeout=1000 * (QUESTION_LIMIT_SECONDS + 15))
    await expect(_dialog(page)).to_be_hidden()
    await expect(_restart(page)).to_contain_text("没有在限时内作答")
    await expect(_restart(page)).to_contain_text("归零的学习时间")
    await expect(_restart(page)).to_contain_text(text)
    assert await credited(learner, courseware) == 0
    assert await _serious(page) == []

    await page.keyboard.press("Escape")
    await expect(_restart(page).get_by_role("button", name="重新开始")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(_restart(page)).to_be_hidden()
    await until(page, "!document.querySelector('video').paused")
    assert await page.evaluate("document.querySelector('video').currentTime") < 3
    await expect_reason(page, "counting")


async def test_a_telephone_shows_the_whole_question_and_why_a_wrong_answer_restarts(
    learner: BrowserContext,
) -> None:
    # P-5: the first answer is all of them so far
    page = await learner.new_page()
    await page.set_viewport_size(PHONE)
    await page.goto(f"/study/{(await videos(learner))[2]}")
    await expect_reason(page, "paused")
    assert await page.evaluate("document.querySelector('video').readyState") == 0
    await why(page).locator("[data-act=play]").click()

    right = _right_answers()[await _question(page)]
    box = await _dialog(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert box["height"] <= PHONE["height"]
    assert await _serious(page) == []
    texts = await _dialog(page).locator("label.choice").all_inner_texts()
    wrong = next(text for text in texts if {text} != right)
    await _dialog(page).get_by_text(wrong, exact=True).click()
    await _dialog(page).get_by_role("button", name="提交").click()

    await expect(_restart(page)).to_contain_text("正确率不到 60%")
    await expect(_dialog(page)).to_be_hidden()
    assert await _serious(page) == []
    await _restart(page).get_by_role("button", name="重新开始").click()
    await expect_reason(page, "counting")


async def test_a_document_asks_too_and_goes_on(learner: BrowserContext) -> None:
    # P-5
    page = await learner.new_page()
    await page.goto(f"/study/{(await _documents(learner))[1]}")
    text = await _question(page)
    await expect_reason(page, "question")
    await _choose(page, _right_answers()[text])
    await page.keyboard.press("Enter")
    await _dialog(page).get_by_role("button", name="继续学习").click()
    await expect(_dialog(page)).to_be_hidden()
    await expect_reason(page, "counting")


async def test_an_answer_waits_for_the_network_and_is_kept(learner: BrowserContext) -> None:
    # P-5, P-8
    page = await learner.new_page()
    await page.goto(f"/study/{(await _documents(learner))[2]}")
    text = await _question(page)
    await _choose(page, _right_answers()[text])
    await learner.set_offline(True)
    await page.keyboard.press("Enter")
    await expect(_dialog(page).get_by_text("等待网络恢复")).to_be_visible()
    assert await _dialog(page).locator("input:checked").count() > 0

    await learner.set_offline(False)
    await expect(_dialog(page).get_by_role("heading", name="回答正确")).to_be_visible()


async def test_an_open_question_goes_with_the_learner(learner: BrowserContext) -> None:
    # P-4, P-5: to the reloaded page, and to every other page of the courseware
    courseware = (await _documents(learner))[1]
    first, second = await learner.new_page(), await learner.new_page()
    await first.goto(f"/study/{courseware}")
    text = await _question(first)
    await first.reload()
    assert await _question(first) == text

    await second.goto(f"/study/{courseware}")
    assert await _question(second) == text
    await expect(_dialog(first)).to_be_visible()
    await _choose(second, _right_answers()[text])
    await second.keyboard.press("Enter")
    await expect(_dialog(first)).to_be_hidden()
    await _dialog(second).get_by_role("button", name="继续学习").click()
    await expect_reason(second, "suspended")
    await press(second, "take")
    await expect_reason(second, "counting")
    await expect_reason(first, "taken")
