"""What progress is told by its environment."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Key, Settings

from .credit import Rules
from .xapi import Author


class ProgressSettings(Settings):
    beat_token_key: Key = Field(description="signs session tokens")
    beat_interval_seconds: float = Field(default=15, ge=0.1, le=300, description="of the player")
    idle_limit_seconds: float = Field(default=300, gt=0, description="without input (P-3)")
    question_limit_seconds: float = Field(default=90, gt=0, description="to answer one (P-5)")
    question_every_seconds: float = Field(
        default=900, gt=0, description="of credit between questions, at most"
    )
    question_mark_percent: int = Field(default=60, ge=0, le=100, description="right answers, P-5")
    late_limit_seconds: float = Field(default=600, gt=0, description="a beat may wait (P-8)")
    session_hours: float = Field(default=12, gt=0, description="a session token's life")
    beat_batch_milliseconds: float = Field(
        default=20, ge=0, le=500, description="beats are gathered so long into one message"
    )
    xapi_endpoint: str = Field(default="", description="of a learning record store; empty: none")
    xapi_key: str = ""
    xapi_secret: SecretStr = SecretStr("")
    xapi_poll_seconds: float = Field(default=1, gt=0, description="how soon a statement is seen")
    xapi_first_wait_seconds: float = Field(
        default=5, gt=0, description="before the first retry; doubles with each"
    )
    xapi_longest_wait_seconds: float = Field(default=600, gt=0)

    @model_validator(mode="after")
    def _record_store_whole(self) -> Self:
        told = [self.xapi_endpoint, self.xapi_key, self.xapi_secret.get_secret_value()]
        if any(told) and not all(told):
            raise ValueError("XAPI_ENDPOINT, XAPI_KEY and XAPI_SECRET must be set together")
        schemes = ("https://",) if self.app_env == "production" else ("https://", "http://")
        if self.xapi_endpoint and not self.xapi_endpoint.startswith(schemes):
            raise ValueError("XAPI_ENDPOINT must begin with https://")
        object.__setattr__(self, "xapi_endpoint", self.xapi_endpoint.rstrip("/"))
        return self

    @property
    def author(self) -> Author | None:
        """Who writes statements; None: nobody does, since no record store is configured."""
        if not self.xapi_endpoint:
            return None
        return Author(self.public_url, self.beat_token_key.get_secret_value())

    folds_beats: bool = Field(
        default=True, description="false: `deploy.fold` receives the beats, in a process of its own"
    )

    @property
    def rules(self) -> Rules:
        return Rules(
            interval_ms=round(self.beat_interval_seconds * 1000),
            idle_limit_ms=round(self.idle_limit_seconds * 1000),
            late_ms=round(self.late_limit_seconds * 1000),
        )

    @property
    def outage_seconds(self) -> float:
        """A page that was not heard for so long has no network: no question's limit runs."""
        return max(30.0, 2 * self.beat_interval_seconds)

    def silent_before(self, now: datetime) -> datetime:
        """Whoever was not heard since then has no open session (P-4)."""
        return now - timedelta(milliseconds=self.rules.silence_ms)

    def forgotten_before(self, now: datetime) -> datetime:
        """Whoever was not heard since then can't send beats any more."""
        return now - self.session_life

    @property
    def session_life(self) -> timedelta:
        """From a session's start to the arrival of its last possible beat."""
        return timedelta(hours=self.session_hours, seconds=self.late_limit_seconds)
