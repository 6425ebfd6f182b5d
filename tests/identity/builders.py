"""People for identity's tests: everything that a claim is not about is filled in."""

import itertools
import secrets
from typing import Any
from uuid import UUID

import httpx

from tests.conftest import Running

ANSWER = "424242"
PASSWORD = "Wheat-Cargo-77"
SEED_NUMBER = "110105199004086789"  # the notice's worked example: its check character is wrong
VALID_NUMBER = "110105199004086782"

_counter = itertools.count(secrets.randbelow(5_000_000))


def check_character(first_17: str) -> str:
    """GB 11643, written here a second time: weights 2^(17-i) modulo 11."""
    total = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(first_17))
    return "10X98765432"[total % 11]


def id_number(*, serial: int | None = None, ok: bool = True, region: str = "110105") -> str:
    """A fresh number whose check character is right, or just not."""
    count = next(_counter) if serial is None else serial
    year, month, day = 1950 + count // 1000 % 50, 1 + count // 50 % 12, 1 + count % 28
    first = f"{region}{year}{month:02d}{day:02d}{count * 7 % 1000:03d}"
    right = check_character(first)
    wrong = "1" if right != "1" else "3"
    return first + (right if ok else wrong)


def fresh_mobile() -> str:
    return f"138{next(_counter) % 100_000_000:08d}"


def registration(**changes: Any) -> dict[str, Any]:
    """The body of a registration that is accepted, apart from its captcha."""
    mobile = changes.get("mobile") or fresh_mobile()
    standing = {
        "real_name": "王晓梅",
        "id_number": id_number(),
        "mobile": mobile,
        "email": f"learner{mobile}@example.com",
        "password": PASSWORD,
        "password_again": PASSWORD,
        "kind": "newcomer",
    }
    return {**standing, **changes}


async def captcha(client: httpx.AsyncClient, purpose: str | None = None) -> dict[str, str]:
    """A solved captcha, as fields."""
    body = {"purpose": purpose} if purpose else None
    issued = await client.post("/api/identity/captchas", json=body)
    return {"captcha_id": issued.json()["captcha_id"], "captcha_answer": ANSWER}


async def register(running: Running, **changes: Any) -> httpx.Response:
    solved = await captcha(running.client)
    return await running.client.post(
        "/api/identity/learners", json={**registration(**changes), **solved}
    )


async def registered(running: Running, **changes: Any) -> dict[str, Any]:
    """A learner who has just registered: what was answered, and what was sent."""
    sent = registration(**changes)
    answer = await register(running, **sent)
    assert answer.status_code == 201, answer.text
    return {**sent, **answer.json()}


async def sign_in(running: Running, login: str, password: str = PASSWORD) -> httpx.Response:
    solved = await captcha(running.client)
    return await running.client.post(
        "/api/identity/sessions", json={"login": login, "password": password, **solved}
    )


async def add_staff(running: Running, *roles: str, login: str = "desk@test") -> UUID:
    """A member of staff with the password PASSWORD."""
    from chassis import ids
    from chassis.db import transaction
    from services.identity.hashing import Passwords
    from services.identity.store import accounts

    passwords, staff_id = Passwords(), ids.new_id()
    async with transaction(running.pool) as tx:
        await accounts.upsert_staff(
            tx,
            staff_id=staff_id,
            login=login,
            name="李文",
            roles=list(roles),
            password_hash=await passwords.hash(PASSWORD),
        )
    passwords.close()
    return staff_id
