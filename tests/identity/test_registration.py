"""Opening an account, through the API (I-1 to I-4)."""

import asyncio
import json
from typing import Any

import pytest

from chassis.db import transaction
from services.identity.actions import registration as actions
from services.identity.registration import RegistrationWish
from services.identity.vault import Vault
from tests.conftest import Running, bearer
from tests.identity.builders import (
    SEED_NUMBER,
    captcha,
    id_number,
    register,
    registered,
    registration,
    sign_in,
)


def fields(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


async def test_the_worked_example_is_registered_after_a_confirmation(identity: Running) -> None:
    # I-2, I-3
    seed = registration(real_name="钟检", id_number=SEED_NUMBER)

    refused = await register(identity, **seed)
    assert "2" in fields(refused)["id_number_confirmed"]
    assert SEED_NUMBER not in refused.text

    answer = await register(identity, **seed, id_number_confirmed=True)
    assert answer.status_code == 201
    assert answer.json()["account_name"] == "钟检1101056789"
    assert answer.json()["id_number_masked"] == "110105********6789"
    assert answer.json()["verified"] is False


async def test_a_number_that_passes_counts_as_verified(identity: Running) -> None:  # I-3
    assert (await registered(identity))["verified"] is True


async def test_registering_is_told_with_everything_but_secrets(identity: Running) -> None:
    learner = await registered(identity)
    told = await identity.told()
    assert [message.name for message in told] == [
        "identity.learner_registered.v1",
        "identity.email_confirmation_requested.v1",
    ]
    facts = json.loads(told[0].body)
    assert facts["learner_id"] == learner["learner_id"]
    assert facts["account_name"] == learner["account_name"]
    assert facts["version"] == 1
    for message in told:
        assert learner["id_number"].encode() not in message.body
        assert learner["password"].encode() not in message.body


@pytest.mark.parametrize("wrong", ["11010519900408678", "1101051990040867890"])
async def test_a_number_of_wrong_length_is_refused(identity: Running, wrong: str) -> None:
    assert str(len(wrong)) in fields(await register(identity, id_number=wrong))["id_number"]


@pytest.mark.parametrize(
    "wrong",
    [
        "11010519900230123X",  # 30 February
        "110105299904086785",  # in the future
        "110105180004086789",  # long ago
        "990105199004086782",  # no such region
        "11010519900408678A",
        "1101O5199004086782",
        "一一0105199004086782",
    ],
)
async def test_an_impossible_number_is_refused_even_when_confirmed(
    identity: Running, wrong: str
) -> None:  # I-3
    answer = await register(identity, id_number=wrong, id_number_confirmed=True)
    assert "id_number" in fields(answer)
    assert wrong not in answer.text


@pytest.mark.parametrize("region", ["810000", "820000", "830000", "110103"])
async def test_permits_and_old_counties_are_numbers_like_others(
    identity: Running, region: str
) -> None:
    assert (await registered(identity, id_number=id_number(region=region)))["verified"] is True


async def test_a_small_x_and_wide_digits_are_the_same_number(identity: Running) -> None:
    number = next(n for n in (id_number() for _ in range(500)) if n.endswith("X"))
    await registered(identity, id_number=number.lower())
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    assert (await register(identity, id_number=wide)).json()["code"] == "IdNumberTaken"


async def test_one_id_number_has_one_account(identity: Running) -> None:  # I-3
    number = id_number()
    await registered(identity, id_number=number)
    again = await register(identity, id_number=number, real_name="赵敏")
    assert (again.status_code, again.json()["code"]) == (409, "IdNumberTaken")


async def test_mobile_and_address_sign_one_person_in(identity: Running) -> None:
    first = await registered(identity)
    same_mobile = await register(identity, mobile=f"+86 {first['mobile']}", email="a@example.com")
    assert same_mobile.json()["code"] == "MobileTaken"
    same_email = await register(identity, email=first["email"].upper())
    assert same_email.json()["code"] == "EmailTaken"


async def test_one_id_number_registered_twice_at_once_has_one_account(identity: Running) -> None:
    for _ in range(5):
        number = id_number()
        answers = await asyncio.gather(
            *(register(identity, id_number=number, real_name=name) for name in ("赵敏", "赵敏"))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await identity.pool.fetchval("SELECT count(*) FROM learners") == 5
    assert (await identity.told_names()).count("identity.learner_registered.v1") == 5


def alike(count: int) -> list[str]:
    """Different ID numbers with the same first six and last four characters."""
    seen: dict[str, set[str]] = {}
    while True:
        number = id_number()
        numbers = seen.setdefault(number[:6] + number[-4:], set())
        numbers.add(number)
        if len(numbers) == count:
            return sorted(numbers)


async def test_same_name_and_digits_get_numbers_one_after_the_other(identity: Running) -> None:
    # I-2
    numbers = alike(3)
    composed = f"李强{numbers[0][:6]}{numbers[0][-4:]}"
    answers = [(await register(identity, id_number=n, real_name="李强")).json() for n in numbers]
    assert [answer["account_name"] for answer in answers] == [
        composed,
        f"{composed}-2",
        f"{composed}-3",
    ]
    assert [answer["account_name_shared"] for answer in answers] == [False, True, True]
    for answer in answers:
        assert (await sign_in(identity, answer["account_name"])).status_code == 201


async def test_same_name_and_digits_at_once_get_a_number_each(identity: Running) -> None:
    # I-2; below the doors, where no hashing keeps the transactions apart
    vault = Vault(encryption_key=bytes(32), mac_key=bytes(32))

    async def open_account(number: str) -> str:
        sent = registration(id_number=number, real_name="李强")
        wish = RegistrationWish(**sent, captcha_id="", captcha_answer="")
        async with transaction(identity.pool) as tx:
            learner = await actions.register(tx, wish, vault=vault, password_hash="none")
        return learner.account_name

    numbers = alike(6)
    names = await asyncio.gather(*(open_account(number) for number in numbers))
    composed = f"李强{numbers[0][:6]}{numbers[0][-4:]}"
    assert set(names) == {composed, *(f"{composed}-{n}" for n in range(2, 7))}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("real_name", "x"),
        ("real_name", "王\0梅"),
        ("real_name", "<b>王</b>"),
        ("real_name", "王" * 41),
        ("mobile", "1381024567"),
        ("mobile", "010-62383899"),
        ("mobile", "+1 202 555 0100"),
        ("mobile", "电话"),
        ("email", "no address"),
        ("email", "a@b\r\nBcc: c@d.cn"),
        ("phone", "call me"),
        ("kind", "student"),
        ("password", "short"),
        ("password", "x" * 65),
        ("password", "password123"),
        ("password", "87654321"),
        ("password_again", "Wheat-Cargo-78"),
    ],
)
async def test_what_is_wrong_stands_at_its_field(identity: Running, field: str, value: str) -> None:
    sent = registration()
    sent[field] = value
    if field == "password":
        sent["password_again"] = value
    answer = await register(identity, **sent)
    assert list(fields(answer)) == [field]
    assert value not in answer.text


