"""Every event's shape stands in a golden file; a changed one is a new version, not an edit."""

import json
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from pydantic import BaseModel

from contracts import asyncapi, subscriptions
from contracts.catalogue import CoursePublished, QuestionRule
from contracts.envelope import pack, unpack
from contracts.event import Event
from deploy import prepare

GOLDEN = Path(__file__).parent / "golden"
SAMPLES: dict[type, Any] = {
    UUID: UUID(int=7),
    str: "text",
    int: 3,
    float: 1.5,
    bool: True,
    date: date(2026, 11, 22),
    datetime: datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
}


def sample(annotation: Any) -> Any:
    """A fixed value of a type: enough to show a field's name and form."""
    if get_origin(annotation) in (UnionType, Union):
        return sample(next(kind for kind in get_args(annotation) if kind is not type(None)))
    if get_origin(annotation) is list:
        return [sample(get_args(annotation)[0])]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return filled(annotation)
    return SAMPLES[annotation]


def filled(model: type[BaseModel]) -> Any:
    return model(**{name: sample(f.annotation) for name, f in model.model_fields.items()})


@pytest.mark.parametrize("kind", asyncapi.every_event(), ids=lambda kind: kind.name)
def test_an_event_looks_as_agreed(kind: type[Event]) -> None:
    """To add an event or an optional field: write the file that this test shows."""
    message = pack(filled(kind))
    shown = {"headers": message.headers, "data": json.loads(message.body)}
    path = GOLDEN / f"{kind.name}.json"
    agreed = json.loads(path.read_text()) if path.exists() else None
    assert shown == agreed, json.dumps(shown, indent=2)


@pytest.mark.parametrize("kind", asyncapi.every_event(), ids=lambda kind: kind.name)
def test_any_cloudevents_reader_understands_an_event(kind: type[Event]) -> None:
    event = filled(kind)
    message = pack(event)
    read = from_binary_event(
        AMQPMessage(
            properties={"content-type": "application/json"},
            application_properties=dict(message.headers),
            application_data=message.body,
        ),
        JSONFormat(),
    )
    assert read.get_id() == str(event.event_id)
    assert read.get_type() == kind.name
    assert read.get_time() == event.occurred_at
    assert unpack(kind, message) == event


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    kind = asyncapi.every_event()[0]
    message = pack(filled(kind))
    body = json.dumps({**json.loads(message.body), "added_later": 1}).encode()
    later = type(message)(message.event_id, message.name, body, message.headers)
    assert unpack(kind, later) == filled(kind)


def test_a_courseware_told_without_rules_has_the_usual_ones() -> None:  # P-2, P-5
    message = pack(filled(CoursePublished))
    body = json.loads(message.body)
    for rule in ("question_rule", "max_playback_rate"):
        del body["coursewares"][0][rule]
    earlier = type(message)(
        message.event_id, message.name, json.dumps(body).encode(), message.headers
    )
    [courseware] = unpack(CoursePublished, earlier).coursewares
    assert (courseware.question_rule, courseware.max_playback_rate) == (QuestionRule.RESTART, 1.5)


def test_no_event_has_a_field_for_a_secret_or_an_id_number() -> None:
    forbidden = {"id_number", "mobile", "password", "token", "card_code", "openid"}
    for kind in asyncapi.every_event():
        assert not forbidden & set(kind.model_fields), kind.name


@pytest.mark.parametrize("service", prepare.SERVICES)
def test_a_service_handles_what_the_subscriptions_say(service: str) -> None:
    """RabbitMQ's bindings are made from the table, the handlers are found in the service."""
    consumer = prepare.module(service, "consumers").consumer
    assert consumer.names == subscriptions.names_for(service)


def test_the_asyncapi_document_names_every_event() -> None:
    document = asyncapi.document()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == {e.name for e in asyncapi.every_event()}
    assert {op["action"] for op in document["operations"].values()} == {"send", "receive"}


def test_the_document_in_docs_is_the_one_that_the_contracts_make() -> None:
    """After a change: `python -m contracts.asyncapi > docs/events.json`."""
    assert json.loads(Path("docs/events.json").read_text()) == asyncapi.document()
