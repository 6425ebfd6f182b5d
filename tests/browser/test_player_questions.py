"""Questions that pop up, in a real browser: by keyboard alone, on a telephone, on a bad network."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from services.catalogue.demo import FOLDER
from tests.browser.conftest import Platform, running_platform
from tests.browser.studying import (
    LIMIT,
    buy_course,
    credited,
    expect_reason,
    json_of,
    owned,
    play,
    until,
    why,
)
from tests.browser.test_accessibility import sign_in
from tests.browser.test_keyboard import tab_to

QUESTION_LIMIT_SECONDS = 15
PHONE = {"width": 390, "height": 844}
TRUE_FALSE = ["正确", "错误"]
ANSWER = "**/api/progress/sessions/*/answers"


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
    context = await browser.new_context(base_url=platform.url)
    context.set_default_timeout(LIMIT)
    await sign_in(context, platform, "learner")
    yield context
    await context.close()
