import pytest

from tests.conftest import MakeService, Running
from tests.identity.builders import ANSWER


@pytest.fixture
async def identity(service: MakeService) -> Running:
    """Identity on a fresh database, with captchas whose answer is known."""
    return await service("identity", captcha_answer=ANSWER)
