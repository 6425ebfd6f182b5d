"""A certificate needs a registration, a verified identity and its date: in any order, once."""

import asyncio
from datetime import date
from itertools import permutations

import pytest

from services.certificates import workers
from tests.conftest import MakeService, Running

from .builders import Someone, add_cohorts, days
from .conftest import SignedIn

ISSUED = "certificates.certificate_issued.v1"
REGISTERED = "certificates.renewal_registered.v1"
TOMORROW = 1


async def numbers(running: Running) -> list[str]:
    rows = await running.pool.fetch("SELECT number FROM certificates")
    return [row["number"] for row in rows]


async def register(running: Running, headers: dict[str, str]) -> None:
    answer = await running.client.post("/api/certificates/renewals", headers=headers)
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("order", list(permutations(["registration", "identity", "date"])))
async def test_whatever_comes_last_issues_exactly_one(  # Z-2, I-3
    service: MakeService, signed_in: SignedIn, order: tuple[str, ...]
) -> None:
    certificates, someone = await service("certificates"), Someone()
    await certificates.deliver(someone.registered())
    await certificates.deliver(someone.satisfied())

    for fact in order:
        assert await numbers(certificates) == []
        if fact == "registration":
            await register(certificates, signed_in(someone))
        elif fact == "identity":
            await certificates.deliver(someone.verified())
        else:
            await add_cohorts(certificates, days(0))
            await workers.issue_what_is_due(certificates.pool)

    assert len(await numbers(certificates)) == 1
    assert (await certificates.told_names()).count(ISSUED) == 1


async def test_a_certificate_waits_for_its_day(certificates: Running, signed_in: SignedIn) -> None:
    someone = Someone(expires_on=days(TOMORROW))
    await add_cohorts(certificates, days(TOMORROW))
    await certificates.deliver(someone.registered(verified=True))
    await certificates.deliver(someone.satisfied())
    await register(certificates, signed_in(someone))
    assert await workers.issue_what_is_due(certificates.pool, today=days(0)) == 0
    assert await workers.issue_what_is_due(certificates.pool, today=days(TOMORROW)) == 1
    assert await workers.issue_what_is_due(certificates.pool, today=days(TOMORROW)) == 0


@pytest.mark.parametrize("facts_first", [True, False])
async def test_hours_may_be_heard_of_before_the_learner(
    certificates: Running, signed_in: SignedIn, *, facts_first: bool
) -> None:
    someone = Someone()
    events = [someone.registered(verified=True), someone.satisfied()]
    for event in events if facts_first else reversed(events):
        await certificates.deliver(event)
    await register(certificates, signed_in(someone))
    assert len(await numbers(certificates)) == 1


async def test_consumers_called_twice_change_nothing(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    events = [someone.registered(), someone.satisfied(), someone.verified()]
    for event in events:
        assert await certificates.deliver(event) is True
        assert await certificates.deliver(event) is False
    await register(certificates, signed_in(someone))
    again = [someone.registered(), someone.changed(), someone.satisfied(), someone.verified()]
    for event in again:  # the same facts under new event ids, as after a lost acknowledgement
        await certificates.deliver(event)
    assert len(await numbers(certificates)) == 1
    assert (await certificates.told_names()).count(ISSUED) == 1


async def test_older_facts_do_not_overwrite_newer_ones(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await certificates.deliver(someone.verified(version=3, real_name="钟新"))
    await certificates.deliver(someone.changed(version=2, real_name="钟旧"))
    await certificates.deliver(someone.satisfied())
    await register(certificates, signed_in(someone))
    assert await certificates.pool.fetchval("SELECT snapshot->>'real_name' FROM certificates") == (
        "钟新"
    )


async def test_what_a_certificate_says_is_frozen(  # Z-6
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await certificates.deliver(someone.registered(verified=True))
    await certificates.deliver(someone.satisfied())
    await register(certificates, signed_in(someone))
    await certificates.deliver(someone.changed(version=9, verified=True, real_name="钟改"))
    answer = await certificates.client.get(
        "/api/certificates/search", params={"number": (await numbers(certificates))[0]}
    )
    assert answer.json()["items"][0]["real_name"] == "钟*"
    assert await certificates.pool.fetchval("SELECT snapshot->>'real_name' FROM certificates") == (
        "钟检"
    )


async def test_event_worker_and_click_at_once_issue_one(
    certificates: Running, signed_in: SignedIn
) -> None:
    for _ in range(12):
        someone = Someone()
        await certificates.deliver(someone.registered())
        await certificates.deliver(someone.satisfied())
        headers = signed_in(someone)
        await asyncio.gather(
            certificates.deliver(someone.verified()),
            register(certificates, headers),
            register(certificates, headers),
            workers.issue_what_is_due(certificates.pool),
            workers.issue_what_is_due(certificates.pool),
        )
    found = await numbers(certificates)
    assert len(found) == len(set(found)) == 12
    names = await certificates.told_names()
    assert (names.count(ISSUED), names.count(REGISTERED)) == (12, 12)


async def test_two_workers_at_once_issue_one(certificates: Running, signed_in: SignedIn) -> None:
    people = [Someone(expires_on=days(TOMORROW)) for _ in range(10)]
    await add_cohorts(certificates, days(TOMORROW))
    for someone in people:
        await certificates.deliver(someone.registered(verified=True))
        await certificates.deliver(someone.satisfied())
        await register(certificates, signed_in(someone))
    done = await asyncio.gather(
        *(workers.issue_what_is_due(certificates.pool, today=days(TOMORROW)) for _ in range(3))
    )
    assert sum(done) == 10
    assert (await certificates.told_names()).count(ISSUED) == 10


async def test_one_learners_failure_keeps_no_other_waiting(
    certificates: Running, signed_in: SignedIn
) -> None:
    people = [Someone(expires_on=days(TOMORROW)) for _ in range(3)]
    await add_cohorts(certificates, days(TOMORROW))
    for someone in people:
        await certificates.deliver(someone.registered(verified=True))
        await certificates.deliver(someone.satisfied())
        await register(certificates, signed_in(someone))
    await certificates.pool.execute(
        f"ALTER TABLE certificates ADD CHECK (learner_id <> '{people[0].learner_id}')"
    )
    issued = await workers.issue_what_is_due(certificates.pool, today=days(TOMORROW))
    assert issued == len(await numbers(certificates)) == 2


async def test_the_next_cycle_earns_the_next_certificate(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await certificates.deliver(someone.registered(verified=True))
    for starts_on in (days(-1500), days(-30)):
        await certificates.deliver(someone.satisfied(starts_on=starts_on))
        await register(certificates, signed_in(someone))
    answer = await certificates.client.get("/api/certificates/mine", headers=signed_in(someone))
    starts = [item["cycle_starts_on"] for item in answer.json()["items"]]
    assert starts == [days(-30).isoformat(), days(-1500).isoformat()]
    assert len(set(await numbers(certificates))) == 2


async def test_a_change_that_makes_it_late_issues_nothing(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await certificates.deliver(someone.registered())
    await certificates.deliver(someone.satisfied())
    await register(certificates, signed_in(someone))
    someone.expires_on = date(2023, 7, 6)
    await certificates.deliver(someone.verified())
    await workers.issue_what_is_due(certificates.pool, today=days(100))
    assert await numbers(certificates) == []
