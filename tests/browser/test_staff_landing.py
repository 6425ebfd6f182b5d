"""The landing page of staff: the card of payments says what waits there, or that it is silent."""

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in

WAITING = "**/staff/payments/waiting"


async def landing(browser: Browser, platform: Platform) -> Page:
    context = await browser.new_context(base_url=platform.url)
    await sign_in(context, platform, "staff")
    return await context.new_page()


async def test_the_card_of_payments_says_how_much_waits(
    browser: Browser, platform: Platform
) -> None:
    page = await landing(browser, platform)
    await page.goto("/staff?lang=en")

    await expect(page.locator("[data-waiting] b")).to_have_text("0")
    await expect(page.locator("[data-waiting]")).to_contain_text("0 matters wait")


@pytest.mark.parametrize("status", [503, None])
async def test_the_card_of_payments_says_that_it_does_not_answer(
    browser: Browser, platform: Platform, status: int | None
) -> None:
    """`status` None: not even an error."""

    async def refuse(route: Route) -> None:
        await (route.fulfill(status=status) if status else route.abort())

    page = await landing(browser, platform)
    await page.route(WAITING, refuse)
    await page.goto("/staff?lang=en")

    card = page.locator("[data-waiting]")
    await expect(card).to_contain_text("Does not answer at the moment.")
    await card.click()
    await expect(page).to_have_url(f"{platform.url}/staff/payments")
