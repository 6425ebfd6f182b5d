"""Logs: one JSON line per fact, and nothing personal or secret in any of them.

Two nets: keys that name a secret are masked at any depth; what looks like an ID number, a mobile
number, an e-mail address or a token is masked in every string, exceptions included.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MASK = "[redacted]"
SECRET_KEYS = re.compile(
    r"(?i)password|secret|token|authorization|cookie|id_?number|mobile|phone|openid|api_?key"
    r"|card_?code|captcha_answer|e?mail(_?address)?$|real_?name|account_?name|login$|body$|payload"
)
SECRET_SHAPES = re.compile(
    r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])"  # ID number
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # mobile number
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # e-mail address
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+"  # JWT
    r"|(?<![0-9A-Za-z_-])[\w-]{32}\.[\w-]{43}(?![\w-])"  # link token, see chassis.links
    r"|://[^/\s:@]+:[^/\s@]+@"  # credentials in a URL
)
NOISY = {
    "aio_pika": "WARNING",
    "aiormq": "CRITICAL",  # one line for every try to connect; chassis.rabbit says it once
    "wechatpy": "WARNING",
    "asyncio": "WARNING",
}

EventDict = MutableMapping[str, Any]


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The structlog processor: the last before rendering."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key) and not isinstance(value, bool | int | float | None):
        return MASK
    if isinstance(value, str):
        return SECRET_SHAPES.sub(MASK, value)
    if isinstance(value, Mapping):
        return {str(k): _clean(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, item) for item in value]
    if isinstance(value, bool | int | float | None):
        return value
    return SECRET_SHAPES.sub(MASK, str(value))


def configure(level: str = "INFO", stream: TextIO = sys.stdout) -> None:
    """Send structlog and the standard library's loggers through one redacting JSON renderer."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in NOISY.items():
        logging.getLogger(name).setLevel(least)
