"""The pages for visitors and learners, as a browser without scripts meets them."""

from typing import Any

import pytest

from chassis import links
from tests.conftest import Running
from tests.identity.browser import Browser, browser
from tests.identity.builders import (
    ANSWER,
    PASSWORD,
    SEED_NUMBER,
    fresh_mobile,
    registered,
    registration,
)
from tests.identity.test_recovery import token_of


def form(**changes: str) -> dict[str, str]:
    return {name: str(value) for name, value in registration(**changes).items()}


async def test_the_worked_example_registers_after_a_warning(identity: Running) -> None:
    # I-2, I-3
    visitor = browser(identity)
    seed = form(real_name="钟检", id_number=SEED_NUMBER)

    warned = await visitor.send("/register", seed)
    assert warned.answer.status_code == 422
    assert "钟检1101056789" in warned.text
    assert "should be 2, you entered 9" in warned.text
    assert "female, born on 8 April 1990" in warned.text
    assert warned.fields["real_name"] == "钟检"
    assert PASSWORD not in warned.answer.text

    confirmed = seed | {"id_number_confirmed": SEED_NUMBER, "captcha_answer": ANSWER}
    held = {name: warned.fields[name] for name in ("csrf", "captcha_id")}
    done = await visitor.post("/register", confirmed | held)
    assert (done.answer.status_code, done.answer.headers["location"]) == (303, "/account")

    account = await visitor.get("/account")
    assert "钟检1101056789" in account.text
    assert "110105********6789" in account.text
    assert SEED_NUMBER not in account.answer.text
    assert "Identity unverified" in account.text


async def test_a_confirmation_counts_for_one_number_only(identity: Running) -> None:  # I-3
    visitor = browser(identity)
    other = SEED_NUMBER[:-1] + "1"
    page = await visitor.send(
        "/register", form(id_number=other) | {"id_number_confirmed": SEED_NUMBER}
    )
    assert "should be 2, you entered 1" in page.text


async def test_problems_stand_at_their_fields_and_what_was_typed_stays(
    identity: Running,
) -> None:
    sent = form(mobile="1381024567", email="nobody", kind="holder")
    page = await browser(identity).send("/register", sent)
    assert page.answer.status_code == 422
    assert "A mobile number has 11 digits; this one has 10." in page.text
    assert page.invalid["mobile"] == "f-mobile-error"
    assert {"mobile", "email", "qualification.number"} <= page.invalid.keys()
    assert page.fields["mobile"] == "1381024567"
    assert page.fields["email"] == "nobody"
    assert page.fields["kind"] == "holder"
    assert page.fields["captcha_answer"] == ANSWER  # not used up: no need to solve another


async def test_nothing_filled_in_is_answered_field_by_field(identity: Running) -> None:
    page = await browser(identity).send("/register", {"captcha_answer": ""})
    assert page.answer.status_code == 422
    assert {"real_name", "id_number", "mobile", "email", "password", "captcha_answer"} <= set(
        page.invalid
    )


async def test_what_is_taken_is_told_at_its_field_with_a_new_captcha(identity: Running) -> None:
    learner = await registered(identity)
    visitor = browser(identity)
    page = await visitor.send("/register", form(id_number=learner["id_number"]))
    assert "id_number" in page.invalid
    assert page.fields["captcha_answer"] == ""


async def test_another_captcha_keeps_what_was_typed(identity: Running) -> None:
    visitor = browser(identity)
    first = await visitor.get("/register")
    sent = form(real_name="赵敏") | {"new_captcha": "yes", "csrf": first.fields["csrf"]}
    page = await visitor.post("/register", sent | {"captcha_id": first.fields["captcha_id"]})
    assert page.answer.status_code == 200
    assert page.fields["real_name"] == "赵敏"
    assert page.fields["captcha_id"] != first.fields["captcha_id"]
    assert not page.invalid


async def test_a_holder_registers_with_the_certificate(identity: Running) -> None:  # I-1
    visitor = browser(identity)
    certificate = {
        "qualification.number": "JY-2011-03872",
        "qualification.category": "资格证",
        "qualification.expires_on": "2027-03-01",
    }
    done = await visitor.send("/register", form(kind="holder") | certificate)
    assert done.answer.status_code == 303
    account = await visitor.get("/account?lang=zh")
    assert "2027年3月1日" in account.text
    assert "JY-2011-03872" in account.text


