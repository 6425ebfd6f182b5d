"""The gateway knows every page: a route that a service has is a route that people reach."""

import pytest

from deploy.gateway import owner_of
from deploy.prepare import SERVICES
from tests.architecture.test_permissions import path_of, routes_of
from tests.conftest import MakeService

INSIDE = {"/healthz", "/readyz", "/metrics"}  # each process answers these itself


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_of_a_service_is_its_own_at_the_gateway(
    service: MakeService, name: str
) -> None:
    paths = {path_of(route) for route in routes_of(await service(name))} - INSIDE

    assert {path: owner_of(path) for path in paths if owner_of(path) != name} == {}
