"""W-1: vouchers are matched with bank money, returned, or turned into cards by a second person."""

import asyncio
from datetime import timedelta
from typing import Any

from chassis import clock, ids
from chassis.permissions import Permission
from contracts.payments import (
    StudyCardIssued,
    TransferAccepted,
    TransferReturned,
    TransferSubmitted,
)
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop
from tests.payments.transfers_steps import (
    DESK,
    Clerk,
    case_of,
    clerk,
    events,
    issue,
    known_learner,
    parcel,
    read,
    record,
    send_form,
)

OTHER_NUMBER = "110105199004086797"


async def state(learner: Learner, case: dict[str, Any]) -> str:
    answer = await learner.ask("GET", f"/transfers/{case['transfer_id']}")
    return str(answer.json()["status"])


async def cards_in(shop: Shop) -> int:
    counted: int = await shop.running.pool.fetchval("SELECT count(*) FROM cards")
    return counted


async def test_one_click_turns_bank_money_into_a_card(shop: Shop, staff_token: Any) -> None:
    # $-3, $-9
    learner, desk, chief = await known_learner(shop), *clerks(shop, staff_token)
    case = await case_of(learner)
    receipt_id = await record(desk, remark=f"学费{case['remittance_reference']}")
    queue = (await chief.get(DESK)).text
    for word in (case["case_number"], "附言一致", ">100<", str(receipt_id)):
        assert word in queue
    done = await issue(chief, case, receipt_id)
    assert done.status_code == 303, done.text

    assert await shop.balances() == {
        "asset:bank": 60000,
        "liability:receipts": 0,
        "liability:cards": -60000,
    }
    [accepted], [issued] = await events(shop, TransferAccepted), await events(shop, StudyCardIssued)
    assert (accepted.amount_fen, accepted.cards) == (60000, 1)
    assert (issued.learner_id, issued.amount_fen) == (learner.learner_id, 60000)
    assert issued.case_number == accepted.case_number == case["case_number"]
    sealed = await parcel(shop, issued.parcel_id)
    assert sealed.fields["serial"] == issued.serial
    redeemed = await learner.ask(
        "POST", "/study-cards/redemptions", json={"code": sealed.fields["code"]}
    )
    assert redeemed.status_code == 201, redeemed.text

    shown = await read(learner, f"/transfers/{case['transfer_id']}")
    for word in ("已发卡", "￥600.00", "款项已到账，学习卡已发放", "已提交付款凭证"):
        assert word in shown
    assert case["case_number"] not in (await chief.get(DESK)).text.split("全部付款凭证")[0]


def clerks(shop: Shop, staff_token: Any) -> tuple[Clerk, Clerk]:
    """Who records bank money, and who issues cards for it."""
    return clerk(shop, staff_token), clerk(shop, staff_token)


async def test_who_recorded_the_money_does_not_issue(shop: Shop, staff_token: Any) -> None:
    # case 48
    learner, desk = await known_learner(shop), clerk(shop, staff_token)
    case = await case_of(learner)
    receipt_id = await record(desk, remark=case["remittance_reference"])
    answer = await issue(desk, case, receipt_id)
    assert answer.status_code == 403
    assert "须由另一位同事发卡" in answer.text
    assert await cards_in(shop) == 0
    assert await state(learner, case) == "submitted"


async def test_no_more_is_issued_than_arrived(shop: Shop, staff_token: Any) -> None:  # case 48
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    case = await case_of(learner)
    receipt_id = await record(desk, amount="500")
    too_much = await issue(chief, case, receipt_id, amount="500.01")
    assert too_much.status_code == 409
    assert "500.00" in too_much.text
    assert (await issue(chief, case, receipt_id, amount="0")).status_code == 409
    assert (await issue(chief, case, receipt_id, amount="1.005")).status_code == 422
    assert (await issue(chief, case, ids.new_id())).status_code == 404
    assert await cards_in(shop) == 0

    assert (await issue(chief, case, receipt_id)).status_code == 303
    [accepted] = await events(shop, TransferAccepted)
    assert accepted.amount_fen == 50000  # as far as the receipt goes
    second = await case_of(learner)
    spent = await issue(chief, second, receipt_id)
    assert (spent.status_code, "仅余 0.00 元" in spent.text) == (409, True)


