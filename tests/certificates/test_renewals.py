"""「续证学习登记」 through the API: who may, what it answers, what is said when it is refused."""

from typing import Any

import pytest

from contracts.identity import LearnerKind
from tests.conftest import MakeService, Running

from .builders import CATEGORY, HELD, NAME, Someone, add_cohorts, days
from .conftest import Json, SignedIn

RENEWALS = "/api/certificates/renewals"
REGISTERED = "certificates.renewal_registered.v1"


async def known(running: Running, someone: Someone) -> Someone:
    await running.deliver(someone.registered())
    await running.deliver(someone.satisfied())
    return someone


async def mine(running: Running, headers: Json) -> list[Json]:
    answer = await running.client.get("/api/certificates/mine", headers=headers)
    assert answer.status_code == 200
    items: list[Json] = answer.json()["items"]
    return items


async def test_a_holder_registers_and_is_told_what_is_awaited(
    service: MakeService, signed_in: SignedIn
) -> None:
    certificates = await service("certificates")
    await add_cohorts(certificates, days(20))
    someone = await known(certificates, Someone(expires_on=days(10)))
    before = await mine(certificates, signed_in(someone))
    assert before[0]["waiting_for"] == "renewal_registration"

    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))

    assert answer.status_code == 201
    item = answer.json()
    assert (item["status"], item["waiting_for"]) == ("waiting", "identity_verification")  # I-3
    assert item["waiting_for_all"] == ["identity_verification", "cohort_date"]
    assert item["issues_on"] == days(20).isoformat()  # Z-2: first cohort from the expiry date
    assert await mine(certificates, signed_in(someone)) == [item]
    [told] = [m for m in await certificates.told() if m.name == REGISTERED]
    assert item["registration_id"] in told.body.decode()

    await certificates.deliver(someone.verified())
    assert (await mine(certificates, signed_in(someone)))[0]["status"] == "scheduled"


async def test_a_repeated_registration_is_harmless(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = await known(certificates, Someone())
    first = await certificates.client.post(RENEWALS, headers=signed_in(someone))
    for _ in range(2):
        again = await certificates.client.post(
            RENEWALS, headers=signed_in(someone), json={"work_unit": "另一个单位"}
        )
        assert (again.status_code, again.json()) == (200, first.json())
    assert (await certificates.told_names()).count(REGISTERED) == 1
    assert await certificates.pool.fetchval("SELECT work_unit FROM registrations") == ""


async def test_without_a_cohort_it_waits_for_one(service: MakeService, signed_in: SignedIn) -> None:
    certificates = await service("certificates")
    someone = await known(certificates, Someone())
    await certificates.deliver(someone.verified())
    item = (await certificates.client.post(RENEWALS, headers=signed_in(someone))).json()
    assert item["waiting_for_all"] == ["cohort"]
    assert item["issues_on"] is None


async def test_only_holders_register(certificates: Running, signed_in: SignedIn) -> None:
    for kind in (LearnerKind.NEWCOMER, LearnerKind.TITLED):
        someone = await known(certificates, Someone(kind=kind))
        answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))
        assert (answer.status_code, answer.json()["code"]) == (403, "NotAHolder")
        items = await mine(certificates, signed_in(someone))
        assert items[0]["waiting_for"] == "application"  # Z-4


async def test_unfinished_hours_are_refused(certificates: Running, signed_in: SignedIn) -> None:
    someone = Someone()
    await certificates.deliver(someone.registered())
    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))
    assert (answer.status_code, answer.json()["code"]) == (409, "CycleNotSatisfied")
    assert await mine(certificates, signed_in(someone)) == []


async def test_a_late_renewal_is_refused_and_named(  # Z-3
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = await known(certificates, Someone(expires_on=days(-1)))
    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))
    assert (answer.status_code, answer.json()["code"]) == (409, "RenewalIsLate")
    assert (await mine(certificates, signed_in(someone)))[0]["waiting_for"] == "late_renewal"


async def test_registering_after_the_expiry_is_not_late_when_the_hours_were_in_time(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone(expires_on=days(-1))
    await certificates.deliver(someone.registered(verified=True))
    await certificates.deliver(someone.satisfied(on=days(-1)))
    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))
    assert (answer.status_code, answer.json()["status"]) == (201, "valid")


async def test_before_the_facts_have_come_it_says_so(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await certificates.deliver(someone.satisfied())
    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone))
    assert (answer.status_code, answer.json()["code"]) == (503, "AccountDetailsOnTheWay")
    assert "Retry-After" in answer.headers
    assert (await mine(certificates, signed_in(someone)))[0]["waiting_for"] == "account_details"


async def test_confirmed_details_are_kept(certificates: Running, signed_in: SignedIn) -> None:
    someone = await known(certificates, Someone())
    details = {
        "real_name": NAME,
        "certificate_number": HELD,
        "category": CATEGORY,
        "expires_on": days(0).isoformat(),
        "work_unit": "青岛海关技术中心",
        "postal_address": "青岛市市南区 1 号",
    }
    answer = await certificates.client.post(RENEWALS, headers=signed_in(someone), json=details)
    assert answer.status_code == 201
    assert await certificates.pool.fetchval("SELECT work_unit FROM registrations") == (
        "青岛海关技术中心"
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("real_name", "钟捡", "与账号里的信息不一致，请先到账号里更正。"),
        ("expires_on", "2020-01-01", "与账号里的信息不一致，请先到账号里更正。"),
        ("expires_on", "tomorrow", "请填写日期，例如 2027-03-01。"),
        ("work_unit", "长" * 101, None),
        ("work_unit", "一\u0000二", "请输入一行文字，不要带特殊控制字符。"),
        ("mobile", "13800000000", None),
    ],
)
async def test_bad_details_are_refused_beside_their_field(
    certificates: Running, signed_in: SignedIn, field: str, value: Any, message: str | None
) -> None:
    someone = await known(certificates, Someone())
    answer = await certificates.client.post(
        RENEWALS, headers=signed_in(someone), json={field: value}
    )
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    if message is not None:
        assert error["message"] == message
    assert await certificates.pool.fetchval("SELECT count(*) FROM registrations") == 0


async def test_strangers_must_sign_in(certificates: Running) -> None:
    assert (await certificates.client.post(RENEWALS)).status_code == 401
    assert (await certificates.client.get("/api/certificates/mine")).status_code == 401


async def test_nobody_sees_what_another_learner_waits_for(
    certificates: Running, signed_in: SignedIn
) -> None:
    await known(certificates, Someone())
    assert await mine(certificates, signed_in(Someone())) == []
