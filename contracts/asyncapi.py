"""The events as an AsyncAPI 3 document: `python -m contracts.asyncapi > docs/events.json`."""

import importlib
import json
import pkgutil
from typing import Any

import contracts
from contracts.envelope import PREFIX, SPEC_VERSION
from contracts.event import Event
from contracts.subscriptions import HEARD_BY

EXCHANGE = "events"


def every_event() -> list[type[Event]]:
    """All event classes of this package, by name."""
    for module in pkgutil.iter_modules(contracts.__path__):
        if module.name != "asyncapi":
            importlib.import_module(f"contracts.{module.name}")
    found = [kind for kind in _below(Event) if "name" in vars(kind)]
    return sorted(
        (kind for kind in found if kind.__module__.startswith("contracts.")),
        key=lambda kind: kind.name,
    )


def _below(kind: type[Event]) -> list[type[Event]]:
    return [each for child in kind.__subclasses__() for each in (child, *_below(child))]


def document() -> dict[str, Any]:
    """AsyncAPI 3.0: one channel per event, who sends it and who receives it."""
    kinds = every_event()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "TIC EDU events", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {kind.name: _channel(kind) for kind in kinds},
        "operations": _operations(kinds),
        "components": {"messages": {kind.name: _message(kind) for kind in kinds}},
    }


def _channel(kind: type[Event]) -> dict[str, Any]:
    return {
        "address": kind.name,
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic"}}},
    }


def _message(kind: type[Event]) -> dict[str, Any]:
    schema = kind.model_json_schema(ref_template="#/payload/$defs/{model}")
    for stamped in ("event_id", "occurred_at"):
        schema["properties"].pop(stamped)
    headers = {
        f"{PREFIX}id": {"type": "string", "format": "uuid"},
        f"{PREFIX}source": {"const": f"/services/{kind.told_by()}"},
        f"{PREFIX}specversion": {"const": SPEC_VERSION},
        f"{PREFIX}time": {"type": "string", "format": "date-time"},
        f"{PREFIX}type": {"const": kind.name},
    }
    return {
        "name": kind.name,
        "summary": " ".join((kind.__doc__ or "").split()),
        "headers": {"type": "object", "properties": headers},
        "payload": schema,
    }


def _operations(kinds: list[type[Event]]) -> dict[str, Any]:
    sends = {
        f"{kind.told_by()} tells {kind.name}": {"action": "send", **_of(kind)} for kind in kinds
    }
    hears = {
        f"{service} hears {kind.name}": {"action": "receive", **_of(kind)}
        for service, heard in HEARD_BY.items()
        for kind in heard
    }
    return {**sends, **hears}


def _of(kind: type[Event]) -> dict[str, Any]:
    return {"channel": {"$ref": f"#/channels/{kind.name}"}}


if __name__ == "__main__":
    print(json.dumps(document(), indent=2, ensure_ascii=False))  # noqa: T201 - its purpose
