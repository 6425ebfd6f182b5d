"""The account centre 「账户中心」 as pages: forms without JavaScript ($-4)."""

import csv
import io

import httpx

from chassis import ids
from chassis.web.forms import CSRF_COOKIE
from services.payments.model.codes import draw_code
from tests.payments.cards_steps import issue_one, redeem, top_up, wallet_of
from tests.payments.conftest import Learner, Shop

TOKEN = "t" * 43


async def get(learner: Learner, path: str) -> httpx.Response:
    return await learner.client.get(path, headers=learner.headers)


async def post(learner: Learner, path: str, **fields: str) -> httpx.Response:
    headers = {**learner.headers, "Cookie": f"{CSRF_COOKIE}={TOKEN}"}
    return await learner.client.post(path, data={"csrf": TOKEN, **fields}, headers=headers)


async def test_an_empty_account_says_how_to_fill_it(shop: Shop) -> None:
    learner = shop.learner()
    for path, words in {
        "/wallet": ("元账户", "￥0.00", "充值学习卡", "还没有明细"),
        "/study-cards": ("学习卡", "卡号", "您名下还没有学习卡", 'aria-current="step"'),
    }.items():
        text = (await get(learner, path)).text
        for word in words:
            assert word in text
    english = (await get(learner, "/wallet?lang=en")).text
    assert "Nothing has moved yet" in english
    signed_out = await learner.client.get("/wallet")
    assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/login?next=/wallet")


async def test_a_learner_types_a_code_and_sees_the_balance(shop: Shop) -> None:  # $-4
    learner = shop.learner()
    card = await issue_one(shop, learner, 60000)
    done = await post(learner, "/study-cards/redemptions", code=card.code.lower())
    assert (done.status_code, done.headers["location"]) == (303, "/wallet")
    assert card.code not in str(done.headers)
    wallet = (await get(learner, "/wallet")).text
    for word in ("￥600.00", "学习卡充值", card.serial):
        assert word in wallet
    assert "已充值" in (await get(learner, "/study-cards")).text


async def test_a_refused_code_is_said_beside_the_form(shop: Shop) -> None:
    learner = shop.learner()
    mistyped = await post(learner, "/study-cards/redemptions", code="1234")
    assert mistyped.status_code == 422
    assert "请与卡面逐字核对" in mistyped.text
    assert 'value="1234"' in mistyped.text
    for _ in range(5):
        unknown = await post(learner, "/study-cards/redemptions", code=draw_code())
        assert unknown.status_code == 409
        assert "该卡号无法充值" in unknown.text
    refused = await post(learner, "/study-cards/redemptions", code=draw_code())
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "错误次数过多" in refused.text


async def test_a_card_in_ones_own_name_needs_no_typing(shop: Shop) -> None:
    learner, other = shop.learner(), shop.learner()
    card = await issue_one(shop, learner, 15000)
    assert "1 张学习卡" in (await get(learner, "/wallet")).text
    path = f"/study-cards/{card.card_id}/redemption"
    assert path in (await get(learner, "/study-cards")).text
    assert (await post(other, path)).status_code == 404
    assert (await post(learner, f"/study-cards/{ids.new_id()}/redemption")).status_code == 404
    for _ in range(2):
        assert (await post(learner, path)).status_code == 303
    assert (await wallet_of(learner))["balance_fen"] == 15000


async def test_a_void_card_in_ones_own_name_is_refused(shop: Shop) -> None:
    learner = shop.learner()
    card = await issue_one(shop, learner, 15000)
    await shop.running.pool.execute("UPDATE cards SET status = 'void'")
    refused = await post(learner, f"/study-cards/{card.card_id}/redemption")
    assert refused.status_code == 409
    assert (await wallet_of(learner))["balance_fen"] == 0


async def test_the_statement_opens_in_excel(shop: Shop) -> None:  # case 51
    learner = shop.learner()
    await top_up(shop, learner, 15000)
    order = (await learner.order(await shop.sell(hours=1))).json()
    await learner.start_payment(order["order_id"], "wallet")
    answer = await get(learner, "/wallet/entries.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"].startswith("attachment")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head == ["时间", "事项", "编号", "金额（元）", "余额（元）"]
    assert [row[1:] for row in rows] == [
        ["支付订单", order["number"], "'-15.00", "135.00"],
        ["学习卡充值", rows[1][2], "150.00", "150.00"],
    ]


async def test_pages_of_the_account_go_on(shop: Shop) -> None:
    learner = shop.learner()
    for _ in range(21):
        await top_up(shop, learner, 1500)
    first = (await get(learner, "/wallet")).text
    assert "/wallet?cursor=" in first
    cursor = first.split("/wallet?cursor=")[1].split('"')[0]
    second = (await get(learner, f"/wallet?cursor={cursor}")).text
    assert second.count('class="card-title">学习卡充值') == 1
    rows = (await get(learner, "/wallet/entries.csv")).text.splitlines()
    assert len(rows) == 22


async def test_an_order_is_paid_from_the_account_on_its_page(shop: Shop) -> None:  # $-4
    learner = shop.learner()
    order = (await learner.order(await shop.sell(hours=10))).json()
    path = f"/orders/{order['order_id']}"
    assert "用元账户付款" not in (await get(learner, path)).text
    await top_up(shop, learner, 14000)
    short = (await get(learner, path)).text
    assert "余额不足以支付整个订单" in short
    refused = await post(learner, f"{path}/payments", method="wallet")
    assert refused.status_code == 409
    assert "账户余额不足" in refused.text
    await top_up(shop, learner, 1000)
    assert "用元账户付款" in (await get(learner, path)).text
    for _ in range(2):
        paid = await post(learner, f"{path}/payments", method="wallet")
        assert (paid.status_code, paid.headers["location"]) == (303, path)
    text = (await get(learner, path)).text
    assert "订单已付款" in text
    assert "元账户" in text
    assert (await wallet_of(learner))["balance_fen"] == 0


async def test_anothers_account_is_not_shown(shop: Shop) -> None:  # case 52
    learner, other = shop.learner(), shop.learner()
    card = await issue_one(shop, learner)
    await redeem(learner, card.code)
    assert card.serial not in (await get(other, "/wallet")).text
    assert card.serial not in (await get(other, "/study-cards")).text