async def test_the_second_of_a_name_is_told_of_the_suffix(identity: Running) -> None:  # I-2
    await registered(identity, real_name="钟检", id_number=SEED_NUMBER, id_number_confirmed=True)
    twin = "110105199105216789"
    visitor = browser(identity)
    done = await visitor.send(
        "/register",
        form(real_name="钟检", id_number=twin, mobile=fresh_mobile())
        | {"id_number_confirmed": twin},
    )
    assert done.answer.status_code == 303
    account = await visitor.get("/account")
    assert "was here before you, so your account name is 钟检1101056789-2" in account.text


async def test_chinese_is_the_language_of_the_pages(identity: Running) -> None:
    visitor = Browser(identity.client)
    for path, heading in (("/register", "注册账号"), ("/login", "学员登录")):
        assert heading in (await visitor.get(path)).text


# ---- signing in


async def test_signing_in_goes_on_where_one_wanted_to(identity: Running) -> None:  # I-5
    learner = await registered(identity)
    visitor = browser(identity)
    turned = await visitor.get("/account/contact")
    assert turned.answer.headers["location"] == "/login?next=/account/contact"
    done = await visitor.send(
        "/login?next=/account/contact", {"login": learner["mobile"], "password": PASSWORD}
    )
    assert (done.answer.status_code, done.answer.headers["location"]) == (303, "/account/contact")
    cookies = [c.lower() for c in done.answer.headers.get_list("set-cookie")]
    for name in ("access=", "refresh="):
        cookie = next(c for c in cookies if c.startswith(name))
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "path=/;" in f"{cookie};"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.test",
        "https://evil.test/x",
        "/\\evil.test",
        "evil",
        "/\t/evil.test",
        "/session/refresh",
    ],
)
async def test_nobody_is_sent_to_another_site(identity: Running, elsewhere: str) -> None:
    learner = await registered(identity)
    visitor = browser(identity)
    done = await visitor.send(
        "/login", {"login": learner["email"], "password": PASSWORD, "next": elsewhere}
    )
    assert done.answer.headers["location"] == "/study"
    refreshed = await visitor.get("/session/refresh", params={"next": elsewhere})
    assert refreshed.answer.headers["location"] == "/"


async def test_a_wrong_password_keeps_the_login_and_asks_for_a_new_captcha(
    identity: Running,
) -> None:
    page = await browser(identity).send("/login", {"login": "somebody", "password": "wrong-one"})
    assert page.answer.status_code == 401
    assert "The account or the password is not right." in page.text
    assert page.fields["login"] == "somebody"
    assert page.fields["captcha_answer"] == ""


async def test_a_form_from_elsewhere_is_not_carried_out(identity: Running) -> None:
    learner = await registered(identity)
    visitor = browser(identity)
    page = await visitor.get("/login")
    fields = {"login": learner["email"], "password": PASSWORD, "captcha_answer": ANSWER}
    forged = fields | {"captcha_id": page.fields["captcha_id"], "csrf": "x" * 43}
    assert (await visitor.post("/login", forged)).answer.status_code == 403
    foreign = await visitor.client.post(
        "/logout", data={"csrf": page.fields["csrf"]}, headers={"origin": "https://evil.test"}
    )
    assert foreign.status_code == 403


async def test_signing_out_ends_the_session_and_forgets_the_cookies(identity: Running) -> None:
    learner = await registered(identity)
    visitor = browser(identity)
    await visitor.sign_in(learner["email"])
    token = visitor.client.cookies["refresh"]
    page = await visitor.get("/account")
    left = await visitor.post("/logout", {"csrf": page.fields["csrf"]})
    assert left.answer.headers["location"] == "/"
    assert "access" not in visitor.client.cookies
    assert "refresh" not in visitor.client.cookies
    answer = await visitor.client.post(
        "/api/identity/sessions/refresh", json={"refresh_token": token}
    )
    assert answer.status_code == 401


# ---- a worn-out access token


async def worn_out(identity: Running) -> Browser:
    """Signed in, but the access token has run out."""
    learner = await registered(identity)
    visitor = browser(identity)
    await visitor.sign_in(learner["email"])
    visitor.client.cookies.delete("access")
    return visitor