async def test_every_problem_is_found_at_once(identity: Running) -> None:
    answer = await register(
        identity, mobile="138", id_number=SEED_NUMBER, password_again="another", kind="holder"
    )
    assert set(fields(answer)) == {
        "mobile",
        "id_number_confirmed",
        "password_again",
        "qualification",
    }


async def test_a_password_made_of_what_everybody_knows_is_refused(identity: Running) -> None:
    # I-4
    sent = registration(mobile="13810245678")
    for known in ("13810245678", sent["id_number"], f"{sent['id_number'][-6:]}ab", "ticedu12"):
        answer = await register(identity, **sent | {"password": known, "password_again": known})
        assert "password" in fields(answer)


async def test_any_character_may_stand_in_a_password(identity: Running) -> None:  # I-4
    password = " 检验😀 \t\\'\"%s "
    learner = await registered(identity, password=password, password_again=password)
    assert (await sign_in(identity, learner["email"], password)).status_code == 201
    assert (await sign_in(identity, learner["email"], password.strip())).status_code == 401


async def test_a_holder_names_the_certificate_and_nobody_else_does(identity: Running) -> None:
    # I-1
    certificate = {"number": "JY-2011-03872", "category": "资格证", "expires_on": "2027-03-01"}
    assert "qualification" in fields(await register(identity, kind="holder"))
    assert "qualification" in fields(
        await register(identity, kind="newcomer", qualification=certificate)
    )
    wrong = await register(
        identity, kind="holder", qualification=certificate | {"expires_on": "1027-03-01"}
    )
    assert "qualification.expires_on" in fields(wrong)
    learner = await registered(identity, kind="holder", qualification=certificate)

    token = (await sign_in(identity, learner["account_name"])).json()["access_token"]
    me = (await identity.client.get("/api/identity/me", headers=bearer(token))).json()
    assert me["qualification"] == certificate


async def test_a_captcha_is_good_for_one_try(identity: Running) -> None:  # I-5
    solved = await captcha(identity.client, "register")
    body = registration() | solved
    first = await identity.client.post("/api/identity/learners", json=body)
    second = await identity.client.post("/api/identity/learners", json=registration() | solved)
    assert first.status_code == 201
    assert "captcha_answer" in fields(second)


async def test_a_field_that_needs_another_look_leaves_the_captcha_unused(
    identity: Running,
) -> None:
    solved = await captcha(identity.client)
    wrong = registration(mobile="138") | solved
    assert "mobile" in fields(await identity.client.post("/api/identity/learners", json=wrong))
    right = registration() | solved
    assert (await identity.client.post("/api/identity/learners", json=right)).status_code == 201


async def test_fields_that_are_not_asked_for_are_refused(identity: Running) -> None:
    answer = await register(identity, verified=True)
    assert "verified" in fields(answer)


async def test_asking_again_and_again_who_is_registered_must_wait(identity: Running) -> None:
    number = id_number()
    await registered(identity, id_number=number)
    answers = [await register(identity, id_number=number) for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {409}
    assert answers[20].status_code == 429
    assert int(answers[20].headers["retry-after"]) > 0


async def test_id_numbers_are_stored_nowhere_in_clear(identity: Running) -> None:  # I-9
    learner = await registered(identity)
    tables = [
        row["tablename"]
        for row in await identity.pool.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
    ]
    for table in tables:
        rows = await identity.pool.fetch(f"SELECT t::text AS content FROM {table} t")  # noqa: S608
        for row in rows:
            assert learner["id_number"] not in row["content"]
            assert learner["id_number"].encode().hex() not in row["content"]
            assert learner["id_number"][6:14] not in row["content"]  # the birth date
            assert learner["password"] not in row["content"]
