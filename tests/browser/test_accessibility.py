"""Every page, on a phone and on a desktop, in both languages: axe finds nothing serious, nothing
runs over the side, and no script fails."""

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.conftest import Platform
from tests.journeys.person import CAPTCHA_ANSWER

VISITOR = [
    "/",
    "/guide",
    "/courses",
    "/packages",
    "/register",
    "/login",
    "/forgot-password",
    "/certificates/search",
    "/certificates/search?number=JXJY-2026-999999",
    "/verify/unknown-code",
    "/nothing-here",
    "/api/payments/docs",
    "/staff/login",
    "/simulators/wechat",
    "/simulators/mailbox",
]
LEARNER = [
    "/",
    "/courses",
    "/account",
    "/cart",
    "/orders",
    "/wallet",
    "/study-cards",
    "/transfers",
    "/transfers/new",
    "/employers",
    "/employers/new",
    "/discounts",
    "/refunds",
    "/invoices",
    "/invoices/new",
    "/study",
    "/hours",
    "/certificates",
    "/renewal",
    "/messages",
]
STAFF = [
    "/staff",
    "/staff/identity",
    "/staff/progress",
    "/staff/progress/learners",
    "/staff/progress/appeals",
    "/staff/progress/patterns",
    "/staff/progress/exports",
    "/staff/progress/statements",
    "/staff/payments",
    "/staff/payments/transfers",
    "/staff/payments/receipts",
    "/staff/payments/receipts/new",
    "/staff/payments/receipts/import",
    "/staff/payments/cards",
    "/staff/payments/cards/batches/new",
    "/staff/payments/employers",
    "/staff/payments/discounts",
    "/staff/payments/orders",
    "/staff/payments/refunds",
    "/staff/payments/invoices",
    "/staff/payments/invoices/results",
    "/staff/payments/books",
    "/staff/payments/books/bills",
    "/staff/payments/books/exports",
    "/staff/certificates",
    "/staff/notifications",
    "/staff/identity/events",
]
WIDTHS = {"phone": 390, "desktop": 1280}
LANGUAGES = {"phone": ("zh", "en"), "desktop": ("zh",)}  # long English words try the narrow page


async def sign_in(context: BrowserContext, platform: Platform, who: str) -> None:
    """Through the API: the pages' forms have tests of their own. `who`: learner, newcomer, staff
    (who may do everything), or a member of staff's login."""
    accounts = json.loads((platform.data_dir / "demo-accounts.json").read_text())
    learners = dict(zip(("learner", "newcomer"), accounts["learners"], strict=True))
    if who in learners:
        account = learners[who]
        made = await (await context.request.post("/api/identity/captchas")).json()
        more = {"captcha_id": made["captcha_id"], "captcha_answer": CAPTCHA_ANSWER}
        path = "/api/identity/sessions"
    else:
        login = "administrator@demo" if who == "staff" else who
        account = next(each for each in accounts["staff"] if each["login"] == login)
        more, path = {}, "/api/identity/staff/sessions"
    body = {"login": account["login"], "password": account["password"], **more}
    assert (await context.request.post(path, data=body)).ok


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("who", "paths"), [("visitor", VISITOR), ("learner", LEARNER), ("staff", STAFF)]
)
async def test_pages_are_accessible(
    browser: Browser, platform: Platform, who: str, paths: list[str], width: str
) -> None:
    context = await browser.new_context(
        base_url=platform.url, viewport={"width": WIDTHS[width], "height": 900}
    )
    if who != "visitor":
        await sign_in(context, platform, who)
    found: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", _collect(found))
    for path in paths:
        for lang in LANGUAGES[width]:
            await page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            found += [f"{path} {lang} {width}: {problem}" for problem in await problems(page)]
    await context.close()
    assert found == []


def _collect(found: list[str]) -> Callable[[ConsoleMessage], None]:
    def collect(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(f"console: {message.text}")

    return collect


async def problems(page: Page) -> list[str]:
    results = await Axe().run(page)
    serious = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    over = await page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return [*serious, *(["runs over the side"] if over else [])]
