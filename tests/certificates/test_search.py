"""The public query (Z-5): by number, by name and ID number, and the limit that stops guessing."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.idnumbers import id_number_mac
from tests.conftest import MakeService, Running

from .builders import MASKED, Someone, add_cohorts, certified, days
from .conftest import SignedIn

SEARCH = "/api/certificates/search"
ID_NUMBER = "110105199004086789"

Mac = Callable[[Running, str], str]


@pytest.fixture
def mac() -> Mac:
    """The keyed hash of an ID number, as identity tells it."""

    def mac(running: Running, id_number: str) -> str:
        settings: Any = running.kit.settings
        return id_number_mac(settings.id_number_mac_key.get_secret_value(), id_number)

    return mac


async def find(running: Running, **query: str) -> list[dict[str, Any]]:
    answer = await running.client.get(SEARCH, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_anyone_finds_a_certificate_by_its_number(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone(name="欧阳检")
    item = await certified(certificates, someone, signed_in(someone))
    for spelling in (item["number"], item["number"].lower(), f" {item['number']} "):
        [found] = await find(certificates, number=spelling)
        assert (found["number"], found["status"]) == (item["number"], "valid")
        assert found["valid_until"] == item["valid_until"]
        assert (found["real_name"], found["id_number_masked"]) == ("欧**", None)
    assert await find(certificates, number="JXJY-2026-999999") == []


async def test_name_and_id_number_find_all_of_a_person(
    certificates: Running, signed_in: SignedIn, mac: Mac
) -> None:
    someone = Someone(name="阿依古丽·买买提", mac=mac(certificates, ID_NUMBER))
    item = await certified(certificates, someone, signed_in(someone))
    for name, number in (
        ("阿依古丽·买买提", ID_NUMBER),
        (" 阿依古丽•买买提 ", "110105 19900408 6789"),
        ("阿依古丽．买买提", "１１０１０５１９９００４０８６７８９"),
    ):
        [found] = await find(certificates, name=name, id_number=number)
        assert found["number"] == item["number"]
        assert (found["real_name"], found["id_number_masked"]) == ("阿依古丽·买买提", MASKED)


async def test_a_wrong_name_and_an_unknown_number_look_the_same(
    certificates: Running, signed_in: SignedIn, mac: Mac
) -> None:
    someone = Someone(mac=mac(certificates, ID_NUMBER))
    await certified(certificates, someone, signed_in(someone))
    wrong = await certificates.client.get(SEARCH, params={"name": "钟捡", "id_number": ID_NUMBER})
    unknown = await certificates.client.get(
        SEARCH, params={"name": "钟检", "id_number": "110105199004086782"}
    )
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.json() == {"items": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "number"),
        ({"name": "钟检"}, "id_number"),
        ({"id_number": ID_NUMBER}, "name"),
        ({"number": "x" * 41}, "number"),
        ({"number": "a\x00b"}, "number"),
        ({"number": "JXJY-2026-000001", "email": "x"}, "email"),
    ],
)
async def test_half_a_question_is_refused_beside_its_field(
    certificates: Running, query: dict[str, str], field: str
) -> None:
    answer = await certificates.client.get(SEARCH, params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert ID_NUMBER not in answer.text


async def test_an_address_that_asks_too_often_waits(service: MakeService) -> None:
    certificates = await service("certificates", search_per_address_a_minute=2)
    answers = [
        await certificates.client.get(SEARCH, params={"number": "JXJY-2026-000001"})
        for _ in range(6)  # a minute may end in between, not more than once
    ]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == "SearchedTooOften"
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60


async def test_all_addresses_together_are_bounded(service: MakeService) -> None:
    certificates = await service("certificates", search_everybody_a_minute=2, trusted_proxy=True)
    statuses = []
    for i in range(6):
        answer = await certificates.client.get(
            SEARCH,
            params={"number": "JXJY-2026-000001"},
            headers={"X-Real-IP": f"192.0.2.{i}"},
        )
        statuses.append(answer.status_code)
    assert 429 in statuses


async def test_no_address_is_kept_in_clear(certificates: Running) -> None:
    await find(certificates, number="JXJY-2026-000001")
    for row in await certificates.pool.fetch("SELECT who FROM searches"):
        assert row["who"] == "*" or len(row["who"]) == 64


async def test_replaced_and_revoked_certificates_say_so(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    await add_cohorts(certificates, days(1))
    item = await certified(certificates, someone, signed_in(someone))
    for state in ("revoked", "superseded"):
        await certificates.pool.execute("UPDATE certificates SET state = $1", state)
        [found] = await find(certificates, number=item["number"])
        assert found["status"] == state


async def test_an_ended_certificate_says_so(certificates: Running, signed_in: SignedIn) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    await certificates.pool.execute(
        "UPDATE certificates SET valid_until = $1, cohort_on = $2", days(-1), days(-1461)
    )
    [found] = await find(certificates, number=item["number"])
    assert found["status"] == "expired"
