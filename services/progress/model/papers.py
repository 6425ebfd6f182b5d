"""Exercises (P-6): the order in which a learner is asked, and how the answers are marked.

Each learner and attempt has an order of its own, of the questions and of their choices. It follows
from who asks which attempt of what, so nothing needs to be kept: the same paper can be drawn again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from contracts.catalogue import Question, QuestionKind

from .questions import wrong_form
from .refusals import ExerciseIncomplete

PASS_PERCENT = 60  # of an exercise; doing it is what counts (P-6), passing is for the learner


@dataclass(frozen=True, slots=True)
class PaperQuestion:
    """A question as one learner is asked it; `order`: its choices, by place in the outline."""

    question: Question
    order: tuple[int, ...]

    @property
    def question_id(self) -> UUID:
        return self.question.question_id

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.question.choices[choice] for choice in self.order)

    def in_outline(self, shown: Iterable[int]) -> list[int]:
        return sorted({self.order[place] for place in shown})

    def as_shown(self, choices: Iterable[int]) -> tuple[int, ...]:
        """A choice that the outline no longer has is left out."""
        return tuple(sorted(self.order.index(c) for c in set(choices) if c in self.order))


@dataclass(frozen=True, slots=True)
class Paper:
    """An exercise as it is asked; the first attempt is 1."""

    attempt: int
    questions: tuple[PaperQuestion, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An exercise that was handed in, with the choices as the outline counts them."""

    answers: Mapping[str, list[int]]
    score: int
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """A question with what was chosen and what is right, in the order in which it was asked."""

    asked: PaperQuestion
    chosen: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def is_right(self) -> bool:
        return self.chosen == self.right


@dataclass(frozen=True, slots=True)
class ExerciseResult:
    attempt: int
    score: int  # percent
    questions: tuple[MarkedQuestion, ...]

    @property
    def passed(self) -> bool:
        return self.score >= PASS_PERCENT

    @property
    def answers(self) -> dict[str, list[int]]:
        """What was chosen, as it is kept: by the outline's own numbers."""
        return {
            str(marked.asked.question_id): marked.asked.in_outline(marked.chosen)
            for marked in self.questions
        }


def draw(
    questions: Sequence[Question], *, learner_id: UUID, courseware_id: UUID, attempt: int
) -> Paper:
    """The paper of this learner and attempt, always the same. True and false keep their places."""
    chance = Random(f"{learner_id} {courseware_id} {attempt}")
    asked = [PaperQuestion(question, _order(question, chance)) for question in questions]
    chance.shuffle(asked)
    return Paper(attempt, tuple(asked))


def _order(question: Question, chance: Random) -> tuple[int, ...]:
    order = list(range(len(question.choices)))
    if question.kind is not QuestionKind.TRUE_FALSE:
        chance.shuffle(order)
    return tuple(order)


def mark(paper: Paper, answers: Mapping[UUID, list[int]]) -> ExerciseResult:
    """Mark answers, given by the places that the paper shows; the score is the percentage of
    questions answered rightly, a multiple choice only if wholly right.

    Raises `ExerciseIncomplete` naming each question that has no answer or an impossible one.
    """
    errors = {
        f"answers.{asked.question_id}": sentence
        for asked in paper.questions
        if (sentence := wrong_form(asked.question, answers.get(asked.question_id)))
    }
    known = {asked.question_id for asked in paper.questions}
    errors |= {
        f"answers.{question_id}": "This question is not part of the exercise."
        for question_id in answers
        if question_id not in known
    }
    if errors:
        raise ExerciseIncomplete(errors)
    marked = [_marked(asked, answers[asked.question_id]) for asked in paper.questions]
    right = sum(each.is_right for each in marked)
    return ExerciseResult(
        paper.attempt, 100 * right // len(marked) if marked else 100, tuple(marked)
    )


def review(paper: Paper, attempt: Attempt) -> ExerciseResult:
    """A paper that was handed in before, with the score that it got then."""
    return ExerciseResult(
        paper.attempt,
        attempt.score,
        tuple(
            _marked(asked, asked.as_shown(attempt.answers.get(str(asked.question_id), ())))
            for asked in paper.questions
        ),
    )


def _marked(asked: PaperQuestion, chosen: Sequence[int]) -> MarkedQuestion:
    return MarkedQuestion(asked, tuple(sorted(set(chosen))), asked.as_shown(asked.question.correct))
