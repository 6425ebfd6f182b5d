"""One's own account, and the verification desk, as a browser without scripts meets them."""

from typing import Any

import httpx
import pytest

from chassis import links
from tests.conftest import Running
from tests.identity.browser import Browser, browser
from tests.identity.builders import PASSWORD, SEED_NUMBER, add_staff, registered
from tests.identity.test_recovery import token_of


async def signed_in(identity: Running, **changes: Any) -> tuple[Browser, dict[str, Any]]:
    learner = await registered(identity, **changes)
    visitor = browser(identity)
    await visitor.sign_in(learner["email"])
    return visitor, learner


async def test_a_new_address_counts_once_its_link_is_opened(identity: Running) -> None:  # I-7
    visitor, learner = await signed_in(identity)
    new = {"mobile": "13900001111", "email": "new@example.com", "phone": "010-62383899"}
    assert (await visitor.send("/account/contact", new)).answer.status_code == 303
    account = (await visitor.get("/account")).text
    assert "139****1111" in account
    assert learner["email"] in account

    path = f"/confirm-email/{await token_of(identity, links.EMAIL_CONFIRMATION)}"
    await visitor.send(path, {})
    assert "new@example.com" in (await visitor.get("/account")).text
    assert (await identity.told_names())[-1] == "identity.learner_changed.v1"


async def test_what_others_use_cannot_be_taken_over(identity: Running) -> None:
    other = await registered(identity)
    visitor, learner = await signed_in(identity)
    page = await visitor.send(
        "/account/contact", {"mobile": other["mobile"], "email": learner["email"]}
    )
    assert "mobile" in page.invalid
    page = await visitor.send(
        "/account/contact", {"mobile": learner["mobile"], "email": other["email"]}
    )
    assert "email" in page.invalid


async def test_the_present_password_is_needed_for_a_new_one(identity: Running) -> None:
    visitor, learner = await signed_in(identity)
    new = {"password": "Barley-Anchor-31", "password_again": "Barley-Anchor-31"}
    page = await visitor.send("/account/password", new | {"password_present": "no"})
    assert "password_present" in page.invalid
    done = await visitor.send("/account/password", new | {"password_present": PASSWORD})
    assert done.answer.headers["location"] == "/login"
    assert (await visitor.sign_in(learner["email"])).answer.status_code == 401


async def test_a_returned_registration_is_corrected_and_looked_at_again(
    identity: Running,
) -> None:  # I-8
    visitor, learner = await signed_in(
        identity, id_number=SEED_NUMBER, id_number_confirmed=True, real_name="钟检"
    )
    await identity.pool.execute(
        "UPDATE learners SET verification = 'returned', verification_reason = '号码末位不对'"
    )
    assert "号码末位不对" in (await visitor.get("/account")).text

    wrong = await visitor.send("/account/identity", {"real_name": "钟检", "id_number": "1101"})
    assert "id_number" in wrong.invalid
    right = {"real_name": "钟检", "id_number": "110105199004086782"}
    assert (await visitor.send("/account/identity", right)).answer.status_code == 303
    account = (await visitor.get("/account")).text
    assert "钟检1101056782" in account
    assert "Identity unverified" in account  # a returned one is for staff to look at
    assert (await identity.told_names())[-1] == "identity.learner_changed.v1"
    assert (await visitor.sign_in("钟检1101056782")).answer.status_code == 303
    assert learner["account_name"] == "钟检1101056789"


async def test_staff_see_the_services_that_are_open_to_them(identity: Running) -> None:
    await add_staff(identity, "accounts", "mail")
    staff = browser(identity)
    done = await staff.send("/staff/login", {"login": "desk@test", "password": PASSWORD})
    assert done.answer.headers["location"] == "/staff"
    cards = (await staff.get("/staff")).answer.text
    assert 'class="job" href="/staff/identity"' in cards
    assert 'class="job" href="/staff/notifications"' in cards
    assert 'class="job" href="/staff/payments"' not in cards


async def test_the_desk_walks_from_the_queue_to_a_decision(identity: Running) -> None:
    # I-3, I-8, I-9
    learner = await registered(
        identity, real_name="钟检", id_number=SEED_NUMBER, id_number_confirmed=True
    )
    await add_staff(identity, "accounts")
    staff = browser(identity)
    await staff.send("/staff/login", {"login": "desk@test", "password": PASSWORD})
    queue = await staff.get("/staff/identity")
    assert "钟检1101056789" in queue.text
    assert SEED_NUMBER not in queue.answer.text
    assert "钟检1101056789" in (await staff.get("/staff/identity?q=钟检")).text
    assert "钟检1101056789" not in (await staff.get("/staff/identity?q=王")).text

    path = f"/staff/identity/learners/{learner['learner_id']}"
    case = await staff.get(path)
    assert SEED_NUMBER not in case.answer.text
    csrf = {"csrf": case.fields["csrf"]}
    unmasked = await staff.post(f"{path}/unmasked", csrf)
    assert SEED_NUMBER in unmasked.text
    assert "looked at the full ID number" in (await staff.get(path)).text
    assert SEED_NUMBER not in (await staff.get(path)).answer.text

    refused = await staff.post(f"{path}/verification", csrf | {"decision": "return"})
    assert (refused.answer.status_code, "reason" in refused.text.lower()) == (422, True)
    accepted = await staff.post(f"{path}/verification", csrf | {"decision": "accept"})
    assert accepted.answer.headers["location"] == "/staff/identity"
    assert "is verified" in (await staff.get("/staff/identity")).text


@pytest.mark.parametrize("path", ["/account", "/account/contact", "/account/password"])
async def test_ones_own_pages_need_a_sign_in(identity: Running, path: str) -> None:
    answer: httpx.Response = (await browser(identity).get(path)).answer
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