async def test_a_worn_out_token_is_renewed_on_the_way(identity: Running) -> None:
    visitor = await worn_out(identity)
    turned = await visitor.get("/account?x=1")
    assert turned.answer.status_code == 307
    renewed = await visitor.get(turned.answer.headers["location"])
    assert (renewed.answer.status_code, renewed.answer.headers["location"]) == (307, "/account?x=1")
    assert (await visitor.get("/account")).answer.status_code == 200


async def test_what_was_posted_with_a_worn_out_token_is_kept(identity: Running) -> None:
    visitor = await worn_out(identity)
    csrf = (await visitor.get("/login")).fields.get("csrf") or visitor.client.cookies.get("csrf")
    assert csrf
    turned = await visitor.post("/account/confirmation", {"csrf": csrf})
    assert turned.answer.status_code == 307
    renewed = await visitor.post(turned.answer.headers["location"], {"csrf": csrf})
    assert renewed.answer.status_code == 307
    sent = await visitor.post(renewed.answer.headers["location"], {"csrf": csrf})
    assert sent.answer.status_code == 303


async def test_an_ended_session_meets_the_page_signed_out(identity: Running) -> None:
    visitor = await worn_out(identity)
    await identity.pool.execute("UPDATE sessions SET ended_at = now(), end_reason = 'test'")
    page = await visitor.get("/session/refresh?next=/account")
    assert (page.answer.status_code, page.answer.headers["location"]) == (303, "/account")
    assert "refresh" not in visitor.client.cookies
    turned = await visitor.get("/account")
    assert turned.answer.headers["location"] == "/login?next=/account"


async def test_without_a_refresh_token_one_signs_in(identity: Running) -> None:
    page = await browser(identity).get("/session/refresh?next=/cart")
    assert (page.answer.status_code, page.answer.headers["location"]) == (303, "/login?next=/cart")


async def test_a_learner_before_a_staff_page_signs_in_as_staff(identity: Running) -> None:
    learner = await registered(identity)
    visitor = browser(identity)
    await visitor.sign_in(learner["email"])
    answer: Any = (await visitor.get("/staff/identity")).answer
    for _ in range(3):
        if "/staff/login" in answer.headers["location"]:
            break
        answer = (await visitor.get(answer.headers["location"])).answer
    assert answer.headers["location"] == "/staff/login?next=/staff/identity"


# ---- what mailed links lead to


async def test_a_forgotten_password_is_set_anew(identity: Running) -> None:  # I-6
    learner = await registered(identity)
    visitor = browser(identity)
    asked = await visitor.send("/forgot-password", {"email": learner["email"]})
    assert asked.answer.headers["location"] == "/login"
    assert "is on its way" in (await visitor.get("/login")).text

    path = f"/reset-password/{await token_of(identity, links.PASSWORD_RESET)}"
    for _ in range(2):  # looking uses nothing up
        page = await visitor.get(path)
        assert page.answer.status_code == 200
        assert page.answer.headers["referrer-policy"] == "no-referrer"
    unequal = await visitor.send(path, {"password": "Barley-Anchor-31", "password_again": "x"})
    assert "password_again" in unequal.invalid
    done = await visitor.send(
        path, {"password": "Barley-Anchor-31", "password_again": "Barley-Anchor-31"}
    )
    assert done.answer.headers["location"] == "/login"
    used = await visitor.get(path)
    assert used.answer.status_code == 410
    assert "used already or is too old" in used.text


async def test_an_address_is_confirmed_by_a_press_not_by_a_look(identity: Running) -> None:
    # I-7
    learner = await registered(identity)
    visitor = browser(identity)
    path = f"/confirm-email/{await token_of(identity, links.EMAIL_CONFIRMATION)}"
    assert (await visitor.get(path)).answer.status_code == 200
    confirmed = "SELECT email_confirmed_at IS NOT NULL FROM learners"
    assert await identity.pool.fetchval(confirmed) is False
    assert (await visitor.send(path, {})).answer.status_code == 303
    assert await identity.pool.fetchval(confirmed) is True
    await visitor.sign_in(learner["email"])
    assert "not confirmed yet" not in (await visitor.get("/account")).text


@pytest.mark.parametrize("path", ["/reset-password/x", "/confirm-email/x"])
async def test_a_forged_link_leads_to_a_clear_page(identity: Running, path: str) -> None:
    page = await browser(identity).get(path)
    assert page.answer.status_code == 410
