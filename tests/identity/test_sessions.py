"""Signing in, staying signed in, signing out (I-5, I-6)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from chassis import clock
from chassis.permissions import ROLES
from chassis.sessions import ALGORITHM
from services.identity.model import LIFETIMES
from tests.conftest import Running, bearer
from tests.identity.builders import (
    ANSWER,
    PASSWORD,
    SEED_NUMBER,
    add_staff,
    captcha,
    registered,
    registration,
    sign_in,
)


async def refresh(running: Running, token: str) -> httpx.Response:
    running.client.cookies.clear()
    return await running.client.post(
        "/api/identity/sessions/refresh", json={"refresh_token": token}
    )


async def test_account_name_mobile_and_address_all_sign_in(identity: Running) -> None:  # I-5
    learner = await registered(identity, mobile="138 1024 5678", email="Wang@Example.com")
    for login in (learner["account_name"], "13810245678", "+8613810245678", "wang@example.com"):
        answer = await sign_in(identity, login)
        assert answer.status_code == 201, login
        assert answer.json()["expires_in"] == 900


async def test_the_worked_example_signs_in_under_its_composed_name(identity: Running) -> None:
    await registered(identity, real_name="钟检", id_number=SEED_NUMBER, id_number_confirmed=True)
    assert (await sign_in(identity, "钟检1101056789")).status_code == 201  # I-2


async def test_the_token_says_who_and_is_verified_by_the_published_keys(
    identity: Running,
) -> None:
    learner = await registered(identity)
    token = (await sign_in(identity, learner["email"])).json()["access_token"]
    keys = (await identity.client.get("/api/identity/.well-known/jwks.json")).json()
    assert "d" not in keys["keys"][0]

    claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=[ALGORITHM]).claims
    assert claims["sub"] == learner["learner_id"]
    assert (claims["iss"], claims["aud"], claims["kind"]) == ("tic-edu", "tic-edu", "learner")
    assert (claims["name"], claims["learner_kind"]) == ("王晓梅", "newcomer")
    assert claims["exp"] - claims["iat"] == 900


async def test_unknown_and_wrong_get_the_same_answer(identity: Running) -> None:
    learner = await registered(identity)
    wrong = await sign_in(identity, learner["email"], "Not-The-Password")
    unknown = await sign_in(identity, "nobody@example.com", "Not-The-Password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_odd_logins_are_just_unknown(identity: Running) -> None:
    for login in ("", "%", "' OR 1=1", "😀" * 50):
        assert (await sign_in(identity, login)).status_code == 401


async def test_a_nul_in_a_login_is_bad_input_not_a_fault(identity: Running) -> None:
    assert (await sign_in(identity, "a\0b")).status_code == 422


async def test_a_captcha_serves_one_purpose_once(identity: Running) -> None:  # I-5
    learner = await registered(identity)
    body = {"login": learner["email"], "password": PASSWORD}
    for_registering = await captcha(identity.client, "register")
    answer = await identity.client.post("/api/identity/sessions", json=body | for_registering)
    assert answer.status_code == 422

    solved = await captcha(identity.client, "sign_in")
    wrong = solved | {"captcha_answer": "000000"}
    assert (
        await identity.client.post("/api/identity/sessions", json=body | wrong)
    ).status_code == 422
    again = await identity.client.post("/api/identity/sessions", json=body | solved)
    assert again.status_code == 422  # used up by the wrong answer


async def test_a_captcha_is_good_for_five_minutes(identity: Running) -> None:  # I-5
    learner = await registered(identity)
    solved = await captcha(identity.client)
    await identity.pool.execute("UPDATE captchas SET expires_at = now() - interval '1 second'")
    body = {"login": learner["email"], "password": PASSWORD, **solved}
    assert (await identity.client.post("/api/identity/sessions", json=body)).status_code == 422


async def test_one_captcha_used_twice_at_once_counts_once(identity: Running) -> None:
    for _ in range(5):
        solved = await captcha(identity.client)
        answers = await asyncio.gather(
            *(
                identity.client.post("/api/identity/learners", json=registration() | solved)
                for _ in range(2)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_a_captcha_is_shown_and_spoken_without_giving_its_answer(
    identity: Running,
) -> None:
    issued = (await identity.client.post("/api/identity/captchas")).json()
    picture = await identity.client.get(issued["image_url"])
    sound = await identity.client.get(issued["audio_url"])
    assert picture.content.startswith(b"\x89PNG")
    assert sound.content.startswith(b"RIFF")
    assert ANSWER not in json.dumps(issued)
    assert picture.headers["cache-control"] == "no-store"


async def test_a_refresh_token_is_exchanged_for_the_next(identity: Running) -> None:
    learner = await registered(identity)
    first = (await sign_in(identity, learner["email"])).json()
    second = (await refresh(identity, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    me = await identity.client.get("/api/identity/me", headers=bearer(second["access_token"]))
    assert me.json()["learner_id"] == learner["learner_id"]


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(identity: Running) -> None:
    learner = await registered(identity)
    token = (await sign_in(identity, learner["email"])).json()["refresh_token"]
    answers = await asyncio.gather(*(refresh(identity, token) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    tokens = {answer.json()["refresh_token"] for answer in answers}
    assert len(tokens) == 8
    later = await asyncio.gather(*(refresh(identity, one) for one in tokens))
    assert {answer.status_code for answer in later} == {200}


async def test_an_old_refresh_token_in_other_hands_ends_the_session(identity: Running) -> None:
    learner = await registered(identity)
    stolen = (await sign_in(identity, learner["email"])).json()["refresh_token"]
    present = (await refresh(identity, stolen)).json()["refresh_token"]
    await identity.pool.execute(
        "UPDATE refresh_tokens SET rotated_at = rotated_at - interval '61 seconds'"
    )
    reused = await refresh(identity, stolen)
    assert (reused.status_code, reused.json()["code"]) == (401, "SessionEnded")
    assert (await refresh(identity, present)).status_code == 401


@pytest.mark.parametrize("table", ["sessions", "refresh_tokens"])
async def test_a_session_does_not_outlive_its_time(identity: Running, table: str) -> None:
    learner = await registered(identity)
    token = (await sign_in(identity, learner["email"])).json()["refresh_token"]
    await identity.pool.execute(
        f"UPDATE {table} SET expires_at = now() - interval '1 second'"  # noqa: S608
    )
    assert (await refresh(identity, token)).status_code == 401


async def test_signing_out_ends_every_session(identity: Running) -> None:  # I-6
    learner = await registered(identity)
    on_the_phone = (await sign_in(identity, learner["email"])).json()
    at_the_desk = (await sign_in(identity, learner["email"])).json()
    identity.client.cookies.clear()
    left = await identity.client.delete(
        "/api/identity/sessions", headers=bearer(at_the_desk["access_token"])
    )
    assert left.status_code == 204
    assert (await refresh(identity, at_the_desk["refresh_token"])).status_code == 401
    assert (await refresh(identity, on_the_phone["refresh_token"])).status_code == 401


async def test_tokens_are_stored_as_hashes_only(identity: Running) -> None:
    learner = await registered(identity)
    token = (await sign_in(identity, learner["email"])).json()["refresh_token"]
    stored = await identity.pool.fetch("SELECT t::text AS content FROM refresh_tokens t")
    assert all(token not in row["content"] for row in stored)


async def fail(running: Running, login: str, times: int) -> list[httpx.Response]:
    return [await sign_in(running, login, "Wrong-Guess-1") for _ in range(times)]


async def test_guessing_has_to_wait_after_twenty_tries(identity: Running) -> None:
    learner = await registered(identity)
    assert {a.status_code for a in await fail(identity, learner["email"], 20)} == {401}
    slowed = (await fail(identity, learner["mobile"], 1))[0]  # whatever name is tried
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) > 0
    unknown = await fail(identity, "nobody@example.com", 21)
    assert unknown[-1].json() == slowed.json()  # an unknown name is treated alike


async def test_many_guesses_at_once_are_not_more_than_twenty(identity: Running) -> None:
    learner = await registered(identity)
    await fail(identity, learner["email"], 15)
    guess = {"login": learner["email"], "password": "Wrong-Guess-1"}
    bodies = [guess | await captcha(identity.client) for _ in range(12)]
    answers = await asyncio.gather(
        *(identity.client.post("/api/identity/sessions", json=body) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_strangers_cannot_lock_the_owner_out(identity: Running) -> None:
    learner = await registered(identity)
    assert (await sign_in(identity, learner["email"])).status_code == 201  # a known address
    await identity.pool.execute(
        """
        INSERT INTO tries (try_id, account_key, address_key, tried_at, failed)
             SELECT gen_random_uuid(), account_key, 'elsewhere', now(), true
               FROM sessions, generate_series(1, 50)
        """
    )
    assert (await sign_in(identity, learner["email"])).status_code == 201


async def test_one_address_cannot_try_everybody(identity: Running) -> None:
    learner = await registered(identity)
    await fail(identity, "nobody@example.com", 1)
    await identity.pool.execute(
        """
        INSERT INTO tries (try_id, account_key, address_key, tried_at, failed)
             SELECT gen_random_uuid(), n::text::bytea, address_key, now(), true
               FROM tries, generate_series(1, 100) n
        """
    )
    assert (await sign_in(identity, learner["email"])).status_code == 429


async def test_an_old_hash_is_renewed_when_its_owner_signs_in(identity: Running) -> None:
    from argon2 import PasswordHasher

    learner = await registered(identity)
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await identity.pool.execute("UPDATE learners SET password_hash = $1", weak)
    assert (await sign_in(identity, learner["email"])).status_code == 201
    stored = await identity.pool.fetchval("SELECT password_hash FROM learners")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # I-4


async def sign_in_staff(running: Running, **changes: Any) -> httpx.Response:
    body = {"login": "desk@test", "password": PASSWORD, **changes}
    return await running.client.post("/api/identity/staff/sessions", json=body)


async def test_staff_hold_what_their_roles_allow_at_the_moment(identity: Running) -> None:
    staff_id = await add_staff(identity, "accounts", "a role of old")
    first = (await sign_in_staff(identity)).json()
    session = identity.kit.sessions.verify(first["access_token"])
    assert session is not None
    assert (session.subject, session.kind) == (staff_id, "staff")
    assert session.permissions == ROLES["accounts"]

    await identity.pool.execute("UPDATE staff SET roles = '{mail}'")
    second = (await refresh(identity, first["refresh_token"])).json()
    renewed = identity.kit.sessions.verify(second["access_token"])
    assert renewed is not None
    assert renewed.permissions == ROLES["mail"]

    await identity.pool.execute("UPDATE staff SET disabled_at = now()")
    assert (await refresh(identity, second["refresh_token"])).status_code == 401
    assert (await sign_in_staff(identity)).status_code == 401


async def test_staff_and_learners_use_their_own_doors(identity: Running) -> None:
    learner = await registered(identity)
    await add_staff(identity, "accounts")
    assert (await sign_in(identity, "desk@test")).status_code == 401
    assert (await sign_in_staff(identity, login=learner["email"])).status_code == 401


async def test_sessions_of_staff_are_shorter() -> None:
    assert LIFETIMES["staff"].idle < LIFETIMES["learner"].idle
    assert LIFETIMES["staff"].absolute <= timedelta(hours=12)
    assert clock.now().tzinfo is not None
