"""What every request of every service meets first, tried on one of them."""

from collections.abc import AsyncIterator, Callable

import pytest

from chassis.permissions import Permission
from tests.conftest import ORIGIN, MakeService, Running


@pytest.fixture
async def catalogue(service: MakeService) -> Running:
    return await service("catalogue")


@pytest.mark.parametrize("path", ["/", "/api/catalogue/courses", "/nothing-here", "/healthz"])
async def test_every_answer_carries_the_security_headers(catalogue: Running, path: str) -> None:
    answer = await catalogue.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"]


async def test_another_host_name_is_not_served(catalogue: Running) -> None:
    answer = await catalogue.client.get("/", headers={"host": "evil.test"})
    assert answer.status_code == 400
    assert "evil.test" not in answer.text


async def test_a_body_over_the_limit_is_refused_also_when_its_length_is_not_told(
    service: MakeService,
) -> None:
    identity = await service("identity")
    path, json_type = "/api/identity/learners", {"content-type": "application/json"}
    told = await identity.client.post(path, content=b"x" * 70_000, headers=json_type)
    assert (told.status_code, told.json()["code"]) == (413, "TooLarge")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    untold = await identity.client.post(path, content=chunks(), headers=json_type)
    assert (untold.status_code, untold.json()["code"]) == (413, "TooLarge")


@pytest.mark.parametrize(
    ("language", "number", "nul"), [("zh", "无法读取", "控制字符"), ("en", "be read", "character")]
)
async def test_what_nobody_can_read_or_keep_is_said_in_a_sentence(
    service: MakeService, language: str, number: str, nul: str
) -> None:
    identity = await service("identity")
    path, headers = "/api/identity/staff/sessions", {"cookie": f"lang={language}"}
    endless = b'{"login": ' + b"9" * 5000 + b"}"
    sent = {**headers, "content-type": "application/json"}
    for answer, sentence in (
        (await identity.client.post(path, content=endless, headers=sent), number),
        (
            await identity.client.post(
                path, json={"login": "a\0b", "password": "x"}, headers=headers
            ),
            nul,
        ),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "Invalid")
        assert [error["field"] for error in problem["errors"]] == ["body"]
        assert sentence in problem["errors"][0]["message"]


async def test_a_request_from_another_site_with_our_cookies_is_refused(catalogue: Running) -> None:
    cookies = {"cookie": "access=x"}
    foreign = {**cookies, "origin": "https://evil.test"}
    answer = await catalogue.client.post("/api/catalogue/courses", headers=foreign)
    assert answer.status_code == 403
    assert answer.json()["code"] == "ForeignOrigin"
    silent = {**cookies, "sec-fetch-site": "cross-site"}
    assert (await catalogue.client.post("/", headers=silent)).status_code == 403
    own = {**cookies, "origin": ORIGIN}
    assert (await catalogue.client.post("/", headers=own)).status_code == 405


async def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(
    catalogue: Running,
) -> None:
    person = await catalogue.client.get("/nothing-here")
    assert (person.status_code, person.headers["content-type"][:9]) == (404, "text/html")
    program = await catalogue.client.get("/api/catalogue/nothing-here")
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] == "NotFound"
    assert set(program.json()) >= {"type", "title", "status", "detail", "code"}


async def test_a_422_answer_never_repeats_what_was_sent(service: MakeService) -> None:
    identity = await service("identity")
    body = {"real_name": ["110105199004086789"], "password": {"x": "correct horse"}}
    answer = await identity.client.post("/api/identity/learners", json=body)
    assert answer.status_code == 422
    assert "110105199004086789" not in answer.text
    assert "correct horse" not in answer.text
    assert {"field", "message"} == set(answer.json()["errors"][0])


async def test_metrics_and_readiness_answer(catalogue: Running) -> None:
    await catalogue.client.get("/")
    assert "http_requests_total{" in (await catalogue.client.get("/metrics")).text
    ready = await catalogue.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"database": True, "bus": True}


async def test_readiness_says_what_is_missing(catalogue: Running) -> None:
    await catalogue.kit.bus.stop()
    ready = await catalogue.client.get("/readyz")
    assert (ready.status_code, ready.json()["bus"]) == (503, False)


async def test_parked_events_stand_on_the_staff_desk_and_are_replayed(
    service: MakeService, staff_token: Callable[..., str]
) -> None:
    running = await service("catalogue")
    await running.pool.execute(
        """
        INSERT INTO inbox (message_id, name, headers, body, state, tries, reason)
             VALUES ('m-1', 'payments.order_paid.v1', '{}', '{}', 'parked', 8, 'PlantedReason')
        """
    )
    client = running.client
    client.headers["authorization"] = f"Bearer {staff_token(Permission.CATALOGUE_EVENTS)}"
    shown = await client.get("/staff/catalogue/events")
    assert "PlantedReason" in shown.text
    without_token = await client.post("/staff/catalogue/events/m-1/replay")
    assert without_token.status_code == 403
    form = {"csrf": client.cookies["csrf"]}
    replayed = await client.post("/staff/catalogue/events/m-1/replay", data=form)
    assert replayed.status_code == 303
    assert await running.pool.fetchval("SELECT state FROM inbox") == "failed"
    again = await client.post("/staff/catalogue/events/m-1/replay", data=form)
    assert again.status_code == 409


async def test_the_api_explains_itself_without_scripts(catalogue: Running) -> None:
    document = (await catalogue.client.get("/api/catalogue/openapi.json")).json()
    shown = await catalogue.client.get("/api/catalogue/docs")
    assert shown.status_code == 200
    for path in document["paths"]:
        if path.startswith("/api/"):
            assert path in shown.text
