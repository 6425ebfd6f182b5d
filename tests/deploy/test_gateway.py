"""nginx before the services: every path reaches its owner, and no header is believed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.check import problems
from deploy.gateway import ROUTES, owner_of
from deploy.prepare import SERVICES
from deploy.servers.processes import Child, Command, free_port
from deploy.stack import nginx

AWAY = "notifications"  # nothing listens on this one's port


async def _echo(name: str) -> tuple[asyncio.Server, str]:
    """A server that answers with its name and the head of the request; and its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = json.dumps({"name": name, "headers": headers}).encode()
        if head[0].split()[1].endswith("/events"):
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: first\n\n")
            await reader.read()  # the stream stays open as long as somebody listens
        else:
            length = f"Content-Length: {len(body)}\r\n".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + b"\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    servers, upstreams = [], {AWAY: f"127.0.0.1:{free_port()}"}
    for name in [*SERVICES, "ready", "simulators"]:
        if name != AWAY:
            server, upstreams[name] = await _echo(name)
            servers.append(server)
    address = f"127.0.0.1:{free_port()}"
    argv = nginx.command(tmp_path / "nginx", nginx.Gateway(address, upstreams))
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/healthz")).status_code == 200
            except httpx.TransportError:
                return False

        child = Child(Command(name="nginx", argv=argv), ready=answers)
        await child.start()
        yield client
        await child.stop()
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_nginx_and_the_compose_file_have_nothing_to_complain_of() -> None:
    assert problems() == []


async def test_every_path_reaches_the_service_that_owns_it(gateway: httpx.AsyncClient) -> None:
    paths = [path for prefix in ROUTES for path in (prefix, f"{prefix}/below", f"{prefix}wards")]
    for path in [*paths, "/nowhere", "/simulators/wechat", "/readyz"]:
        special = {"/simulators/wechat": "simulators", "/readyz": "ready"}
        owner = special.get(path) or owner_of(path)
        answer = await gateway.get(path.replace("//", "/"))

        if owner == AWAY:
            assert answer.status_code == 503, path
        else:
            assert answer.json()["name"] == owner, path


async def test_what_a_client_says_of_itself_is_replaced_or_dropped(
    gateway: httpx.AsyncClient,
) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.test",
        "X-Real-IP": "6.6.6.6",
        "X-Request-Id": "mine",
        "Forwarded": "for=6.6.6.6",
    }
    seen = (await gateway.get("/courses", headers=forged)).json()["headers"]

    assert seen["x-forwarded-for"] == seen["x-real-ip"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert len(seen["x-request-id"]) == 32
    assert not {"x-forwarded-host", "forwarded"} & seen.keys()


async def test_a_service_that_is_away_is_said_so_with_a_time_to_come_back(
    gateway: httpx.AsyncClient,
) -> None:
    page = await gateway.get("/messages")
    api = await gateway.post("/api/notifications/messages", json={})

    assert page.status_code == api.status_code == 503
    assert page.headers["retry-after"] == api.headers["retry-after"] == "3"
    assert "数据没有丢失" in page.text
    assert api.headers["content-type"] == "application/problem+json"
    assert api.json()["status"] == 503


async def test_too_large_a_body_is_refused_and_metrics_stay_inside(
    gateway: httpx.AsyncClient,
) -> None:
    large = await gateway.post("/api/payments/transfers", content=b"x" * (10 * 1024 * 1024 + 1))

    assert large.status_code == 413
    assert (await gateway.get("/metrics")).status_code == 404


async def test_server_sent_events_come_at_once(gateway: httpx.AsyncClient) -> None:
    async with gateway.stream("GET", "/api/progress/sessions/1/events") as answer:
        first = await anext(answer.aiter_lines())

    assert first == "data: first"
