"""A real browser on a platform of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from deploy.servers import packages
from deploy.servers.processes import free_port
from tests.journeys.person import CAPTCHA_ANSWER
from tests.journeys.running import READY_SECONDS, answers_ready

expect.set_options(timeout=20_000)  # milliseconds: a busy machine is no fault of the page
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Platform:
    """The standalone process."""

    url: str
    data_dir: Path


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """With coursewares of two seconds."""
    told = {"DEMO_REQUIRED_SECONDS": "2"}
    with running_platform(tmp_path_factory.mktemp("platform"), told) as running:
        yield running


@contextmanager
def running_platform(data_dir: Path, told: dict[str, str]) -> Iterator[Platform]:
    """A platform of its own, told these settings; it beats once a second."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "AMQP_URL"},
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "CAPTCHA_ANSWER": CAPTCHA_ANSWER,
        "BEAT_INTERVAL_SECONDS": "1",
        **told,
    }
    process = subprocess.Popen([sys.executable, "-m", "deploy.standalone"], env=environment)
    try:
        asyncio.run(asyncio.wait_for(answers_ready(port), READY_SECONDS))
        yield Platform(f"http://127.0.0.1:{port}", data_dir)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def chromium() -> Path:
    return packages.find_or_install_chromium()


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield opened
        await opened.close()
