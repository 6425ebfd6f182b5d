"""Every route of every service says who may call it, and means it."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute, Mount, Route

from chassis.permissions import ROLES, Permission
from chassis.web.who import NAMES_WHO
from deploy.prepare import SERVICES
from tests.conftest import MakeService, Running, bearer

SOME_ID = "01990000-0000-7000-8000-000000000000"


def leaves(routes: Iterable[Any]) -> Iterator[Any]:
    """All routes; FastAPI keeps an included router as one entry with its routes inside."""
    for route in routes:
        inside = getattr(route, "effective_candidates", None)
        if inside is None:
            yield route
        else:
            yield from leaves(inside())


def routes_of(running: Running) -> list[Any]:
    """What takes requests with dependencies, i.e. all but OpenAPI and static files."""
    found = [route for route in leaves(running.service.app.routes) if hasattr(route, "dependant")]
    assert len(found) > 5, "the walk finds no routes any more"
    return found


def who_may(dependant: Dependant) -> Iterator[str]:
    """What the route's dependencies say, at any depth."""
    for inner in dependant.dependencies:
        if inner.call is not None and hasattr(inner.call, NAMES_WHO):
            yield str(getattr(inner.call, NAMES_WHO))
        yield from who_may(inner)


def path_of(route: Any) -> str:
    return re.sub(r"{[^}]+}", SOME_ID, route.path)


def is_framework_route(route: BaseRoute, service: str) -> bool:
    """OpenAPI, its page, and static files: public by design."""
    if isinstance(route, Mount):
        return route.path.startswith("/static/")
    return isinstance(route, Route) and route.path.startswith(f"/api/{service}/")


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_names_exactly_one_who(service: MakeService, name: str) -> None:
    running = await service(name)
    for route in routes_of(running):
        assert len(set(who_may(route.dependant))) == 1, f"{route.methods} {route.path}"
    for route in leaves(running.service.app.routes):
        assert hasattr(route, "dependant") or is_framework_route(route, name), route


@pytest.mark.parametrize("name", SERVICES)
async def test_strangers_and_the_wrong_people_are_refused(
    service: MakeService,
    name: str,
    learner_token: Callable[..., str],
    staff_token: Callable[..., str],
) -> None:
    running = await service(name)
    for route in routes_of(running):
        who = next(who_may(route.dependant))
        for method in route.methods:
            await _try(running, method, route, who, learner_token(), staff_token())


async def _try(
    running: Running, method: str, route: Any, who: str, learner: str, staff: str
) -> None:
    if who == "anyone":
        return
    path, is_api = path_of(route), route.path.startswith("/api/")
    stranger = await running.client.request(method, path)
    assert stranger.status_code == (401 if is_api else 303), f"{method} {path}: {stranger}"
    wrong = staff if who == "learner" else learner
    answer = await running.client.request(method, path, headers=bearer(wrong))
    assert answer.status_code in (401, 403, 303), f"{method} {path}: {answer}"
    if who.startswith("staff with"):
        powerless = await running.client.request(method, path, headers=bearer(staff))
        assert powerless.status_code == 403, f"{method} {path}: {powerless}"


async def test_forged_and_expired_tokens_are_no_session(
    service: MakeService, sign: Callable[..., str]
) -> None:
    running = await service("payments")
    subject = {"sub": SOME_ID, "kind": "learner", "name": "x"}
    good = sign(**subject)
    header, claims, _ = good.split(".")
    forged = [
        sign(**subject, exp=1),
        sign(**{**subject, "aud": "another"}),
        sign(**{**subject, "iss": "another"}),
        f"{header}.{claims}.{'A' * 86}",
        f"eyJhbGciOiJub25lIn0.{claims}.",
        "x" * 5000,
    ]
    assert (await running.client.get("/api/payments/cart", headers=bearer(good))).is_success
    for token in forged:
        answer = await running.client.get("/api/payments/cart", headers=bearer(token))
        assert answer.status_code == 401


def test_roles_cover_every_permission_and_administrators_have_all() -> None:
    covered = frozenset[Permission]().union(*(ROLES[role] for role in ROLES))
    assert covered == frozenset(Permission) == ROLES["administrator"]
