"""The JSON shapes of the API."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .model import (
    Asked,
    ExerciseResult,
    HourAccount,
    OwnedCourse,
    OwnedCourseware,
    PaperQuestion,
    Plan,
    Restart,
    SessionView,
    UncreditedTime,
)


def course(owned: OwnedCourse) -> dict[str, Any]:
    return {
        "course_id": str(owned.course_id),
        "title": owned.title,
        "kind": owned.kind,
        "hours": owned.hours,
        "hours_done": owned.hours_done,
        "enrolled_at": instant(owned.enrolled_at),
        "coursewares": [courseware(each) for each in owned.coursewares],
    }


def courseware(owned: OwnedCourseware) -> dict[str, Any]:
    return {
        "courseware_id": str(owned.courseware_id),
        "title": owned.title,
        "kind": owned.kind,
        "state": owned.state,
        "credited_seconds": owned.credited_seconds,
        "required_seconds": owned.required_seconds,
        "position_seconds": owned.position_seconds,
        "has_exercise": owned.has_exercise,
        "exercise_done": owned.exercise_done,
        "completed_at": instant(owned.completed_at) if owned.completed_at else None,
    }


def session(view: SessionView, *, beat_interval_seconds: float, now: datetime) -> dict[str, Any]:
    whole = int(beat_interval_seconds)
    return {
        "session_id": str(view.session_id),
        "courseware_id": str(view.courseware_id),
        "state": view.state,
        "ended_by": view.ended_by,
        "credited_seconds": view.credited_seconds,
        "required_seconds": view.required_seconds,
        "position_seconds": view.position_seconds,
        "last_seq": view.last_seq,
        "beat_interval_seconds": whole if whole == beat_interval_seconds else beat_interval_seconds,
        "missing": {
            "seconds": view.missing.seconds,
            "exercise": view.missing.exercise,
            "question": view.missing.question,
        },
        "reasons": [reason(stretch) for stretch in view.reasons],
        **({"question": asked(view.question, now)} if view.question else {}),
        **({"restart": restart(view.restart)} if view.restart else {}),
    }


def asked(one: Asked, now: datetime) -> dict[str, Any]:
    """A pop-up question without its answer; its id is good for one answer."""
    return {
        "question_id": str(one.asking_id),
        "kind": one.question.kind,
        "text": one.question.text,
        "choices": one.question.choices,
        "asked_at": instant(one.asked_at),
        "deadline": instant(one.deadline),
        "seconds_left": max(0, round((one.deadline - now).total_seconds())),
    }


def restart(one: Restart) -> dict[str, Any]:
    return {
        "at": instant(one.at),
        "cause": one.cause,
        "lost_seconds": one.lost_ms // 1000,
        "credited_seconds": one.credited_ms // 1000,
        "position_seconds": one.position_ms / 1000,
        "question": one.question.text if one.question else "",
        "explanation": one.question.explanation if one.question else "",
    }


def reason(stretch: UncreditedTime) -> dict[str, Any]:
    return {
        "reason": stretch.reason,
        "from": instant(stretch.from_at),
        "until": instant(stretch.until_at),
        "seconds": stretch.seconds,
    }


def question(asked: PaperQuestion) -> dict[str, Any]:
    """Without its answer."""
    return {
        "question_id": str(asked.question_id),
        "kind": asked.question.kind,
        "text": asked.question.text,
        "choices": list(asked.choices),
    }


def exercise_result(result: ExerciseResult) -> dict[str, Any]:
    """Choices are named by their places on the paper that was handed in."""
    return {
        "score": result.score,
        "passed": result.passed,
        "attempt": result.attempt,
        "results": [
            {
                "question_id": str(marked.asked.question_id),
                "correct": marked.is_right,
                "chosen": list(marked.chosen),
                "right": list(marked.right),
                "explanation": marked.asked.question.explanation,
            }
            for marked in result.questions
        ],
    }


def hours(account: HourAccount, *, say: Callable[[str], str]) -> dict[str, Any]:
    """`say` puts the labels into the language of the request."""
    return {
        "kind": account.kind,
        "cycle": {
            "starts_on": account.cycle.starts_on.isoformat(),
            "ends_on": account.cycle.ends_on.isoformat(),
        },
        "requirement": [
            {
                "label": say(part.label),
                "kinds": sorted(part.kinds),
                "needed": part.needed,
                "done": part.done,
                "missing": part.missing,
            }
            for part in account.parts
        ],
        "satisfied": account.satisfied,
        "satisfied_at": instant(account.satisfied_at) if account.satisfied_at else None,
        "hours_done": account.hours_done,
        "hours_missing": account.hours_missing,
        "days_left": account.days_left,
        "hours_per_week": account.hours_per_week,
        "plan": plan(account.plan) if account.plan else None,
    }


def plan(plan: Plan) -> dict[str, Any]:
    """`last_safe_day`: null when the cycle is over."""
    return {
        "seconds_left": plan.seconds_left,
        "pace_seconds_per_day": plan.pace_seconds_per_day,
        "last_safe_day": plan.last_safe_day.isoformat() if plan.last_safe_day else None,
    }


def as_json(shape: dict[str, Any]) -> str:
    """On one line, as an event stream needs it."""
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
