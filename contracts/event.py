"""The shape that every event shares: a CloudEvents 1.0 event whose data is a pydantic model."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7


class Part(BaseModel):
    """A value inside an event. Unknown fields are ignored, so that fields may be added."""

    model_config = ConfigDict(frozen=True)


class Event(Part):
    """Something that has happened, told in the past tense by the service that owns the fact.

    `name` is `<service>.<noun>_<past participle>.v<N>`: optional fields may be added, anything
    else is a new version told beside the old.
    """

    name: ClassVar[str]
    event_id: UUID = Field(default_factory=uuid7)
    occurred_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def told_by(cls) -> str:
        """The service that owns the fact."""
        return cls.name.split(".", 1)[0]
