from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import MakeService, Running, bearer

from .builders import Someone, add_cohorts, days


@pytest.fixture
async def certificates(service: MakeService) -> Running:
    """The service with one date of issue: today."""
    running = await service("certificates")
    await add_cohorts(running, days(0))
    return running


@pytest.fixture
def signed_in(learner_token: Callable[..., str]) -> Callable[[Someone], dict[str, str]]:
    """`signed_in(someone)` → the headers of that learner's requests."""

    def headers(someone: Someone) -> dict[str, str]:
        return bearer(learner_token(someone.learner_id, name=someone.name))

    return headers


SignedIn = Callable[[Someone], dict[str, str]]
Json = dict[str, Any]
