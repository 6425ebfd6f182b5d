"""Money as a learner meets it: a study card by keyboard, an order paid from the account, and an
order paid inside WeChat."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from chassis import clock
from services.identity.demo import NEWCOMER
from tests.browser.conftest import Platform
from tests.browser.test_accessibility import sign_in
from tests.browser.test_keyboard import press, tab_to
from tests.payments.inside_steps import WECHAT_BROWSER
from tests.payments.transfers_steps import picture

PHONE = ViewportSize(width=390, height=844)


@pytest.mark.timeout(120)
async def test_a_bank_transfer_becomes_a_card_and_the_card_an_open_course(
    browser: Browser, platform: Platform
) -> None:
    async with (
        at_work(browser, platform, "newcomer") as page,
        at_work(browser, platform, "finance@demo") as clerk,
        at_work(browser, platform, "finance2@demo") as chief,
    ):
        path = await _hand_in_a_voucher(page)
        await _issue(clerk, chief, path)
        await _redeem_by_keyboard(page)
        await _pay_from_the_account(page)


@pytest.mark.timeout(120)
async def test_an_order_is_paid_inside_wechat(browser: Browser, platform: Platform) -> None:  # $-2
    async with at_work(browser, platform, "newcomer", user_agent=WECHAT_BROWSER) as page:
        script = await page.request.get("/simulators/wechat/bridge.js")
        await page.add_init_script(await script.text())
        await _order(page, 1)
        await expect(page.locator("svg.qr")).to_have_count(0)  # nobody scans their own phone
        await page.locator("#pay").get_by_role("link", name="微信支付").click()  # asks who pays

        await expect(page.get_by_role("link", name="开始学习")).to_be_visible()


@asynccontextmanager
async def at_work(
    browser: Browser, platform: Platform, who: str, user_agent: str | None = None
) -> AsyncIterator[Page]:
    """This person's page, on a phone."""
    context = await browser.new_context(
        base_url=platform.url, viewport=PHONE, user_agent=user_agent
    )
    await sign_in(context, platform, who)
    yield await context.new_page()
    await context.close()


async def _hand_in_a_voucher(page: Page) -> str:
    """W-1: 45 yuan, as the bank's picture shows; the path of the case."""
    await page.goto("/transfers/new")
    await page.fill("[name=amount]", "45.00")
    await page.fill("[name=id_number]", NEWCOMER.id_number)
    voucher = FilePayload(name="voucher.jpg", mimeType="image/jpeg", buffer=picture())
    await page.set_input_files("[name=voucher]", voucher)
    await page.get_by_role("button", name="提交付款凭证").click()
    await expect(page.locator(".page-head .tag")).to_have_text("待核对")
    return re.sub(r".*(/transfers/[^?]+).*", r"\1", page.url)


async def _issue(clerk: Page, chief: Page, path: str) -> None:
    """$-3: one person notes the bank's money, another issues the card for it."""
    await clerk.goto("/staff/payments/receipts/new")
    await clerk.fill("[name=bank_reference]", "CCB2026030100001")
    await clerk.fill("[name=amount]", "45.00")
    await clerk.fill("[name=received_on]", clock.today().isoformat())
    await clerk.fill("[name=payer_name]", NEWCOMER.real_name)
    await clerk.locator("main form .button-next").click()
    await expect(clerk.get_by_role("status").first).to_be_visible()
    await chief.goto(f"/staff/payments{path}")
    await chief.locator("form[action$='/cards'] button").first.click()
    await expect(chief.get_by_role("status").first).to_contain_text("45.00")


async def _redeem_by_keyboard(page: Page) -> None:
    """$-4: the code of the mail, typed small and with blanks."""
    await page.goto("/study-cards")
    await tab_to(page, page.locator("[name=code]"))
    await page.keyboard.type((await _code_of_the_mail(page)).lower().replace("-", " "))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/wallet*")
    await expect(page.locator(".amount-due")).to_have_text("￥45.00")


async def _code_of_the_mail(page: Page) -> str:
    for _ in range(100):
        found = await page.request.get(f"/simulators/mailbox/messages?to={NEWCOMER.email}")
        for mail in await found.json():
            if code := re.search(r"卡号：([0-9A-Z-]{19})", mail["text"]):
                return code.group(1)
        await page.wait_for_timeout(100)
    raise AssertionError("no mail brought the code")


async def _pay_from_the_account(page: Page) -> None:
    await _order(page, 0)
    await press(page, page.get_by_role("button", name="用元账户付款"))
    await expect(page.get_by_role("link", name="开始学习")).to_be_visible()
    await page.goto("/wallet")
    await expect(page.locator(".amount-due")).to_have_text("￥0.00")
    await expect(page.locator("main table")).to_contain_text("−￥45.00")


async def _order(page: Page, number: int) -> None:
    """The page of a new order: the required course of this number."""
    listed = await page.request.get("/api/catalogue/courses?kind=required&limit=50")
    course = (await listed.json())["items"][number]
    await page.goto(f"/courses/{course['course_id']}")
    await page.locator("main form[action^='/cart/items/course'] button").first.click()
    await page.goto("/cart")
    await page.get_by_role("button", name="提交订单").click()
    await expect(page.locator("#pay")).to_be_visible()
