"""`make run` as a newcomer meets it: one process, and the worked example inside."""

from pathlib import Path

import httpx
import pytest

from deploy.servers.processes import free_port
from tests.journeys import worked_example
from tests.journeys.running import audit, leaks_of, processes_below, standalone


@pytest.mark.timeout(300)
async def test_the_worked_example_in_one_process(tmp_path: Path) -> None:
    port = free_port()
    async with standalone(tmp_path, port) as process:
        await worked_example.run(f"http://127.0.0.1:{port}", tmp_path)
        assert "every figure agrees" in await audit(tmp_path, port)
    assert process.returncode == 0
    assert processes_below(tmp_path) == []
    assert leaks_of(tmp_path) == []

    async with standalone(tmp_path, port):
        async with httpx.AsyncClient(trust_env=False) as http:
            found = await http.get(
                f"http://127.0.0.1:{port}/api/certificates/search",
                params={"name": "钟检", "id_number": "110105199004086789"},
            )
        assert found.json()["items"][0]["status"] == "valid"
