"""`make stack`: six processes, nginx, RabbitMQ and PostgreSQL, and the worked example inside."""

import asyncio
import signal
from pathlib import Path

import pytest

from deploy.servers.processes import free_port
from tests.journeys import worked_example
from tests.journeys.running import audit, launch, leaks_of, processes_below, ready


@pytest.mark.timeout(400)
async def test_the_worked_example_on_rabbitmq(tmp_path: Path) -> None:
    port = free_port()
    process = await launch("deploy.stack", tmp_path, port)
    try:
        await ready(port, process)
        await worked_example.run(f"http://127.0.0.1:{port}", tmp_path)
        assert "every figure agrees" in await audit(tmp_path, port)
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 60)
    assert processes_below(tmp_path) == []
    assert leaks_of(tmp_path) == []
