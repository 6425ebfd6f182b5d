"""CloudEvents 1.0, AMQP binding, binary mode: attributes as headers, the data as the body."""

from dataclasses import dataclass, field
from typing import TypeVar

from contracts.event import Event

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
PREFIX = "cloudEvents_"

E = TypeVar("E", bound=Event)


class Unreadable(ValueError):
    """The message is not an event of the expected type."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event on the wire. `name` is also its routing key."""

    event_id: str
    name: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def pack(event: Event, *, traceparent: str | None = None) -> Message:
    headers = {
        f"{PREFIX}id": str(event.event_id),
        f"{PREFIX}source": f"/services/{event.told_by()}",
        f"{PREFIX}type": event.name,
        f"{PREFIX}specversion": SPEC_VERSION,
        f"{PREFIX}time": event.occurred_at.isoformat(),
    }
    if traceparent:
        headers["traceparent"] = traceparent
    body = event.model_dump_json(exclude={"event_id", "occurred_at"}).encode()
    return Message(str(event.event_id), event.name, body, headers)


def unpack(event_type: type[E], message: Message) -> E:
    """Read an event. Raises `Unreadable` with the places (never the values) that are wrong."""
    try:
        data = event_type.model_validate_json(message.body)
        stamped = event_type.model_validate(
            {
                **data.model_dump(),
                "event_id": message.headers[f"{PREFIX}id"],
                "occurred_at": message.headers[f"{PREFIX}time"],
            }
        )
    except KeyError as missing:
        raise Unreadable(f"the CloudEvents attribute {missing} is missing") from None
    except ValueError as error:
        raise Unreadable(_places(error)) from None
    if message.headers.get(f"{PREFIX}type") != event_type.name:
        raise Unreadable(f"the CloudEvents type is not {event_type.name}")
    return stamped


def _places(error: ValueError) -> str:
    problems = getattr(error, "errors", None)
    if problems is None:
        return type(error).__name__
    listed = problems(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['type']}" for p in listed)
