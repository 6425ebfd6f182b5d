"""What mailed links do: a new password (I-6), a confirmed address (I-7)."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from chassis import links
from contracts.identity import EmailConfirmationRequested, PasswordResetRequested
from services.identity.settings import IdentitySettings
from tests.conftest import Running, bearer
from tests.identity.builders import captcha, registered, sign_in

NEW = "Barley-Anchor-31"


async def ask(running: Running, email: str) -> httpx.Response:
    solved = await captcha(running.client, "password_reset")
    return await running.client.post(
        "/api/identity/password-resets", json={"email": email, **solved}
    )


async def last_request(running: Running, name: str) -> UUID:
    bodies = [message.body for message in await running.told() if message.name == name]
    return UUID(json.loads(bodies[-1])["request_id"])


async def token_of(running: Running, purpose: str) -> str:
    """The token that notifications would put into the mail."""
    event = {
        links.PASSWORD_RESET: PasswordResetRequested.name,
        links.EMAIL_CONFIRMATION: EmailConfirmationRequested.name,
    }[purpose]
    settings = running.kit.settings
    assert isinstance(settings, IdentitySettings)
    key = settings.link_key.get_secret_value()
    return links.token(key, purpose, await last_request(running, event))


async def use(running: Running, token: str, password: str = NEW) -> httpx.Response:
    body = {"token": token, "password": password, "password_again": password}
    return await running.client.post("/api/identity/password-resets/use", json=body)


async def test_the_answer_does_not_tell_whether_an_address_is_known(identity: Running) -> None:
    # I-6
    learner = await registered(identity)
    known, unknown = await ask(identity, learner["email"]), await ask(identity, "x@example.com")
    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    names = await identity.told_names()
    assert names.count(PasswordResetRequested.name) == 1


async def test_a_link_sets_a_new_password_and_ends_all_sessions(identity: Running) -> None:
    # I-6
    learner = await registered(identity)
    session = (await sign_in(identity, learner["email"])).json()
    await ask(identity, learner["email"].upper())
    token = await token_of(identity, links.PASSWORD_RESET)

    assert (await use(identity, token)).status_code == 204
    assert "identity.password_changed.v1" in await identity.told_names()
    refreshed = await identity.client.post(
        "/api/identity/sessions/refresh", json={"refresh_token": session["refresh_token"]}
    )
    assert refreshed.status_code == 401
    assert (await sign_in(identity, learner["email"])).status_code == 401
    assert (await sign_in(identity, learner["email"], NEW)).status_code == 201


async def test_a_link_works_once(identity: Running) -> None:  # I-6
    learner = await registered(identity)
    await ask(identity, learner["email"])
    token = await token_of(identity, links.PASSWORD_RESET)
    answers = await asyncio.gather(*(use(identity, token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410]
    assert (await identity.told_names()).count("identity.password_changed.v1") == 1


async def test_two_links_of_one_learner_used_at_once_do_not_wait_for_each_other(
    identity: Running,
) -> None:
    learner = await registered(identity)
    tokens = []
    for _ in range(2):
        await ask(identity, learner["email"])
        tokens.append(await token_of(identity, links.PASSWORD_RESET))
    answers = await asyncio.gather(*(use(identity, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [204, 410]


async def test_a_link_works_for_thirty_minutes(identity: Running) -> None:  # I-6
    learner = await registered(identity)
    await ask(identity, learner["email"])
    token = await token_of(identity, links.PASSWORD_RESET)
    lifetime = await identity.pool.fetchval(
        "SELECT expires_at - requested_at FROM link_requests WHERE purpose = 'password_reset'"
    )
    assert lifetime == timedelta(minutes=30)
    await identity.pool.execute("UPDATE link_requests SET expires_at = now()")
    answer = await use(identity, token)
    assert (answer.status_code, answer.json()["code"]) == (410, "LinkExpired")


async def test_links_are_for_their_own_purpose(identity: Running) -> None:
    await registered(identity)
    confirmation = await token_of(identity, links.EMAIL_CONFIRMATION)
    assert (await use(identity, confirmation)).status_code == 410


@pytest.mark.parametrize("forged", ["", "x", "0" * 32, f"{'0' * 32}.{'A' * 43}", "\u4e2d.\u6587"])
async def test_a_forged_link_does_nothing(identity: Running, forged: str) -> None:
    assert (await use(identity, forged)).status_code == 410


async def test_a_bad_new_password_leaves_the_link_unused(identity: Running) -> None:
    learner = await registered(identity)
    await ask(identity, learner["email"])
    token = await token_of(identity, links.PASSWORD_RESET)
    for bad in ("short", learner["id_number"]):
        answer = await use(identity, token, bad)
        assert answer.json()["errors"][0]["field"] == "password"
    assert (await use(identity, token)).status_code == 204


async def test_one_mailbox_is_not_flooded(identity: Running) -> None:
    learner = await registered(identity)
    for _ in range(5):
        assert (await ask(identity, learner["email"])).status_code == 202
    assert (await identity.told_names()).count(PasswordResetRequested.name) == 3


async def test_no_event_holds_a_secret(identity: Running) -> None:
    learner = await registered(identity)
    await ask(identity, learner["email"])
    token = await token_of(identity, links.PASSWORD_RESET)
    secret = token.partition(".")[2].encode()
    assert all(secret not in message.body for message in await identity.told())


async def confirm(running: Running, token: str) -> httpx.Response:
    return await running.client.post("/api/identity/email-confirmations/use", json={"token": token})


async def test_following_the_confirmation_link_twice_is_harmless(identity: Running) -> None:
    # I-7
    learner = await registered(identity)
    access = (await sign_in(identity, learner["email"])).json()["access_token"]
    me = await identity.client.get("/api/identity/me", headers=bearer(access))
    assert me.json()["email_confirmed"] is False

    token = await token_of(identity, links.EMAIL_CONFIRMATION)
    answers = await asyncio.gather(*(confirm(identity, token) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    me = await identity.client.get("/api/identity/me", headers=bearer(access))
    assert me.json()["email_confirmed"] is True


async def test_the_mail_can_be_sent_again_but_not_without_end(identity: Running) -> None:
    learner = await registered(identity)
    headers = bearer((await sign_in(identity, learner["email"])).json()["access_token"])
    path = "/api/identity/email-confirmations"
    answers = [await identity.client.post(path, headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 202, 429]