async def test_a_mistyped_sum_stays_beside_its_receipt(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    case = await case_of(learner)
    await record(desk)
    receipt_id = await record(desk, remark=case["remittance_reference"])
    answer = await issue(chief, case, receipt_id, amount="15.005")
    assert answer.status_code == 422
    assert 'id="f-amount-error"' in answer.text
    assert answer.text.count('value="15.005"') == 1
    assert answer.text.count('value="600.00"') == 1  # the other receipt's


async def test_fifty_clicks_issue_one_card(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    case = await case_of(learner)
    receipt_id = await record(desk, amount="60000")
    answers = await asyncio.gather(*(issue(chief, case, receipt_id) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {303}
    assert await cards_in(shop) == 1
    assert len(await events(shop, StudyCardIssued)) == 1
    assert (await shop.balances())["liability:cards"] == -60000
    again = await issue(chief, case, receipt_id, amount="1")
    assert again.status_code == 303
    assert await cards_in(shop) == 1


async def test_two_cases_never_share_more_than_a_receipt(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    other = await known_learner(shop, id_number=OTHER_NUMBER, name="王海燕")
    cases = [await case_of(learner), await case_of(other)]
    receipt_id = await record(desk, amount="1000")
    answers = await asyncio.gather(
        *(issue(chief, case, receipt_id, amount="600") for case in cases)
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert (await shop.balances())["liability:receipts"] == -40000


async def test_a_return_tells_the_learner_who_hands_in_again(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    case = await case_of(learner)
    here = f"/transfers/{case['transfer_id']}"
    back = f"{DESK}/{case['transfer_id']}/return"
    for reason in ("金额看不清，请重拍", "再退一次"):
        assert (await chief.post(back, reason=reason)).status_code == 303
    [event] = await events(shop, TransferReturned)
    assert event.reason == "金额看不清，请重拍"
    shown = await read(learner, here)
    for word in ("已退回", "金额看不清，请重拍", "重新提交", 'value="600.00"'):
        assert word in shown
    receipt_id = await record(desk, remark=case["remittance_reference"])
    assert (await issue(chief, case, receipt_id)).status_code == 409

    again = await send_form(learner, "", path=f"{here}/resubmission", amount="601")
    assert again.status_code == 303, again.text
    assert (await send_form(learner, "", path=f"{here}/resubmission")).status_code == 409
    first, second = await events(shop, TransferSubmitted)
    assert first.case_number == second.case_number
    assert (first.amount_fen, second.amount_fen) == (60000, 60100)
    shown = await read(learner, here)
    for word in ("待核对", "已重新提交付款凭证", "金额看不清，请重拍"):
        assert word in shown
    case_page = (await chief.get(f"{DESK}/{case['transfer_id']}")).text
    assert case_page.count("<figure>") == 2
    assert (await issue(chief, case, receipt_id)).status_code == 303
    late = await chief.post(f"{DESK}/{case['transfer_id']}/return", reason="已经太晚了")
    assert late.status_code == 409


async def test_a_return_needs_a_reason(shop: Shop, staff_token: Any) -> None:
    case, chief = await case_of(await known_learner(shop)), clerk(shop, staff_token)
    answer = await chief.post(f"{DESK}/{case['transfer_id']}/return", reason="")
    assert (answer.status_code, "f-reason-error" in answer.text) == (422, True)


async def test_all_that_are_sure_are_issued_at_once(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    sure, own, doubtful = [await case_of(learner) for _ in range(3)]
    await record(desk, remark=sure["remittance_reference"])
    await record(chief, remark=own["remittance_reference"])
    await record(desk, remark=doubtful["remittance_reference"], amount="599")

    answer = await chief.post(f"{DESK}/sure")
    assert answer.status_code == 200
    for word in (sure["case_number"], own["case_number"], "须由另一位同事发卡"):
        assert word in answer.text
    assert doubtful["case_number"] not in answer.text
    assert [await state(learner, case) for case in (sure, own, doubtful)] == [
        "accepted",
        "submitted",
        "submitted",
    ]
    again = await chief.post(f"{DESK}/sure")
    assert sure["case_number"] not in again.text
    assert await cards_in(shop) == 1


async def test_one_receipt_that_fits_two_cases_is_spent_once(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    first, second = [await case_of(learner, bank_reference="3702") for _ in range(2)]
    await record(desk, bank_reference="3702")
    answer = await chief.post(f"{DESK}/sure")
    assert "仅余 0.00 元" in answer.text
    states = [await state(learner, case) for case in (first, second)]
    assert sorted(states) == ["accepted", "submitted"]
    assert await cards_in(shop) == 1


async def test_the_oldest_case_comes_first_with_its_age(shop: Shop, staff_token: Any) -> None:
    learner, chief = await known_learner(shop), clerk(shop, staff_token)
    older, newer = await case_of(learner), await case_of(learner)
    await shop.running.pool.execute(
        "UPDATE transfers SET submitted_at = $1 WHERE case_number = $2",
        clock.now() - timedelta(days=4),
        older["case_number"],
    )
    queue = (await chief.get(DESK)).text.split("全部付款凭证")[0]
    assert queue.index(older["case_number"]) < queue.index(newer["case_number"])
    for word in ("2 份付款凭证", "4 天", "尚无匹配的到账"):
        assert word in queue


async def test_a_person_finds_cases_and_receipts_by_words(shop: Shop, staff_token: Any) -> None:
    learner, (desk, chief) = await known_learner(shop), clerks(shop, staff_token)
    case = await case_of(learner)
    receipt_id = await record(desk, payer_name="王芳", amount="5000")
    page = (await chief.get(f"{DESK}/{case['transfer_id']}")).text
    assert str(receipt_id) not in page
    found = (await chief.get(f"{DESK}/{case['transfer_id']}?q=王芳")).text
    for word in (str(receipt_id), "付款人不同", "金额不同", "<img"):
        assert word in found
    by_number = (await chief.get(f"{DESK}?q={case['case_number'].lower()}")).text
    assert case["case_number"] in by_number
    assert "没有符合条件的付款凭证" in (await chief.get(f"{DESK}?q=nobody")).text
    assert (await chief.get(f"{DESK}/{ids.new_id()}")).status_code == 404


async def test_deciding_needs_its_own_right(shop: Shop, staff_token: Any) -> None:
    case, desk = await case_of(await known_learner(shop)), clerk(shop, staff_token)
    receipt_id = await record(desk, remark=case["remittance_reference"])
    reader = clerk(shop, staff_token, Permission.PAYMENTS_READ, Permission.PAYMENTS_RECEIPTS)
    assert (await reader.get(DESK)).status_code == 200
    assert (await issue(reader, case, receipt_id)).status_code == 403
    assert (await reader.post(f"{DESK}/sure")).status_code == 403
    assert (await reader.post(f"{DESK}/{case['transfer_id']}/return")).status_code == 403
    other = bearer(staff_token(Permission.CATALOGUE_WRITE))
    assert (await shop.running.client.get(DESK, headers=other)).status_code == 403
