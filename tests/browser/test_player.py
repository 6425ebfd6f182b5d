"""The player in a real browser: nothing is lost on a bad network, and it says why time stands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from playwright.async_api import Browser, BrowserContext, Response, Route, expect

from tests.browser.conftest import Platform, running_platform
from tests.browser.studying import (
    HEARTBEATS,
    LIMIT,
    busy,
    credited,
    expect_reason,
    hide,
    json_of,
    learner_with_videos,
    play,
    portal,
    press,
    seqs_in,
    until,
    videos,
    why,
)

BATCH = 200
CHANGE_SPEED = """async times => {
    const video = document.querySelector("video");
    for (let time = 0; time < times; time += 1) {
        video.playbackRate = time % 2 ? 1 : 1.25;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}"""

KEPT = "sign => dispatchEvent(new PageTransitionEvent(sign, { persisted: true }))"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """With coursewares that are longer than these tests, and questions later than that."""
    told = {"DEMO_REQUIRED_SECONDS": "900"}
    with running_platform(tmp_path_factory.mktemp("player"), told) as running:
        yield running


@pytest.fixture
async def learner(browser: Browser, platform: Platform) -> AsyncIterator[BrowserContext]:
    async with learner_with_videos(browser, platform) as context:
        yield context


@pytest.mark.parametrize("answer", [busy, portal])
async def test_beats_that_did_not_get_through_for_a_while_are_counted_later(
    learner: BrowserContext, answer: Callable[[Route], Awaitable[None]]
) -> None:
    # P-8: neither past an overloaded platform nor past the sign-in page of a hotel's network
    courseware = (await videos(learner))[0]
    before = await credited(learner, courseware)
    page = await learner.new_page()
    await page.route(HEARTBEATS, answer)
    await play(page, courseware)
    waiting = page.locator("[data-part=queue]")
    await expect(waiting).to_be_visible()
    await until(page, "document.querySelector('video').currentTime >= 5")
    assert await credited(learner, courseware) == before

    await page.unroute(HEARTBEATS)
    await expect(waiting).to_be_hidden()
    async with asyncio.timeout(LIMIT / 1000):
        while await credited(learner, courseware) < before + 4:
            await asyncio.sleep(0.2)


async def test_nothing_studied_offline_is_lost(learner: BrowserContext) -> None:
    # P-8: longer away than a session may be silent
    courseware = (await videos(learner))[0]
    before = await credited(learner, courseware)
    page = await learner.new_page()
    await play(page, courseware)
    await expect_reason(page, "counting")
    await until(page, "document.querySelector('video').buffered.end(0) > 60")
    await learner.set_offline(True)
    start = await page.evaluate("document.querySelector('video').currentTime")
    await expect(page.locator("[data-part=queue]")).to_be_visible()
    await until(page, f"document.querySelector('video').currentTime >= {start + 7}")

    await learner.set_offline(False)
    await expect(page.locator("[data-part=queue]")).to_be_hidden()
    async with asyncio.timeout(LIMIT / 1000):
        while await credited(learner, courseware) < before + 7:
            await asyncio.sleep(0.2)


async def test_what_a_crashed_page_left_is_sent_by_the_next_one(learner: BrowserContext) -> None:
    # P-8
    courseware = (await videos(learner))[2]
    before = await credited(learner, courseware)
    page = await learner.new_page()
    await page.route(HEARTBEATS, busy)
    await play(page, courseware)
    start = await page.evaluate("document.querySelector('video').currentTime")
    await until(page, f"document.querySelector('video').currentTime >= {start + 5}")
    await learner.set_offline(True)
    await page.close()

    await learner.set_offline(False)
    await (await learner.new_page()).goto(f"/study/{courseware}")
    async with asyncio.timeout(LIMIT / 1000):
        while await credited(learner, courseware) < before + 4:
            await asyncio.sleep(0.2)
    assert await credited(learner, courseware) >= before + 4


@pytest.mark.timeout(120)
async def test_more_beats_than_fit_in_one_request_go_out_oldest_first(
    learner: BrowserContext,
) -> None:
    # P-8: each change of speed makes two
    page = await learner.new_page()
    await page.route(HEARTBEATS, busy)
    await play(page, (await videos(learner))[0])
    await page.evaluate(CHANGE_SPEED, BATCH // 2 + 20)
    sent: list[list[int]] = []
    page.on("response", lambda one: _note(sent, one))

    await page.unroute(HEARTBEATS)
    async with asyncio.timeout(60):
        while sum(len(seqs) for seqs in sent) <= BATCH:
            await asyncio.sleep(0.1)
    assert len(sent[0]) == BATCH
    together = [seq for seqs in sent for seq in seqs]
    assert together == list(range(len(together)))


def _note(sent: list[list[int]], answer: Response) -> None:
    if "heartbeats" in answer.url and answer.status == 202:
        sent.append(seqs_in(answer.request))


async def test_a_page_that_goes_away_sends_its_last_beats_and_leaves(
    learner: BrowserContext,
) -> None:
    # P-4, P-8
    page = await learner.new_page()
    async with page.expect_response("**/api/progress/sessions") as opening:
        await play(page, (await videos(learner))[0])
    await expect_reason(page, "counting")
    opened = await (await opening.value).json()
    session = f"/api/progress/sessions/{opened['session_id']}"
    while (heard := (await json_of(learner, session))["last_seq"]) is None:
        await asyncio.sleep(0.1)

    await page.goto("/hours")
    async with asyncio.timeout(LIMIT / 1000):
        while (await json_of(learner, session))["last_seq"] <= heard:
            await asyncio.sleep(0.1)
        while (await json_of(learner, session))["ended_by"] != "left":
            await asyncio.sleep(0.1)


async def test_a_page_that_the_browser_freezes_hands_over_its_beats_and_goes_on(
    learner: BrowserContext,
) -> None:
    # P-3, P-8
    page = await learner.new_page()
    await play(page, (await videos(learner))[0])
    await expect_reason(page, "counting")
    async with page.expect_request(lambda one: one.resource_type == "ping"):
        await page.evaluate("document.dispatchEvent(new Event('freeze'))")
    async with page.expect_response("**/api/progress/sessions/*"):
        await page.evaluate("document.dispatchEvent(new Event('resume'))")
    await expect_reason(page, "counting")


async def test_a_page_that_comes_back_out_of_the_history_studies_on(
    learner: BrowserContext,
) -> None:
    # P-8: as browsers keep whole pages for the way back
    page = await learner.new_page()
    await play(page, (await videos(learner))[0])
    await expect_reason(page, "counting")
    await page.evaluate(KEPT, "pagehide")
    async with page.expect_response("**/api/progress/sessions"):
        await page.evaluate(KEPT, "pageshow")
    await expect_reason(page, "counting")


async def test_studying_here_ends_the_other_page_which_stays_ended(
    learner: BrowserContext,
) -> None:
    # P-4
    courseware, other = (await videos(learner))[1:3]
    first, second = await learner.new_page(), await learner.new_page()
    await play(first, courseware)
    await second.goto(f"/study/{other}")
    for page in (first, second):
        await expect_reason(page, "suspended")

    await press(second, "take")
    await expect_reason(second, "counting")
    await expect_reason(first, "taken")
    await until(first, "document.querySelector('video').paused")
    await first.reload()
    await expect_reason(second, "suspended")
    await press(second, "take")
    await expect_reason(first, "taken")
    await asyncio.sleep(3)  # longer than it takes to open a session again
    await expect_reason(first, "taken")
    await expect_reason(second, "counting")

    await press(first, "take")
    await expect_reason(first, "counting")
    await expect_reason(second, "taken")


async def test_two_open_coursewares_stop_both_clocks_until_one_is_closed(
    learner: BrowserContext,
) -> None:
    # P-4
    courseware, other = (await videos(learner))[1:3]
    first, second = await learner.new_page(), await learner.new_page()
    await play(first, courseware)
    await second.goto(f"/study/{other}")
    for page in (first, second):
        await expect_reason(page, "suspended")
    await second.close()
    await expect(why(first)).not_to_have_attribute("data-shown", "suspended")


async def test_a_hidden_page_waits_and_goes_on_when_it_is_seen_again(
    learner: BrowserContext,
) -> None:
    # P-3
    page = await learner.new_page()
    await play(page, (await videos(learner))[1])
    await expect_reason(page, "counting")
    await hide(page, True)
    await until(page, "document.querySelector('video').paused")
    await expect_reason(page, "hidden")
    await hide(page, False)
    await until(page, "!document.querySelector('video').paused")


async def test_a_hidden_page_opens_no_second_courseware(learner: BrowserContext) -> None:
    # P-4: only the page that is looked at asks to study
    page = await learner.new_page()
    courseware, other = (await videos(learner))[1:3]
    await play(page, courseware)
    behind = await learner.new_page()
    hidden = (
        "Object.defineProperty(document, 'visibilityState', {configurable: true, value: 'hidden'})"
    )
    await behind.add_init_script(hidden)
    await behind.goto(f"/study/{other}")
    await asyncio.sleep(2)
    await expect(why(page)).not_to_have_attribute("data-shown", "suspended")
    await hide(behind, False)
    await expect_reason(page, "suspended")


async def test_a_video_that_is_too_fast_says_so_and_offers_the_normal_speed(
    learner: BrowserContext,
) -> None:
    # P-2, P-9
    page = await learner.new_page()
    await play(page, (await videos(learner))[2])
    await page.evaluate("document.querySelector('video').playbackRate = 4")
    await expect_reason(page, "rate")
    await press(page, "rate")
    await until(page, "document.querySelector('video').playbackRate === 1")
    await expect(why(page)).not_to_have_attribute("data-shown", "rate")


async def test_nobody_there_pauses_the_video_until_somebody_says_so(
    learner: BrowserContext,
) -> None:
    # P-3
    page = await learner.new_page()
    await page.clock.install()
    await play(page, (await videos(learner))[1])
    dialog = page.get_by_role("dialog", name="还在学习吗？")
    await expect(dialog).to_be_hidden()

    await page.clock.fast_forward("05:10")
    await expect(dialog).to_be_visible()
    await until(page, "document.querySelector('video').paused")
    await expect(page.get_by_role("button", name="我在，继续学习").last).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await until(page, "!document.querySelector('video').paused")
