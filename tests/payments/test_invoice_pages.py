"""Invoices as pages: what can be invoiced on top, the form, the steps of one."""

from typing import Any

import httpx

from chassis.permissions import Permission
from tests.conftest import bearer
from tests.payments.conftest import Learner, MakeShop, Shop
from tests.payments.invoice_steps import COMPANY, NUMBER, Clerk, ask, known, post_form, spend

FORM: dict[str, Any] = {**COMPANY, "amount": "￥45.00"}


async def get(learner: Learner, path: str) -> httpx.Response:
    return await learner.client.get(path, headers=learner.headers)


async def post(learner: Learner, path: str, **fields: Any) -> httpx.Response:
    return await post_form(learner.client, learner.headers, path, **fields)


async def test_a_learner_asks_for_an_invoice_and_follows_it(shop: Shop, staff_token: Any) -> None:
    learner = shop.learner()
    await known(shop, learner)
    assert "购买课程后" in (await get(learner, "/invoices")).text
    await spend(shop, learner, 15000, refunded_fen=10500)
    overview = (await get(learner, "/invoices")).text
    for word in ("￥150.00", "￥105.00", "￥45.00", "申请开票", "账户中心"):
        assert word in overview
    form = (await get(learner, "/invoices/new")).text
    assert 'value="45.00"' in form
    assert form.count("wang@example.com") == 1, "the foot shows the association's"

    asked = await post(learner, "/invoices/new", **FORM)
    here = asked.headers["location"]
    assert asked.status_code == 303
    shown = (await get(learner, here)).text
    for word in ("华检公司", "9144030071526726XG", "撤销申请", "开票进度"):
        assert word in shown
    assert "正在等待协会处理" in (await get(learner, "/invoices")).text
    assert "查看申请" in (await get(learner, "/invoices/new")).text

    token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
    clerk = Clerk(learner.client, bearer(token))
    await clerk.issue({"invoice_id": here.rsplit("/", 1)[-1], "form": "electronic"})
    shown = (await get(learner, here)).text
    assert NUMBER in shown
    assert f"{here}/document.pdf" in shown


async def test_a_form_sent_twice_is_one_application(shop: Shop) -> None:
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 9000)
    places = {
        (await post(learner, "/invoices/new", key="k1", **FORM)).headers["location"]
        for _ in range(2)
    }
    assert len(places) == 1


async def test_what_was_typed_is_kept_beside_what_is_wrong(shop: Shop) -> None:
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 4500)
    wrong = {
        "45.005": "请填写金额（元）",
        "45.01": "最多可开 45.00 元",
        "0": "f-amount-error",
        "-1": "f-amount-error",
        "many": "请填写金额（元）",
    }
    for amount, sentence in wrong.items():
        answer = await post(learner, "/invoices/new", **{**FORM, "amount": amount})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert f'value="{amount}"' in answer.text
        assert "华检公司" in answer.text
    paper = await post(learner, "/invoices/new", **{**FORM, "form": "paper", "phone": "1"})
    for field in ("recipient", "phone", "address", "freight-collect"):
        assert f"f-{field}-error" in paper.text


async def test_an_application_is_cancelled_once_and_nobody_elses(shop: Shop) -> None:
    """# case 52"""
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 4500)
    here = f"/invoices/{(await ask(learner, 4500)).json()['invoice_id']}"
    stranger = shop.learner()
    assert (await get(stranger, here)).status_code == 404
    assert (await post(stranger, f"{here}/cancellation")).status_code == 404
    for _ in range(2):
        assert (await post(learner, f"{here}/cancellation")).status_code == 303
    assert (
        "申请已撤销" in (await get(learner, here)).text
        or "重新申请" in (await get(learner, here)).text
    )


async def test_the_pages_say_what_is_invoiced_at_sale(make_shop: MakeShop) -> None:
    """# case 57"""
    shop = await make_shop(invoice_policy="at_sale_untaxed")
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 4500)
    assert "可开票的学习卡" in (await get(learner, "/invoices")).text
    assert "开票内容" in (await get(learner, "/invoices/new")).text
    assert "invoiced when they are bought" in (await get(learner, "/invoices?lang=en")).text
