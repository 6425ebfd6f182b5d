"""Whom the demo talks to: its simulators, unless the environment names somebody else."""

from pathlib import Path

import pytest

from deploy import demo, prepare
from deploy.stack.environment import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path, 8000, "amqp://nowhere", databases={}, keys={}, smtp_port=2525)


def test_services_are_told_of_the_simulators(plan: Plan) -> None:
    told = plan.environment("notifications")
    assert (told["SMTP_HOST"], told["SMTP_PORT"]) == ("127.0.0.1", "2525")
    assert "/simulators/wechat/api/" in told["WECHAT_API_BASE_URL"]
    assert plan.environment("simulators")["SMTP_PORT"] == "2525"


def test_another_mail_server_is_believed_and_the_mailbox_keeps_its_port(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example")
    monkeypatch.setenv("SMTP_PORT", "587")
    told = plan.environment("notifications")
    assert (told["SMTP_HOST"], told["SMTP_PORT"]) == ("mail.example", "587")
    assert plan.environment("simulators")["SMTP_PORT"] == "2525"


async def test_another_merchant_is_believed_by_payments_and_by_the_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str]
) -> None:
    monkeypatch.setenv("WECHAT_MCH_ID", "20000200")
    monkeypatch.setenv("WECHAT_API_BASE_URL", "https://pay.example/")
    simulators = demo.simulators(tmp_path, 8000, smtp_port=0)
    settings = prepare.settings_for(
        "payments",
        **{**prepare.as_settings(keys), **simulators.settings},
        database_url="postgresql://nowhere",
    )
    told = settings.model_dump()
    assert (told["wechat_mch_id"], told["wechat_api_base_url"]) == (
        "20000200",
        "https://pay.example/",
    )
    assert demo.credentials()["wechat_mch_id"] == "20000200"
