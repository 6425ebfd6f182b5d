"""Nothing personal or secret reaches a log."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from chassis import logs
from tests.leaks import leaks_in

ID_NUMBER, MOBILE, EMAIL = "110105199004086789", "13812345678", "zhong.jian@example.com"
PASSWORD = "correct horse battery"
TOKEN = "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    handlers = logging.getLogger().handlers[:]
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    yield stream
    logging.getLogger().handlers[:] = handlers


def fail_with_secrets() -> None:
    password, id_number = PASSWORD, ID_NUMBER
    raise ValueError(f"no room for {id_number} and {len(password)}")


def test_secrets_are_masked_by_key_by_shape_and_in_exceptions(written: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("told", password=PASSWORD, nested={"id_number": ID_NUMBER, "list": [MOBILE]})
    log.info(f"write to {EMAIL} or {MOBILE}, token {TOKEN}")
    logging.getLogger("anybody").warning("row %s at amqp://user:%s@host", ID_NUMBER, "hidden")
    try:
        fail_with_secrets()
    except ValueError:
        log.exception("failed", mobile=MOBILE)
    text = written.getvalue()
    for secret in (ID_NUMBER, MOBILE, EMAIL, PASSWORD, TOKEN, "hidden"):
        assert secret not in text
    assert "ValueError" in text


def test_a_line_break_in_a_value_makes_no_second_line(written: io.StringIO) -> None:
    structlog.get_logger().info("told", title='x\n{"event": "forged"}')
    assert [json.loads(line)["event"] for line in written.getvalue().splitlines()] == ["told"]


def test_amounts_and_numbers_stay_readable(written: io.StringIO) -> None:
    structlog.get_logger().info("order_paid", amount_fen=60000, number="H261122ABCDEF", tokens=3)
    line = json.loads(written.getvalue())
    assert (line["amount_fen"], line["number"], line["tokens"]) == (60000, "H261122ABCDEF", 3)


@pytest.mark.last
def test_the_whole_run_logged_nothing_personal(log_file: Path) -> None:
    """Everything that any test of this run made the product log in this process, at DEBUG. What
    the platform logs as a process of its own is looked at where it is started."""
    structlog.get_logger().info("canary", id_number=ID_NUMBER, text=f"{MOBILE} {TOKEN}")
    for handler in logging.getLogger().handlers:
        handler.flush()
    text = log_file.read_text(encoding="utf-8")
    assert '"canary"' in text
    assert leaks_in(text) == []


def test_the_search_for_leaks_finds_them() -> None:
    for secret in (ID_NUMBER, MOBILE, PASSWORD, TOKEN, f"{'a' * 32}.{'B' * 43}"):
        assert leaks_in(json.dumps({"event": f"told {secret}"})) != []
