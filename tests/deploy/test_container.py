"""A container is one process of the stack: prepared once, each told only what it needs."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy import container
from deploy.prepare import SERVICES
from deploy.servers.postgres import PostgresServer
from deploy.stack.stack import processes
from tests.deploy.test_commands import run


@pytest.fixture
async def composed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A server of its own and the environment that docker-compose.yml gives."""
    async with PostgresServer(tmp_path / "server", private=True, fast=True) as server:
        monkeypatch.setenv("DATABASE_URL", server.url)
        monkeypatch.setenv("AMQP_URL", "amqp://app:word@rabbitmq/")
        yield server.url


async def test_prepare_makes_databases_and_each_service_gets_its_own(
    composed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://study.example")
    await container.make_ready(tmp_path)
    await container.make_ready(tmp_path)  # a second `docker compose up`
    plan = container.plan(tmp_path)
    told = {name: plan.environment(name) for name in processes()}

    assert len({each["PORT"] for each in told.values()}) == len(told)
    assert {each["PUBLIC_URL"] for each in told.values()} == {"https://study.example"}
    owners = {name for name, each in told.items() if "DATABASE_URL" in each}
    assert owners == {*SERVICES, "fold"}
    assert told["fold"]["DATABASE_URL"] == told["progress"]["DATABASE_URL"]
    assert [told["progress"]["FOLDS_BEATS"], "FOLDS_BEATS" in told["fold"]] == ["false", False]
    assert composed not in {each.get("DATABASE_URL") for each in told.values()}
    assert told["payments"]["PARCEL_KEY"] == told["notifications"]["PARCEL_KEY"]
    assert len({each["DATA_DIR"] for each in told.values()}) == 1  # the parcels' shelf is in it
    assert told["gateway"]["LISTEN"] == "0.0.0.0:8000"
    for service in SERVICES:
        connection = await asyncpg.connect(told[service]["DATABASE_URL"])
        assert await connection.fetchval("SELECT current_user") == f"ticedu_{service}"
        await connection.close()


async def test_a_service_cannot_enter_the_database_of_another(
    composed: str, tmp_path: Path
) -> None:
    await container.make_ready(tmp_path)
    own = container.plan(tmp_path).environment("catalogue")["DATABASE_URL"]

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(own.rpartition("/")[0] + "/ticedu_payments")


def test_an_unknown_process_is_refused_with_the_names_of_the_known_ones() -> None:
    answer = run(sys.executable, "-m", "deploy.container", "printer")

    assert answer.returncode == 1
    assert "identity" in answer.stderr
