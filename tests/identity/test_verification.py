"""The desk: accept an identity or return it; who may see what (I-3, I-8, I-9)."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from chassis.permissions import Permission
from tests.conftest import Running, bearer
from tests.identity.builders import id_number, registered

VERIFIED = "identity.learner_verified.v1"
StaffToken = Callable[..., str]


@pytest.fixture
def desk(staff_token: StaffToken) -> dict[str, str]:
    """The headers of somebody at the desk."""
    return bearer(
        staff_token(
            Permission.IDENTITY_READ, Permission.IDENTITY_VERIFY, Permission.IDENTITY_UNMASK
        )
    )


async def doubtful(running: Running, **changes: Any) -> dict[str, Any]:
    """A learner whose ID number fails the check character."""
    number = id_number(ok=False)
    return await registered(running, id_number=number, id_number_confirmed=True, **changes)


async def decide(
    running: Running, headers: dict[str, str], learner: dict[str, Any], **body: Any
) -> httpx.Response:
    return await running.client.post(
        f"/api/identity/learners/{learner['learner_id']}/verification",
        json=body or {"decision": "accept"},
        headers=headers,
    )


async def test_an_accepted_identity_is_told_with_a_newer_version(
    identity: Running, desk: dict[str, str]
) -> None:  # I-3
    learner = await doubtful(identity)
    answer = await decide(identity, desk, learner)
    assert (answer.status_code, answer.json()["verified"]) == (200, True)
    told = [json.loads(m.body) for m in await identity.told() if m.name == VERIFIED]
    assert [(facts["verified"], facts["version"]) for facts in told] == [(True, 2)]


async def test_accepting_twice_at_once_is_told_once(
    identity: Running, desk: dict[str, str]
) -> None:
    for _ in range(5):
        learner = await doubtful(identity)
        answers = await asyncio.gather(*(decide(identity, desk, learner) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {200}
    assert (await identity.told_names()).count(VERIFIED) == 5
    lines = await identity.pool.fetchval(
        "SELECT count(*) FROM audit WHERE action = 'identity_verified'"
    )
    assert lines == 5


async def test_accepting_and_returning_at_once_leaves_one_of_the_two(
    identity: Running, desk: dict[str, str]
) -> None:
    for _ in range(5):
        learner = await doubtful(identity)
        await asyncio.gather(
            decide(identity, desk, learner),
            decide(identity, desk, learner, decision="return", reason="The photo is missing."),
        )
        state = await identity.pool.fetchval(
            "SELECT verification FROM learners WHERE learner_id = $1", learner["learner_id"]
        )
        assert state == "verified"  # a return is still accepted; what is verified stays


async def test_a_return_needs_a_reason_that_the_learner_reads(
    identity: Running, desk: dict[str, str], learner_token: Callable[..., str]
) -> None:  # I-8
    learner = await doubtful(identity)
    for nothing in (None, "", "   "):
        refused = await decide(identity, desk, learner, decision="return", reason=nothing)
        assert refused.json()["errors"][0]["field"] == "reason"

    reason = "请核对末位"
    answer = await decide(identity, desk, learner, decision="return", reason=reason)
    assert answer.json()["verification"] == "returned"
    me = await identity.client.get(
        "/api/identity/me", headers=bearer(learner_token(learner["learner_id"]))
    )
    assert me.json()["verification_reason"] == reason
    assert "identity.verification_returned.v1" in await identity.told_names()

    again = await decide(identity, desk, learner, decision="return", reason=reason)
    assert (again.status_code, again.json()["code"]) == (409, "AlreadyReturned")


async def test_what_is_verified_cannot_be_returned(identity: Running, desk: dict[str, str]) -> None:
    learner = await registered(identity)
    answer = await decide(identity, desk, learner, decision="return", reason="Too late")
    assert (answer.status_code, answer.json()["code"]) == (409, "AlreadyVerified")


async def test_an_unknown_learner_is_not_found(identity: Running, desk: dict[str, str]) -> None:
    answer = await decide(identity, desk, {"learner_id": uuid4()})
    assert answer.status_code == 404


async def test_the_queue_holds_the_oldest_first_and_pages_on(
    identity: Running, desk: dict[str, str]
) -> None:
    waiting = [(await doubtful(identity))["learner_id"] for _ in range(5)]
    await registered(identity)
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = await identity.client.get("/api/identity/learners", params=params, headers=desk)
        seen += [item["learner_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert seen == waiting
    assert cursor is None


async def test_learners_are_found_by_name_and_shown_masked(
    identity: Running, desk: dict[str, str]
) -> None:  # I-9
    learner = await registered(identity, real_name="阿依·古丽")
    await registered(identity)
    for beginning in (learner["account_name"], "阿依", "阿依·古丽1"):
        answer = await identity.client.get(
            "/api/identity/learners", params={"account_name": beginning}, headers=desk
        )
        assert [item["learner_id"] for item in answer.json()["items"]] == [learner["learner_id"]]
        assert learner["id_number"] not in answer.text
        assert learner["mobile"] not in answer.text
    for nobody in ("%", "_", "\\", "古丽"):
        answer = await identity.client.get(
            "/api/identity/learners", params={"account_name": nobody}, headers=desk
        )
        assert answer.json()["items"] == []


async def test_every_right_is_asked_for(
    identity: Running, staff_token: StaffToken, learner_token: Callable[..., str]
) -> None:
    learner = await doubtful(identity)
    reader = bearer(staff_token(Permission.IDENTITY_READ))
    mail = bearer(staff_token(Permission.NOTIFICATIONS_READ))
    herself = bearer(learner_token(learner["learner_id"]))
    for headers, status in ((reader, 403), (mail, 403), (herself, 403), ({}, 401)):
        assert (await decide(identity, headers, learner)).status_code == status
    for headers, status in ((reader, 200), (mail, 403), (herself, 403), ({}, 401)):
        answer = await identity.client.get("/api/identity/learners", headers=headers)
        assert answer.status_code == status
    assert (await identity.client.get("/api/identity/me", headers=reader)).status_code == 403


async def test_the_audit_trail_only_grows(identity: Running, desk: dict[str, str]) -> None:
    await decide(identity, desk, await doubtful(identity))
    for change in ("UPDATE audit SET note = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await identity.pool.execute(change)
