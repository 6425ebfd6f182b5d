"""`make stack`: six processes, nginx, RabbitMQ and PostgreSQL, and the worked example inside."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from deploy.servers.processes import free_port
from tests.journeys import worked_example
from tests.journeys.running import environment, processes_below, ready


@pytest.mark.timeout(400)
async def test_the_worked_example_on_rabbitmq(tmp_path: Path) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.stack", env=environment(tmp_path, port)
    )
    try:
        await ready(port, process)
        await worked_example.run(f"http://127.0.0.1:{port}", tmp_path)
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 60)
    assert processes_below(tmp_path) == []
