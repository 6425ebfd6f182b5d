"""xAPI statements out of progress: what was done, in the words of xAPI 1.0.3 and cmi5's verbs.

Nobody is named in them: a learner is an opaque account of ours, the same in every statement.
Pure; `statements` keeps and `statement_sender` sends what is made here.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from chassis import ids

Statement = dict[str, Any]

VERSION = "1.0.3"
LANGUAGE = "zh-CN"

VERBS = "http://adlnet.gov/expapi/verbs/"
ACTIVITIES = "http://adlnet.gov/expapi/activities/"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
NAMES = {"initialized": "打开", "progressed": "学习", "completed": "学过了", "passed": "练习合格"}


class Studied(NamedTuple):
    """Which learner studied which courseware under which enrolment."""

    learner_id: UUID
    enrolment_id: UUID
    course_id: UUID
    course_title: str
    courseware_id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class Author:
    """Speaks for this installation. Another `public_url` or `key` makes other actors."""

    public_url: str
    key: bytes

    def initialized(self, what: Studied, *, at: datetime) -> Statement:
        """A courseware was opened."""
        return self._statement("initialized", what, at)

    def progressed(
        self, what: Studied, *, credited_ms: int, required_seconds: int, at: datetime
    ) -> Statement:
        """So much time is credited by now, and so many percent of what is required."""
        result = {
            "duration": duration(credited_ms),
            "extensions": {PROGRESS: percent(credited_ms, required_seconds)},
        }
        return self._statement("progressed", what, at, result)

    def completed(self, what: Studied, *, credited_ms: int, at: datetime) -> Statement:
        """「学过了」 was accepted (P-7)."""
        result = {"completion": True, "duration": duration(credited_ms)}
        return self._statement("completed", what, at, result)

    def passed(self, what: Studied, *, score: int, at: datetime) -> Statement:
        """The exercise was passed (P-6); `score` in percent."""
        points = {"scaled": score / 100, "raw": score, "min": 0, "max": 100}
        return self._statement("passed", what, at, {"success": True, "score": points})

    def _statement(
        self, verb: str, what: Studied, at: datetime, result: Mapping[str, Any] | None = None
    ) -> Statement:
        course = self._activity("courses", what.course_id, "course", what.course_title)
        return {
            "id": str(ids.new_id()),
            "actor": self._actor(what.learner_id),
            "verb": {"id": VERBS + verb, "display": {LANGUAGE: NAMES[verb]}},
            "object": self._activity("coursewares", what.courseware_id, "lesson", what.title),
            **({"result": dict(result)} if result else {}),
            "context": {
                "registration": str(what.enrolment_id),
                "contextActivities": {"parent": [course]},
                "language": LANGUAGE,
            },
            "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        }

    def _actor(self, learner_id: UUID) -> dict[str, Any]:
        name = hmac.digest(self.key, b"xapi-actor:" + learner_id.bytes, "sha256")[:16].hex()
        return {"objectType": "Agent", "account": {"homePage": self.public_url, "name": name}}

    def _activity(self, folder: str, activity_id: UUID, kind: str, name: str) -> dict[str, Any]:
        return {
            "objectType": "Activity",
            "id": f"{self.public_url}/activities/{folder}/{activity_id}",
            "definition": {"type": ACTIVITIES + kind, "name": {LANGUAGE: name}},
        }


def percent(credited_ms: int, required_seconds: int) -> int:
    if required_seconds == 0:
        return 100
    return min(100, credited_ms // (required_seconds * 10))


def duration(ms: int) -> str:
    """ISO 8601, in whole seconds: PT1H5M0S."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"PT{hours}H{minutes}M{seconds}S"


def says_the_same(ours: Statement, kept: Any) -> bool:
    """Whether a record store's copy holds all that ours says; it may add to it, and write the
    time in another form."""
    if not isinstance(kept, dict):
        return False
    parts = ("id", "actor", "verb", "object", "result", "context")
    return all(_holds(kept.get(part), ours.get(part)) for part in parts)


def _holds(kept: Any, ours: Any) -> bool:
    if isinstance(ours, dict):
        return isinstance(kept, dict) and all(_holds(kept.get(key), ours[key]) for key in ours)
    if isinstance(ours, list):
        if not isinstance(kept, list) or len(kept) != len(ours):
            return False
        return all(map(_holds, kept, ours))
    return bool(kept == ours)
