"""Keys and settings: what a process refuses to start with; and the demo's people."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy import prepare
from services.identity import demo
from services.identity.settings import IdentitySettings
from services.identity.tokens import UnfitKey, read_signer
from tests.conftest import MakeService, Running
from tests.identity.builders import ANSWER, captcha


def production(keys: dict[str, str], **changes: Any) -> IdentitySettings:
    given = {name.lower(): value for name, value in keys.items()}
    settings = prepare.settings_for(
        "identity",
        **given,
        database_url="postgresql://nowhere",
        app_env="production",
        public_url="https://edu.example.com",
        **changes,
    )
    assert isinstance(settings, IdentitySettings)
    return settings


def test_production_refuses_a_fixed_captcha(keys: dict[str, str]) -> None:
    production(keys)
    with pytest.raises(ValidationError, match="CAPTCHA_ANSWER"):
        production(keys, captcha_answer="1")


def test_production_refuses_the_demo_key(keys: dict[str, str], tmp_path: Path) -> None:
    demo_key = Path(keys["SESSION_KEY_FILE"])
    read_signer(demo_key, production=False)
    with pytest.raises(UnfitKey, match="demo"):
        read_signer(demo_key, production=True)

    real = json.loads(demo_key.read_text()) | {"kid": "2026-11"}
    (tmp_path / "key.json").write_text(json.dumps(real))
    read_signer(tmp_path / "key.json", production=True)


@pytest.mark.parametrize("missing", ["d", "kid"])
def test_a_key_that_cannot_sign_is_refused(
    keys: dict[str, str], tmp_path: Path, missing: str
) -> None:
    key = json.loads(Path(keys["SESSION_KEY_FILE"]).read_text())
    del key[missing]
    (tmp_path / "key.json").write_text(json.dumps(key))
    with pytest.raises(UnfitKey):
        read_signer(tmp_path / "key.json", production=False)


async def test_a_keyless_captcha_is_random(service: MakeService) -> None:
    identity = await service("identity")
    await captcha(identity.client)
    answer = await identity.pool.fetchval("SELECT answer FROM captchas")
    assert len(answer) == 6
    assert answer != ANSWER


async def seeded(running: Running) -> demo.Accounts:
    settings = running.kit.settings
    assert isinstance(settings, IdentitySettings)
    return await demo.seed(running.kit, settings)


async def test_the_demo_people_are_made_once_and_can_sign_in(identity: Running) -> None:
    first, second = await seeded(identity), await seeded(identity)
    assert first == second
    assert {staff["service"] for staff in first["staff"]} >= {"identity", "payments", "progress"}
    finance = {staff["login"] for staff in first["staff"] if staff["role"] == "finance"}
    assert finance == {"finance@demo", "finance2@demo"}  # two persons issue cards ($-3)
    assert (await identity.told_names()).count("identity.learner_registered.v1") == 2

    for learner in first["learners"]:
        solved = await captcha(identity.client)
        body = {"login": learner["login"], "password": learner["password"], **solved}
        answer = await identity.client.post("/api/identity/sessions", json=body)
        assert answer.status_code == 201
    for staff in first["staff"]:
        body = {"login": staff["login"], "password": staff["password"]}
        answer = await identity.client.post("/api/identity/staff/sessions", json=body)
        assert answer.status_code == 201
