"""The SMTP side, on 127.0.0.1: takes every mail for everybody, unless a fault is planned."""

import asyncio
import logging
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulators.mailbox.faults import CONNECT, DATA, MAIL, RCPT, Fault, Plan
from simulators.mailbox.shelf import Shelf

HOST = "127.0.0.1"
LARGEST_MAIL = 20 * 1024 * 1024  # bytes
IDLE_SECONDS = 60

# The library logs every line of every mail, addresses and links included.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Server:
    """`port` 0 takes a free one; `port` tells it once the server listens."""

    def __init__(self, shelf: Shelf, plan: Plan, port: int) -> None:
        self.port = port
        self._plan = plan
        self._handler = _Handler(shelf, plan)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        if self._server:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, like a dead server; the port is kept for the next start."""
        server, self._server = self._server, None
        if server:
            server.close()
            await server.wait_closed()

    @property
    def listens(self) -> bool:
        return self._server is not None

    def _session(self) -> asyncio.BaseProtocol:
        fault = self._plan.take(CONNECT, [])
        if fault:
            return _Unwilling(fault)
        return SMTP(
            self._handler,
            hostname="mailbox.simulators",
            data_size_limit=LARGEST_MAIL,
            timeout=IDLE_SECONDS,
            enable_SMTPUTF8=True,
        )


class _Handler:
    """aiosmtpd calls these by name; the answer is the reply's line."""

    def __init__(self, shelf: Shelf, plan: Plan) -> None:
        self._shelf = shelf
        self._plan = plan

    async def handle_MAIL(
        self, _server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._plan.take(MAIL, [])
        if fault:
            return fault.reply()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._plan.take(RCPT, [address])
        if fault:
            return fault.reply()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _s: Session, envelope: Envelope) -> str:
        recipients = [str(address) for address in envelope.rcpt_tos]
        fault = self._plan.take(DATA, recipients)
        if fault and fault.kind == "refuse":
            return fault.reply()
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        self._shelf.insert(recipients, _bytes(envelope.content))
        if fault and fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "cut":
            _cut(server)
        return "250 OK"


class _Unwilling(asyncio.Protocol):
    """A connection that is refused at once, or gets no greeting."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def connection_made(self, transport: Any) -> None:
        if self._fault.kind == "refuse":
            transport.write(f"{self._fault.reply()}\r\n".encode())
            transport.close()
        else:
            asyncio.get_running_loop().call_later(self._fault.seconds, transport.close)


def _cut(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _bytes(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""
