"""The pages as learners, strangers and staff meet them, in Chinese and in English."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chassis.permissions import Permission
from contracts.identity import LearnerKind
from services.certificates import demo
from tests.conftest import MakeService, Running, bearer

from .builders import HELD, MASKED, NAME, Someone, add_cohorts, certified, days
from .conftest import SignedIn

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


async def page(running: Running, path: str, headers: dict[str, str] | None = None) -> str:
    answer = await running.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.status_code
    return answer.text


async def send(
    running: Running, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
) -> httpx.Response:
    """Open a page and send its form back, as a browser does."""
    shown = dict(HIDDEN.findall(await page(running, path, headers)))
    return await running.client.post(path, data={**shown, **fields}, headers=headers)


async def on_the_way(running: Running, someone: Someone, **more: Any) -> Someone:
    await running.deliver(someone.registered(**more))
    await running.deliver(someone.satisfied())
    return someone


async def test_my_certificates_lead_to_the_next_step(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    headers = signed_in(someone)
    assert "您还没有证书" in await page(certificates, "/certificates", headers)

    await on_the_way(certificates, someone)
    text = await page(certificates, "/certificates", headers)
    assert "还差一步" in text
    assert 'class="button button-next" href="/renewal"' in text

    await certificates.client.post("/api/certificates/renewals", headers=headers)
    assert "协会正在核对您的身份证号" in await page(certificates, "/certificates", headers)

    await certificates.deliver(someone.verified())
    text = await page(certificates, "/certificates", headers)
    assert "有效" in text
    assert "document.pdf" in text


async def test_the_renewal_form_shows_what_is_known_and_asks_nothing_twice(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = await on_the_way(certificates, Someone())
    headers = signed_in(someone)
    text = await page(certificates, "/renewal", headers)
    for known in (NAME, HELD, MASKED, "水平考试合格证", "您的身份还没有核对"):
        assert known in text

    forgotten = await send(certificates, "/renewal", {"work_unit": "青岛海关"}, headers)
    assert forgotten.status_code == 422
    assert "请核对以上内容，然后勾选确认" in forgotten.text
    assert "青岛海关" in forgotten.text  # what was typed is kept

    sent = {"work_unit": "青岛海关", "confirmed": "yes"}
    answer = await send(certificates, "/renewal", sent, headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/certificates")
    assert "本周期已经登记" in await page(certificates, "/renewal", headers)
    assert await certificates.pool.fetchval("SELECT work_unit FROM registrations") == "青岛海关"


async def test_a_fact_that_changed_meanwhile_is_noticed(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = await on_the_way(certificates, Someone())
    headers = signed_in(someone)
    sent = {"confirmed": "yes", "real_name": "钟旧"}
    answer = await send(certificates, "/renewal", sent, headers)
    assert answer.status_code == 422
    assert "与账号里的信息不一致" in answer.text


async def test_refusals_come_with_the_next_step(certificates: Running, signed_in: SignedIn) -> None:
    unfinished = Someone()
    await certificates.deliver(unfinished.registered())
    text = await page(certificates, "/renewal", signed_in(unfinished))
    assert "修满本周期的学时后才能登记" in text
    assert 'href="/hours"' in text

    late = await on_the_way(certificates, Someone(expires_on=days(-1)))
    text = await page(certificates, "/renewal", signed_in(late))
    assert "超期换证" in text
    assert "mailto:ccib@vip.163.com" in text  # W-3 by hand until its form is open

    newcomer = await on_the_way(certificates, Someone(kind=LearnerKind.NEWCOMER))
    for path in ("/renewal", "/certificates"):
        text = await page(certificates, path, signed_in(newcomer))
        assert "mailto:ccib@vip.163.com" in text  # Z-4


async def test_a_form_without_our_token_is_refused(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = await on_the_way(certificates, Someone())
    answer = await certificates.client.post(
        "/renewal", data={"confirmed": "yes"}, headers=signed_in(someone)
    )
    assert answer.status_code == 403
    assert await certificates.pool.fetchval("SELECT count(*) FROM registrations") == 0


async def test_strangers_are_sent_to_sign_in(certificates: Running) -> None:
    for path in ("/certificates", "/renewal"):
        answer = await certificates.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ("state = 'valid'", "这张证书有效"),
        ("valid_until = current_date - 2, cohort_on = current_date - 1463", "这张证书已到期"),
        ("state = 'superseded'", "这张证书已更正"),
        ("state = 'revoked'", "这张证书已撤销"),
    ],
)
async def test_the_check_page_says_how_a_certificate_stands(  # Z-5
    certificates: Running, signed_in: SignedIn, change: str, verdict: str
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    await certificates.pool.execute(f"UPDATE certificates SET {change}")  # noqa: S608 - ours
    text = await page(certificates, item["check_url"])
    assert f"<h1>{verdict}</h1>" in text
    for words in (item["number"], NAME, MASKED, HELD):
        assert words in text


async def test_an_unknown_code_is_no_certificate(certificates: Running) -> None:
    answer = await certificates.client.get("/verify/abcdefghijklmnopqrstuv")
    assert answer.status_code == 404
    assert "没有这张证书" in answer.text


async def test_the_query_page_finds_by_either_form(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    answer = await send(certificates, "/certificates/search", {"number": item["number"]})
    assert item["number"] in answer.text
    assert "钟*" in answer.text

    by_link = await page(certificates, f"/certificates/search?number={item['number']}")
    assert "钟*" in by_link

    person = {"name": NAME, "id_number": "110105199004086782"}
    answer = await send(certificates, "/certificates/search", person)
    assert answer.status_code == 200
    assert "没有查到" in answer.text

    half = await send(certificates, "/certificates/search", {"name": NAME})
    assert half.status_code == 422
    assert "请输入这个姓名对应的身份证号" in half.text


async def test_the_query_page_is_limited_too(service: MakeService) -> None:
    certificates = await service("certificates", search_per_address_a_minute=1)
    answers = [
        await send(certificates, "/certificates/search", {"number": "JXJY-2026-000001"})
        for _ in range(4)
    ]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "查询次数太多" in refused.text
    assert "Retry-After" in refused.headers


async def test_staff_see_who_waits_for_what(
    certificates: Running, signed_in: SignedIn, staff_token: Callable[..., str]
) -> None:
    await add_cohorts(certificates, days(30))
    await on_the_way(certificates, Someone(name="等登记"))
    await on_the_way(certificates, Someone(name="已超期", expires_on=days(-1)))
    done = Someone(name="已发证")
    item = await certified(certificates, done, signed_in(done))
    headers = bearer(staff_token(Permission.CERTIFICATES_READ))

    text = await page(certificates, "/staff/certificates", headers)
    for words in ("等登记", "已超期", "已发证", item["number"], "今天发证 <strong>1 张</strong>"):
        assert words in text
    late = await page(certificates, "/staff/certificates?waiting_for=late_renewal", headers)
    assert "已超期" in late
    assert "等登记" not in late


async def test_other_staff_are_kept_out(
    certificates: Running, staff_token: Callable[..., str]
) -> None:
    answer = await certificates.client.get(
        "/staff/certificates", headers=bearer(staff_token(Permission.PAYMENTS_READ))
    )
    assert answer.status_code == 403


async def test_pages_speak_english_too(certificates: Running, signed_in: SignedIn) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    headers = signed_in(someone)
    for path, words in (
        ("/certificates?lang=en", "Your certificate is valid until"),
        ("/renewal?lang=en", "You are registered for this cycle"),
        ("/certificates/search?lang=en", "Certificate query"),
        (f"{item['check_url']}?lang=en", "This certificate is valid"),
    ):
        assert words in await page(certificates, path, headers)


async def test_the_demo_adds_its_cohorts_once(service: MakeService) -> None:
    certificates = await service("certificates")
    settings: Any = certificates.kit.settings
    for _ in range(3):
        await demo.seed(certificates.kit, settings)
    rows = await certificates.pool.fetch("SELECT cohort_on FROM cohorts WHERE origin = 'demo'")
    assert sorted(row["cohort_on"] for row in rows) == [days(0), days(30)]

    await certificates.pool.execute(
        "UPDATE cohorts SET cohort_on = cohort_on - 90 WHERE origin = 'demo'"
    )
    await demo.seed(certificates.kit, settings)  # a start three months later
    assert await certificates.pool.fetchval("SELECT count(*) FROM cohorts") == 6
