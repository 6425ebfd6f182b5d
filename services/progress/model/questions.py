"""Pop-up questions (P-5): how one is shown, judged, and what a missed one costs."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from contracts.catalogue import Question, QuestionKind

LATE_SECONDS = 2  # an answer may be under way so long
AWAY_MAX = timedelta(minutes=10)  # who was away for longer is asked another question

AskedState = Literal["open", "right", "wrong", "missed", "void"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, with the choices in the order in which they were shown."""

    asking_id: UUID
    learner_id: UUID
    enrolment_id: UUID
    courseware_id: UUID
    session_id: UUID
    question: Question
    asked_at: datetime
    deadline: datetime
    state: AskedState
    credited_ms: int
    position_ms: int
    answered_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        return now > self.deadline + timedelta(seconds=LATE_SECONDS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an answer; `right` are the right choices."""

    correct: bool
    restarted: bool
    right: tuple[int, ...]
    explanation: str
    in_time: bool = True


@dataclass(frozen=True, slots=True)
class Restart:
    """A courseware has started again: why, from where, and what it cost."""

    at: datetime
    cause: str
    lost_ms: int
    credited_ms: int
    position_ms: int
    question: Question | None


def shuffled(question: Question, dice: random.Random) -> Question:
    """The same question with its choices in another order; true and false stay as they are."""
    if question.kind is QuestionKind.TRUE_FALSE:
        return question
    order = list(range(len(question.choices)))
    dice.shuffle(order)
    return question.model_copy(
        update={
            "choices": [question.choices[index] for index in order],
            "correct": sorted(order.index(index) for index in question.correct),
        }
    )


def is_right(question: Question, chosen: Sequence[int]) -> bool:
    return set(chosen) == set(question.correct)


def mark(right: int, answered: int) -> float:
    """Percent of the questions that were answered rightly."""
    return 100 * right / answered if answered else 100.0


def wrong_form(question: Question, answer: list[int] | None) -> str | None:
    if not answer:
        return "Please answer this question."
    if any(not 0 <= choice < len(question.choices) for choice in answer):
        return "Please choose one of the options."
    if question.kind is not QuestionKind.MULTIPLE and len(set(answer)) != 1:
        return "Please choose one option only."
    return None
