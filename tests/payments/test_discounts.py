"""The discount 「学习优惠」: who may apply, who decides, and that a cycle has one ($-6, W-2)."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from chassis.permissions import Permission
from contracts.identity import LearnerKind
from contracts.payments import DiscountGranted, DiscountRefused, DiscountRequested
from services.payments.model.discounts import Cycle
from tests.payments.conftest import Shop
from tests.payments.discount_steps import (
    ID_NUMBER,
    apply,
    desk,
    discounts,
    get,
    granted,
    holder,
    known,
    parcels,
    post,
    renewed,
    told,
)

DESK = "/staff/payments/discounts"


async def test_an_application_waits_for_staff_and_has_a_case_number(shop: Shop) -> None:  # W-2
    learner = await holder(shop)
    answer = await apply(learner, id_number=ID_NUMBER)
    assert answer.status_code == 201
    assert answer.json()["status"] == "requested"
    assert answer.json()["case_number"].startswith("D")
    assert [each["case_number"] for each in await discounts(learner)] == [
        answer.json()["case_number"]
    ]
    [event] = await told(shop)
    assert isinstance(event, DiscountRequested)
    assert event.case_number == answer.json()["case_number"]


async def test_the_mailbox_gets_what_the_notice_asks_for_and_no_event_holds_it(  # W-2, I-9
    shop: Shop,
) -> None:
    await apply(await holder(shop), id_number=f" {ID_NUMBER[:6]} {ID_NUMBER[6:]}")
    [message] = await shop.running.told()
    assert ID_NUMBER not in message.body.decode()
    [event] = await told(shop)
    assert dict((await parcels(shop).unseal(event.parcel_id)).fields) == {
        "real_name": "钟检",
        "id_number": ID_NUMBER,
        "certificate_number": "GJ-0042",
        "expires_on": "2027-03-01",
        "account_name": "钟检1101056782",
        "email": "zhong@example.com",
    }


async def test_without_a_typed_number_the_mailbox_gets_the_masked_one(shop: Shop) -> None:
    assert (await apply(await holder(shop))).status_code == 201
    [event] = await told(shop)
    parcel = await parcels(shop).unseal(event.parcel_id)
    assert parcel.fields["id_number"] == "110105********6782"


async def test_another_persons_number_is_refused(shop: Shop) -> None:  # I-9
    learner = await holder(shop)
    refused = await apply(learner, id_number="110105199004086790")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "id_number"
    assert await discounts(learner) == []
    assert await told(shop) == []


@pytest.mark.parametrize("kind", [LearnerKind.NEWCOMER, LearnerKind.TITLED])
async def test_only_holders_may_apply(shop: Shop, kind: LearnerKind) -> None:  # $-6
    learner = await known(shop, shop.learner(kind.value), kind=kind)
    refused = await apply(learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "DiscountForHolders")


async def test_a_holder_without_certificate_is_told_to_enter_it(shop: Shop) -> None:
    refused = await apply(await holder(shop, expires_on=None))
    assert (refused.status_code, refused.json()["code"]) == (409, "CertificateNotKnown")


async def test_who_is_not_known_yet_is_asked_to_wait(shop: Shop) -> None:
    refused = await apply(shop.learner())
    assert (refused.status_code, refused.json()["code"]) == (409, "NotKnownYet")


async def test_a_certificate_of_an_earlier_cycle_grants_at_once(shop: Shop) -> None:  # $-6
    learner = await granted(shop)
    assert (await discounts(learner))[0]["hours_left"] == 10
    assert [type(event) for event in await told(shop)] == [DiscountRequested, DiscountGranted]


async def test_a_certificate_of_this_cycle_proves_nothing(shop: Shop) -> None:  # $-6
    learner = await holder(shop)
    await renewed(shop, learner, cycle_starts_on=date(2023, 3, 2))
    assert (await apply(learner)).json()["status"] == "requested"


async def test_the_certificate_of_this_cycle_proves_it_in_the_next(shop: Shop) -> None:  # $-6
    learner = await holder(shop)
    await renewed(shop, learner, cycle_starts_on=date(2023, 3, 2))
    await known(shop, learner, expires_on=date(2031, 3, 1), version=2)
    assert (await apply(learner)).json()["status"] == "granted"


async def test_a_certificate_that_is_no_renewal_proves_nothing(shop: Shop) -> None:  # $-6
    learner = await holder(shop)
    await renewed(shop, learner, form=LearnerKind.NEWCOMER)
    await renewed(shop, shop.learner())
    assert (await apply(learner)).json()["status"] == "requested"


async def test_a_certificate_that_is_told_twice_is_kept_once(shop: Shop) -> None:
    learner = await holder(shop)
    event = await renewed(shop, learner, number="JXJY-2023-000007")
    await shop.running.deliver(event)
    await renewed(shop, learner, number="JXJY-2023-000007")
    assert await shop.running.pool.fetchval("SELECT count(*) FROM earlier_renewals") == 1


async def test_a_cycle_has_one_application_at_a_time(shop: Shop) -> None:  # $-6
    learner = await holder(shop)
    first = (await apply(learner)).json()
    again = await apply(learner)
    assert (again.status_code, again.json()["code"]) == (409, "DiscountOpen")
    assert first["case_number"] in again.json()["detail"]


async def test_a_cycle_has_one_discount_even_if_its_expiry_date_is_corrected(  # $-6
    shop: Shop,
) -> None:
    learner = await granted(shop)
    assert (await apply(learner)).json()["code"] == "DiscountGrantedAlready"
    await known(shop, learner, expires_on=date(2027, 3, 2), version=2)
    assert (await apply(learner)).json()["code"] == "DiscountGrantedAlready"
    await known(shop, learner, expires_on=date(2031, 3, 1), version=3)
    assert (await apply(learner)).status_code == 201


async def test_fifty_applications_at_once_are_one(shop: Shop) -> None:  # $-6
    learner = await holder(shop)
    await renewed(shop, learner)
    answers = await asyncio.gather(*(apply(learner) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == 1
    assert set(codes) == {201, 409}
    assert len(await discounts(learner)) == 1
    assert [type(event) for event in await told(shop)] == [DiscountRequested, DiscountGranted]


async def test_applications_of_others_are_not_seen(shop: Shop) -> None:  # case 52
    await apply(await holder(shop))
    assert await discounts(shop.learner()) == []


def test_the_cycle_is_the_four_years_before_the_expiry_date() -> None:
    cycle = Cycle.ending(date(2027, 3, 1))
    assert cycle.starts_on == date(2023, 3, 2)
    assert Cycle.starting(cycle.starts_on) == cycle
    assert Cycle.ending(date(2028, 2, 29)).starts_on == date(2024, 3, 1)
    assert cycle.overlaps(Cycle.ending(date(2029, 1, 1)))
    assert not cycle.overlaps(Cycle.ending(date(2031, 3, 1)))


async def test_staff_grant_from_the_queue_and_the_learner_is_told(  # W-2
    shop: Shop, staff_token: Any
) -> None:
    learner = await holder(shop)
    case = (await apply(learner)).json()
    client, staff = shop.running.client, desk(staff_token)
    queue = (await get(client, staff, DESK)).text
    assert case["case_number"] in queue
    assert "0 天" in queue
    one = (await get(client, staff, f"{DESK}/{case['discount_id']}")).text
    assert "本平台没有给该学员发过证书" in one
    assert ID_NUMBER not in one
    for _ in range(2):
        done = await post(client, staff, f"{DESK}/{case['discount_id']}/grant")
        assert (done.status_code, done.headers["location"]) == (303, DESK)
    assert (await discounts(learner))[0]["status"] == "granted"
    assert [type(event) for event in await told(shop)] == [DiscountRequested, DiscountGranted]
    assert "没有待处理的申请" in (await get(client, staff, DESK)).text


async def test_a_refusal_has_a_reason_that_the_learner_reads_and_may_be_answered(  # W-2
    shop: Shop, staff_token: Any
) -> None:
    learner = await holder(shop)
    case = (await apply(learner)).json()
    client, staff, here = shop.running.client, desk(staff_token), f"{DESK}/{case['discount_id']}"
    silent = await post(client, staff, f"{here}/refusal")
    assert silent.status_code == 422
    for _ in range(2):
        done = await post(client, staff, f"{here}/refusal", data={"reason": "没有往期换证记录"})
        assert done.status_code == 303
    assert "没有往期换证记录" in (await get(client, learner.headers, "/discounts")).text
    [_, event] = await told(shop)
    assert isinstance(event, DiscountRefused)
    assert event.reason == "没有往期换证记录"
    late = await post(client, staff, f"{here}/grant")
    assert late.status_code == 409
    assert (await apply(learner)).status_code == 201


async def test_two_decisions_at_once_are_one(shop: Shop, staff_token: Any) -> None:  # W-2
    case = (await apply(await holder(shop))).json()
    client, staff, here = shop.running.client, desk(staff_token), f"{DESK}/{case['discount_id']}"
    decisions = [
        post(client, staff, f"{here}/grant"),
        post(client, staff, f"{here}/refusal", data={"reason": "没有记录"}),
    ] * 10
    answers = await asyncio.gather(*decisions)
    assert {answer.status_code for answer in answers} == {303, 409}
    assert len(await told(shop)) == 2


async def test_deciding_needs_its_own_right_and_an_application(
    shop: Shop, staff_token: Any
) -> None:
    case = (await apply(await holder(shop))).json()
    client, reader = shop.running.client, desk(staff_token, Permission.PAYMENTS_READ)
    here = f"{DESK}/{case['discount_id']}"
    assert (await get(client, reader, here)).status_code == 200
    assert (await post(client, reader, f"{here}/grant")).status_code == 403
    staff = desk(staff_token)
    for path in ("grant", "refusal"):
        gone = await post(client, staff, f"{DESK}/{uuid4()}/{path}", data={"reason": "x"})
        assert gone.status_code == 404
    assert (await get(client, staff, f"{DESK}/{uuid4()}")).status_code == 404


async def test_the_desk_finds_by_case_number_name_and_certificate(
    shop: Shop, staff_token: Any
) -> None:
    case = (await apply(await holder(shop))).json()
    client, staff = shop.running.client, desk(staff_token)
    for text in (case["case_number"].lower(), "钟", "GJ-0042"):
        found = (await get(client, staff, f"{DESK}?q={text}")).text
        assert found.count(case["case_number"]) == 2
    assert "没有符合条件的申请" in (await get(client, staff, f"{DESK}?q=nobody")).text


async def test_the_page_is_filled_in_but_for_the_id_number(shop: Shop) -> None:  # W-2
    learner = await holder(shop)
    client = shop.running.client
    form = (await get(client, learner.headers, "/discounts")).text
    for word in ("钟检", "110105********6782", "GJ-0042", "2027年3月1日", "zhong@example.com"):
        assert word in form
    empty = await post(client, learner.headers, "/discounts", data={"id_number": ""})
    assert empty.status_code == 422
    wrong = await post(client, learner.headers, "/discounts", data={"id_number": "1" * 18})
    assert "这不是您账号对应的身份证号" in wrong.text
    done = await post(client, learner.headers, "/discounts", data={"id_number": ID_NUMBER})
    assert (done.status_code, done.headers["location"]) == (303, "/discounts")
    after = (await get(client, learner.headers, "/discounts")).text
    assert "正在审核" in after
    assert 'name="id_number"' not in after


async def test_who_may_not_apply_reads_why(shop: Shop) -> None:
    learner = await known(shop, shop.learner("newcomer"), kind=LearnerKind.NEWCOMER)
    assert (
        "学习优惠仅限持证人员"
        in (await get(shop.running.client, learner.headers, "/discounts")).text
    )
