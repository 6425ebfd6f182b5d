"""W-1: vouchers are handed in by learners, once, with everything that the mailbox needs."""

import asyncio

from chassis import ids
from contracts.payments import (
    TransferSubmitted,
)
from tests.payments.conftest import Shop
from tests.payments.transfers_steps import (
    ID_NUMBER,
    case_of,
    events,
    hand_in,
    known_learner,
    parcel,
    picture,
    post,
    read,
    reference_on,
    send_form,
)

OTHER_NUMBER = "110105199004086797"


async def test_the_form_shows_where_to_pay_and_keeps_the_reference(shop: Shop) -> None:  # $-3
    learner = await known_learner(shop)
    first, again = await read(learner, "/transfers/new"), await read(learner, "/transfers/new")
    account = ("中国出入境检验检疫协会", "中国建设银行北京中轴路支行", "11001085800056014693")
    for word in (*account, "附言", "zj@example.com"):
        assert word in first
    assert reference_on(first) == reference_on(again)
    other = await known_learner(shop, id_number=OTHER_NUMBER)
    assert reference_on(await read(other, "/transfers/new")) != reference_on(first)
    api = (await learner.ask("GET", "/transfers")).json()["remittance"]
    assert (api["reference"], api["account_number"]) == (reference_on(first), account[2])


async def test_fifty_openings_of_the_form_make_one_reference(shop: Shop) -> None:
    learner = await known_learner(shop)
    pages = await asyncio.gather(*(read(learner, "/transfers/new") for _ in range(50)))
    assert len({reference_on(page) for page in pages}) == 1


async def test_a_voucher_becomes_a_case_with_a_sealed_parcel(shop: Shop) -> None:  # W-1
    learner = await known_learner(shop)
    reference = reference_on(await read(learner, "/transfers/new"))
    answer = await send_form(learner, reference, bank_reference="3702")
    assert answer.status_code == 303, answer.text
    shown = await read(learner, answer.headers["location"])
    for word in ("待核对", "￥600.00", reference, "已提交付款凭证", "3702"):
        assert word in shown
    assert reference in await read(learner, "/transfers")
    assert reference_on(await read(learner, "/transfers/new")) != reference

    [event] = await events(shop, TransferSubmitted)
    assert event.amount_fen == 60000
    assert event.case_number.startswith("V")
    sealed = await parcel(shop, event.parcel_id)
    assert sealed.fields == {
        "real_name": "钟检",
        "id_number": ID_NUMBER,
        "account_name": "钟检1101056789",
        "contact": "13800001111",
        "amount_fen": "60000",
        "payer_name": "钟检",
        "remittance_reference": reference,
        "bank_reference": "3702",
    }
    [voucher] = sealed.attachments
    assert (voucher.content_type, voucher.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")


async def test_the_id_number_is_kept_nowhere_but_in_the_parcel(shop: Shop) -> None:  # I-9
    learner = await known_learner(shop)
    await send_form(learner, reference_on(await read(learner, "/transfers/new")))
    for table in ("transfers", "transfer_steps", "vouchers", "remittances", "outbox"):
        rows = await shop.running.pool.fetch(f"SELECT t::text FROM {table} AS t")  # noqa: S608
        assert rows
        assert not any(ID_NUMBER in row["t"] for row in rows), table


async def test_another_persons_id_number_is_refused(shop: Shop) -> None:
    learner = await known_learner(shop)
    reference = reference_on(await read(learner, "/transfers/new"))
    answer = await send_form(learner, reference, id_number=OTHER_NUMBER)
    assert answer.status_code == 422
    assert "f-id-number-error" in answer.text
    assert "这不是您账号对应的身份证号" in answer.text
    at_the_api = await hand_in(learner, id_number=OTHER_NUMBER)
    assert at_the_api.status_code == 422
    assert OTHER_NUMBER not in at_the_api.text
    assert await events(shop, TransferSubmitted) == []


async def test_what_is_missing_is_said_and_the_rest_is_kept(shop: Shop) -> None:
    learner = await known_learner(shop)
    answer = await post(learner, "/transfers", amount="15.005", payer_name="某单位")
    assert answer.status_code == 422
    for word in ("f-amount-error", "f-id-number-error", "f-contact-error", 'value="某单位"'):
        assert word in answer.text
    no_file = await post(
        learner,
        "/transfers",
        amount="15",
        payer_name="某单位",
        id_number=ID_NUMBER,
        contact="x@example.com",
    )
    assert "请选择付款凭证的图片或 PDF" in no_file.text


async def test_at_the_api_the_masked_number_does(shop: Shop) -> None:
    learner = await known_learner(shop)
    case = await case_of(learner, amount_fen=15000)
    assert case["amount_fen"] == 15000
    assert case["status"] == "submitted"
    [event] = await events(shop, TransferSubmitted)
    fields = (await parcel(shop, event.parcel_id)).fields
    assert fields["id_number"] == "110105********6789"
    assert fields["contact"] == "zj@example.com"
    listed = (await learner.ask("GET", "/transfers")).json()["items"]
    assert [item["case_number"] for item in listed] == [case["case_number"]]


async def test_the_api_refuses_what_is_no_payment(shop: Shop) -> None:
    learner = await known_learner(shop)
    for wrong in ({"amount_fen": 0}, {"amount_fen": -1}, {"amount_fen": 5_000_001}):
        assert (await hand_in(learner, **wrong)).status_code == 422  # type: ignore[arg-type]
    assert (await hand_in(learner, payer_name=" ")).status_code == 422
    stranger = shop.learner()
    answer = await hand_in(stranger)
    assert (answer.status_code, answer.json()["code"]) == (409, "NotKnownYet")
    assert (await shop.running.client.post("/api/payments/transfers")).status_code == 401


async def test_a_form_sent_twice_is_one_case(shop: Shop) -> None:
    learner = await known_learner(shop)
    reference = reference_on(await read(learner, "/transfers/new"))
    answers = await asyncio.gather(*(send_form(learner, reference) for _ in range(10)))
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(await events(shop, TransferSubmitted)) == 1
    changed = await send_form(learner, reference, amount="601")
    assert changed.status_code == 409
    stranger = await known_learner(shop, id_number=OTHER_NUMBER)
    taken = await send_form(stranger, reference, id_number=OTHER_NUMBER)
    assert taken.status_code == 409


async def test_the_same_key_gives_the_same_case(shop: Shop) -> None:
    learner = await known_learner(shop)
    voucher = picture()
    first = await case_of(learner, key="k1", voucher=voucher)
    assert await case_of(learner, key="k1", voucher=voucher) == first
    other = await hand_in(learner, key="k1", voucher=voucher, amount_fen=1)
    assert other.status_code == 422
    assert len(await events(shop, TransferSubmitted)) == 1


async def test_ten_cases_may_wait_and_no_more(shop: Shop) -> None:
    learner = await known_learner(shop)
    for _ in range(10):
        await case_of(learner)
    answer = await hand_in(learner)
    assert (answer.status_code, answer.json()["code"]) == (409, "TooManyOpenTransfers")


async def test_cases_of_others_are_not_there(shop: Shop) -> None:  # case 52
    case = await case_of(await known_learner(shop))
    stranger = await known_learner(shop, id_number=OTHER_NUMBER)
    here = f"/transfers/{case['transfer_id']}"
    assert (await stranger.ask("GET", here)).status_code == 404
    assert (await stranger.client.get(here, headers=stranger.headers)).status_code == 404
    assert (await post(stranger, f"{here}/resubmission")).status_code == 404
    assert (await stranger.ask("GET", f"/transfers/{ids.new_id()}")).status_code == 404
