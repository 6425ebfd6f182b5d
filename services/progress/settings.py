"""What progress is told by its environment."""

from datetime import datetime, timedelta

from pydantic import Field

from chassis.settings import Key, Settings

from .credit import Rules


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
        default=5, ge=0, le=500, description="beats are gathered so long into one message"
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
