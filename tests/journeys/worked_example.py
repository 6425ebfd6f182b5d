"""The worked example of the notice, from registration to a certificate that anyone can check.

One story, run against any address: the standalone process, and the stack on real RabbitMQ.
"""

import asyncio
import json
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

from chassis import clock
from tests.journeys.person import Caller, Learner, Staff, eventually

PASSWORD = "tic-edu-2026 Zhongjian"
EMAIL = "zhongjian@example.com"
SECONDS_PER_COURSEWARE = 1
BEAT_EVERY = 0.35


def details(expires_on: date) -> dict[str, Any]:
    return {
        "real_name": "钟检",
        "id_number": "110105199004086789",
        "mobile": "13800138000",
        "email": EMAIL,
        "password": PASSWORD,
        "password_again": PASSWORD,
        "kind": "holder",
        "qualification": {
            "number": "JYJD-2018-01234",
            "category": "进出口商品检验鉴定",
            "expires_on": expires_on.isoformat(),
        },
    }


async def run(base_url: str, data_dir: Path) -> None:
    """The whole story. Raises AssertionError where the platform does not keep it."""
    learner = Learner(base_url, details=details(clock.today()))
    visitor, staff = Caller(base_url), Staff(base_url)
    try:
        account_name = await _register(learner)
        bought = await _buy_forty_hours(learner)
        await _two_at_once_do_not_count(learner, bought)
        await _study_all(learner)
        await _register_for_renewal(learner)
        await _verified_by_staff(staff, account_name, data_dir)
        await _certificate_is_valid(learner, visitor)
        await _a_mail_for_each_step(visitor)
    finally:
        for caller in (learner, visitor, staff):
            await caller.close()


async def _register(learner: Learner) -> str:
    """I-1 to I-3: the wrong check character needs a confirmation."""
    refused = await learner.register(expect=422)
    assert {error["field"] for error in refused["errors"]} == {"id_number_confirmed"}
    registered = await learner.register(id_number_confirmed=True)
    assert registered["account_name"] == "钟检1101056789"
    assert registered["id_number_masked"] == "110105********6789"
    assert registered["verified"] is False
    await learner.sign_in("钟检1101056789")
    me = await learner.ask("GET", "/api/identity/me", expect=200)
    assert (me["account_name"], me["kind"]) == ("钟检1101056789", "holder")
    return str(registered["account_name"])


async def _buy_forty_hours(learner: Learner) -> list[str]:
    """C-3, $-1, $-2: ten required hours and the thirty-hour package; open within 2 s."""
    required = ten_hours(await learner.courses("required"))
    packages = await learner.ask("GET", "/api/catalogue/packages", expect=200)
    thirty = next(p for p in packages["items"] if p["hours"] == 30)
    items = [{"kind": "course", "id": course["course_id"]} for course in required]
    items.append({"kind": "package", "id": thirty["package_id"]})
    order = await learner.order(items, key="worked-example")
    assert order["amount_fen"] == 60000
    assert (await learner.order(items, key="worked-example"))["order_id"] == order["order_id"]

    paid_at = await learner.pay(order["order_id"])

    async def forty_hours() -> list[dict[str, Any]] | None:
        owned = await learner.enrolments()
        return owned if sum(course["hours"] for course in owned) == 40 else None

    owned = await eventually(forty_hours)
    assert time.monotonic() - paid_at < 2
    shown = await learner.ask("GET", f"/api/payments/orders/{order['order_id']}", expect=200)
    assert shown["status"] == "paid"
    return [each["courseware_id"] for course in owned for each in course["coursewares"]]


