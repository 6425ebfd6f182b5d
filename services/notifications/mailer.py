"""The mail server: one SMTP conversation for one letter, and what its end means."""

import asyncio
from typing import Protocol

import aiosmtplib
import structlog
from aiosmtplib import errors

from .letters import Letter
from .model import Outcome, Result
from .settings import NotificationsSettings

log = structlog.get_logger()

COMMANDS = 3  # a conversation may take as long as so many commands that time out
LARGEST_LETTER = 20 * 1024 * 1024  # bytes; what most servers take, and a voucher in base64 is less


class Mailer(Protocol):
    async def send(self, letter: Letter) -> Outcome: ...


class SmtpMailer:
    """A connection for each letter: nothing is shared, nothing goes stale."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._timeout = settings.smtp_timeout_seconds

    async def send(self, letter: Letter) -> Outcome:
        """Never raises: whatever happens is an outcome. Once the letter's text is on its way, a
        lost answer means unknown; before that, a lost server means that nothing was sent."""
        client = self._client()
        upload = len(letter.raw) / self._settings.smtp_bytes_per_second
        conversation = _Conversation(client, letter, text_timeout=self._timeout + upload)
        try:
            async with asyncio.timeout(self._timeout * COMMANDS + upload):
                await self._connect(client)
                await conversation.hold()
        except errors.SMTPRecipientRefused as refusal:
            return _answered(refusal.code, refusal.message)
        except (errors.SMTPSenderRefused, errors.SMTPDataError) as refusal:
            return _answered(refusal.code, refusal.message)
        except (errors.SMTPException, OSError, TimeoutError) as problem:
            lost = Result.UNKNOWN if conversation.text_is_out else Result.AWAY
            return Outcome(lost, _said(problem))
        finally:
            client.close()
        return Outcome(Result.SENT)

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=self._timeout,
            local_hostname="localhost",  # asking DNS for it would block
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        if self._settings.smtp_username:
            await client.login(
                self._settings.smtp_username, self._settings.smtp_password.get_secret_value()
            )


class _Conversation:
    def __init__(self, client: aiosmtplib.SMTP, letter: Letter, *, text_timeout: float) -> None:
        self._client = client
        self._letter = letter
        self._text_timeout = text_timeout
        self.text_is_out = False

    async def hold(self) -> None:
        await self._client.ehlo()
        await self._client.mail(self._letter.sender, options=self._size())
        await self._client.rcpt(self._letter.to)
        self.text_is_out = True
        await self._client.data(self._letter.raw, timeout=self._text_timeout)
        await self._say_goodbye()

    def _size(self) -> list[str]:
        """Said first, a letter that is too large is refused before it is on its way (RFC 1870)."""
        if not self._client.supports_extension("size"):
            return []
        return [f"SIZE={len(self._letter.raw)}"]

    async def _say_goodbye(self) -> None:
        """The letter is taken: what happens now does not matter."""
        try:
            await self._client.quit()
        except (errors.SMTPException, OSError) as problem:
            log.info("smtp_quit_failed", reason=type(problem).__name__)


def _answered(code: int, message: str) -> Outcome:
    """4xx: later. 5xx: never, as it is."""
    return Outcome(Result.DEFERRED if code < 500 else Result.REFUSED, f"{code} {message}")


def _said(problem: BaseException) -> str:
    if isinstance(problem, errors.SMTPResponseException):
        return f"{problem.code} {problem.message}"
    return type(problem).__name__
