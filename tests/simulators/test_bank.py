"""The simulated bank: what is paid stands in its statement, and the platform can read it."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from services.payments.model import statements
from simulators.bank import create_app

TODAY = date.today() + timedelta(days=1)


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_what_is_paid_stands_in_the_statement(bank: httpx.AsyncClient) -> None:
    form = {"payer": "钟检", "amount": "1500", "remark": "7K3Q9M0X"}
    assert (await bank.post("/payments", data=form)).status_code == 303
    out = await bank.post("/payments", json={"payer": "税务局", "amount": "-88.00", "remark": ""})
    assert out.status_code == 201
    assert "7K3Q9M0X" in (await bank.get("/")).text
    for encoding in ("gb18030", "utf-8-sig", "utf-8"):
        content = (await bank.get("/statement.csv", params={"encoding": encoding})).content
        read = statements.read(content, today=TODAY)
        [entry] = read.entries
        assert (entry.payer_name, entry.amount_fen) == ("钟检", 150_000)
        assert "7K3Q9M0X" in entry.remark
        assert (read.ignored, read.faults) == (1, [])


async def test_movements_outlive_the_bank(bank: httpx.AsyncClient, tmp_path: Path) -> None:
    await bank.post("/payments", json={"payer": "钟检", "amount": "1", "remark": "x"})
    transport = httpx.ASGITransport(create_app(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as again:
        assert "钟检" in (await again.get("/")).text


async def test_what_is_no_sum_is_not_booked(bank: httpx.AsyncClient) -> None:
    for amount in ("", "x", "0", "1.005", "NaN", "Infinity"):
        form = {"payer": "钟检", "amount": amount, "remark": ""}
        assert (await bank.post("/payments", data=form)).status_code == 422, amount
        assert (await bank.post("/payments", json=form)).status_code == 422, amount
    assert (await bank.get("/statement.csv?encoding=latin-1")).status_code == 422


def test_a_statement_is_written_at_the_command_line() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "simulators.bank", "--rows", "20"], capture_output=True, check=True
    )
    read = statements.read(made.stdout, today=TODAY)
    assert (len(read.entries), read.ignored, read.faults) == (16, 4, [])