def ten_hours(courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Required courses that make exactly ten hours."""
    sums: dict[int, list[dict[str, Any]]] = {0: []}
    for course in courses:
        for hours, chosen in list(sums.items()):
            sums.setdefault(hours + course["hours"], [*chosen, course])
    return sums[10]


async def _two_at_once_do_not_count(learner: Learner, coursewares: list[str]) -> None:
    """P-4, and P-7: 「学过了」 is refused while something is missing."""
    first = await learner.open_courseware(coursewares[0])
    second = await learner.open_courseware(coursewares[1])
    for _ in range(6):
        assert (await first.beat()).status_code == 202
        assert (await second.beat()).status_code == 202
        await asyncio.sleep(BEAT_EVERY)
    states = [await first.state(), await second.state()]
    assert [state["state"] for state in states] == ["suspended", "suspended"]
    assert [state["credited_seconds"] for state in states] == [0, 0]
    early = await learner.complete(coursewares[0], expect=409)
    assert early["code"] == "StillMissing"
    await second.leave()
    await first.until_credited(SECONDS_PER_COURSEWARE, every=BEAT_EVERY)
    await first.leave()


async def _study_all(learner: Learner) -> None:
    """P-1, P-2, P-6, P-7, P-10: forty coursewares, one after the other."""
    for course in await learner.enrolments():
        for courseware in course["coursewares"]:
            await _study(learner, courseware["courseware_id"])
    account = await learner.hours()
    assert account["satisfied"] is True
    assert [(part["needed"], part["done"]) for part in account["requirement"]] == [
        (10, 10),
        (30, 30),
    ]


async def _study(learner: Learner, courseware_id: str) -> None:
    study = await learner.open_courseware(courseware_id)
    await study.until_credited(SECONDS_PER_COURSEWARE, every=BEAT_EVERY)
    await learner.do_exercise(courseware_id)
    await learner.complete(courseware_id)


async def _register_for_renewal(learner: Learner) -> None:
    """Z-2, I-3: the certificate waits for the identity, and says so."""

    async def ready() -> Any:
        mine = await learner.ask("GET", "/api/certificates/mine", expect=200)
        return mine["items"]

    waiting = await eventually(ready)
    assert waiting[0]["waiting_for"] == "renewal_registration"
    for _ in range(2):
        answer = await learner.http.post("/api/certificates/renewals", json={})
        assert answer.status_code in (200, 201), answer.text
    mine = await learner.ask("GET", "/api/certificates/mine", expect=200)
    assert (mine["items"][0]["status"], mine["items"][0]["waiting_for"]) == (
        "waiting",
        "identity_verification",
    )


async def _verified_by_staff(staff: Staff, account_name: str, data_dir: Path) -> None:
    """I-3, I-8: the one desk action of this journey."""
    accounts = json.loads((data_dir / "demo-accounts.json").read_text())
    desk = next(account for account in accounts["staff"] if account["service"] == "identity")
    await staff.sign_in(desk["login"], desk["password"])
    await staff.verify(account_name)


async def _certificate_is_valid(learner: Learner, visitor: Caller) -> None:
    """Z-2, Z-5, Z-6: found by number and by name + ID number; its QR code leads to the check."""

    async def issued() -> Any:
        mine = await learner.ask("GET", "/api/certificates/mine", expect=200)
        return mine["items"][0] if mine["items"][0]["status"] == "valid" else None

    certificate = await eventually(issued)
    number = certificate["number"]
    found = await visitor.ask(
        "GET", "/api/certificates/search", expect=200, params={"number": number}
    )
    assert found["items"][0]["status"] == "valid"
    by_person = {"name": "钟检", "id_number": "110105199004086789"}
    found = await visitor.ask("GET", "/api/certificates/search", expect=200, params=by_person)
    assert found["items"][0]["number"] == number

    document = await learner.http.get(f"/api/certificates/{number}/document.pdf")
    assert document.status_code == 200
    assert document.content.startswith(b"%PDF-")
    check = await visitor.http.get(certificate["check_url"])
    assert check.status_code == 200
    assert number in check.text
    assert "有效" in check.text


async def _a_mail_for_each_step(visitor: Caller) -> None:
    """Registration, address, payment, hours complete, renewal, identity verified, certificate."""

    async def all_mails() -> list[dict[str, Any]] | None:
        mails = await visitor.mail(to=EMAIL)
        return mails if len(mails) >= 7 else None

    mails = await eventually(all_mails)
    subjects = " ".join(mail["subject"] for mail in mails)
    for step in ("注册", "邮箱", "付款", "学时", "续证学习登记", "身份", "证明"):
        assert step in subjects, subjects
    for mail in mails:
        assert "110105199004086789" not in json.dumps(mail, ensure_ascii=False)
        assert re.search(r"[\u4e00-\u9fff]", mail["text"])
