"""A learner on the way to a certificate; every value that a claim is not about has a default."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from chassis import clock, ids
from contracts.identity import (
    LearnerChanged,
    LearnerKind,
    LearnerRegistered,
    LearnerVerified,
    Qualification,
    Title,
)
from contracts.progress import CycleSatisfied
from tests.conftest import Running

NAME = "钟检"
MASKED = "110105********6789"
MAC = "7b" * 32
HELD = "JY-2011-03872"
CATEGORY = "水平考试合格证"


def days(count: int) -> date:
    """So many days from today in Shanghai."""
    return clock.today() + timedelta(days=count)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)  # 12:00 in Shanghai


@dataclass
class Someone:
    """A learner of whom other services tell. By default a holder whose certificate ends today."""

    learner_id: UUID = field(default_factory=ids.new_id)
    kind: LearnerKind = LearnerKind.HOLDER
    expires_on: date = field(default_factory=clock.today)
    name: str = NAME
    mac: str = MAC
    title: Title | None = None

    def facts(self, *, version: int = 1, verified: bool = False, **more: Any) -> dict[str, Any]:
        held = Qualification(number=HELD, category=CATEGORY, expires_on=self.expires_on)
        known = {
            "learner_id": self.learner_id,
            "version": version,
            "real_name": self.name,
            "kind": self.kind,
            "email": "zhongjian@example.com",
            "id_number_masked": MASKED,
            "id_number_mac": self.mac,
            "verified": verified,
            "qualification": held if self.kind is LearnerKind.HOLDER else None,
            "title": self.title,
            "registered_at": clock.now(),
        }
        return known | more

    def registered(self, **more: Any) -> LearnerRegistered:
        return LearnerRegistered(**self.facts(**more))

    def changed(self, *, version: int = 2, **more: Any) -> LearnerChanged:
        return LearnerChanged(**self.facts(version=version, **more))

    def verified(self, *, version: int = 3, **more: Any) -> LearnerVerified:
        return LearnerVerified(**self.facts(version=version, verified=True, **more))

    def satisfied(self, on: date | None = None, *, starts_on: date | None = None) -> CycleSatisfied:
        starts_on = starts_on or days(-400)
        return CycleSatisfied(
            learner_id=self.learner_id,
            cycle_starts_on=starts_on,
            cycle_ends_on=starts_on + timedelta(days=1460),
            hours=40,
            study_started_on=days(-30),
            satisfied_at=noon(on) if on else clock.now(),
        )


async def add_cohorts(running: Running, *cohorts: date) -> None:
    """Dates of issue, as a new notice sets them (Z-2)."""
    await running.pool.executemany(
        "INSERT INTO cohorts (cohort_on, origin) VALUES ($1, 'test')", [(day,) for day in cohorts]
    )


async def certified(running: Running, someone: Someone, bearer: dict[str, str]) -> dict[str, Any]:
    """Take a learner the whole way; returns the certificate as its owner sees it."""
    await running.deliver(someone.registered())
    await running.deliver(someone.satisfied())
    await running.deliver(someone.verified())
    answer = await running.client.post("/api/certificates/renewals", headers=bearer)
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    assert item["status"] == "valid", item
    return item
