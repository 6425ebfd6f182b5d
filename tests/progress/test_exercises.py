"""The exercise: an order of questions and choices for each learner and attempt, and its marking."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import Courseware, Question, QuestionKind
from services.progress.model import Attempt, ExerciseIncomplete, Paper
from services.progress.model.papers import draw, mark, review
from tests.progress.conftest import Learner, MakeLearner, course, courseware
from tests.progress.test_pages import path_of, send

LETTERS = ["甲", "乙", "丙", "丁", "戊"]
KIND = QuestionKind
SOMEBODY = UUID(int=1)


def asked(kind: QuestionKind = KIND.SINGLE, correct: list[int] | None = None) -> Question:
    choices = ["正确", "错误"] if kind is KIND.TRUE_FALSE else LETTERS
    return Question(
        question_id=uuid4(),
        kind=kind,
        text="哪一个对？",
        choices=choices,
        correct=correct or [0],
        explanation="标准第三条。",
    )


def drawn(questions: list[Question], *, learner_id: UUID = SOMEBODY, attempt: int = 1) -> Paper:
    return draw(questions, learner_id=learner_id, courseware_id=UUID(int=2), attempt=attempt)


def right_answers(paper: Paper) -> dict[UUID, list[int]]:
    """By the text of the choices, as somebody who knows them answers."""
    return {
        each.question_id: [
            each.choices.index(each.question.choices[right]) for right in each.question.correct
        ]
        for each in paper.questions
    }


def test_a_paper_is_the_same_each_time_and_another_for_others_and_again() -> None:
    # P-6
    questions = [asked() for _ in range(10)]
    paper = drawn(questions)
    assert drawn(questions) == paper
    again, other = drawn(questions, attempt=2), drawn(questions, learner_id=UUID(int=9))

    def order(paper: Paper) -> list[UUID]:
        return [each.question_id for each in paper.questions]

    assert len({tuple(order(each)) for each in (paper, again, other)}) == 3
    assert len({each.choices for each in paper.questions}) > 3
    assert {tuple(sorted(each.choices)) for each in paper.questions} == {tuple(sorted(LETTERS))}


def test_true_and_false_keep_their_places() -> None:
    [one] = {each.choices for each in drawn([asked(KIND.TRUE_FALSE) for _ in range(9)]).questions}
    assert one == ("正确", "错误")


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=6),
    st.uuids(),
    st.integers(1, 9),
)
def test_who_knows_the_answers_has_all_points_in_any_order(
    corrects: list[set[int]], learner_id: UUID, attempt: int
) -> None:
    # P-6
    questions = [asked(KIND.MULTIPLE, sorted(correct)) for correct in corrects]
    paper = drawn(questions, learner_id=learner_id, attempt=attempt)
    result = mark(paper, right_answers(paper))
    assert (result.score, result.passed, result.attempt) == (100, True, attempt)
    assert result.answers == {str(q.question_id): q.correct for q in questions}


def test_a_multiple_choice_must_be_wholly_right() -> None:
    # P-6
    paper = drawn([asked(KIND.MULTIPLE, [0, 1]), asked(KIND.MULTIPLE, [2])])
    answers = right_answers(paper)
    short = next(each for each in paper.questions if each.question.correct == [0, 1])
    answers[short.question_id].pop()
    result = mark(paper, answers)
    assert (result.score, result.passed) == (50, False)
    assert {each.is_right for each in result.questions if each.asked == short} == {False}


def test_what_was_kept_is_reviewed_even_after_the_outline_has_changed() -> None:
    question, gone = asked(correct=[4]), asked()
    answers = {str(question.question_id): [4], str(gone.question_id): [0]}
    shorter = question.model_copy(update={"choices": LETTERS[:3], "correct": [1]})
    result = review(drawn([shorter]), Attempt(answers, 50, None))  # type: ignore[arg-type]
    [marked] = result.questions
    assert (result.score, marked.chosen, len(marked.right)) == (50, (), 1)


@pytest.mark.parametrize("answer", [[], [5], [-1], [0, 1]])
def test_an_impossible_answer_is_named(answer: list[int]) -> None:
    question = asked()
    with pytest.raises(ExerciseIncomplete) as refused:
        mark(drawn([question]), {question.question_id: answer})
    assert list(refused.value.errors) == [f"answers.{question.question_id}"]


def exercise_of(item: Courseware) -> str:
    return f"/api/progress/coursewares/{item.courseware_id}/exercise"


async def choose(who: Learner, item: Courseware, letter: str) -> tuple[dict[str, Any], int]:
    """The answers of somebody who ticks the same letter everywhere, and the attempt."""
    shown = (await who.get(exercise_of(item))).json()
    return {q["question_id"]: [q["choices"].index(letter)] for q in shown["questions"]}, shown[
        "attempt"
    ]


async def test_answers_follow_the_order_in_which_they_were_asked(learner: MakeLearner) -> None:
    # P-6
    item = courseware(exercise=[asked(correct=[n % 5]) for n in range(10)])
    who = await learner(course(item))
    answers, attempt = await choose(who, item, "丙")
    done = await who.post(exercise_of(item), {"answers": answers, "attempt": attempt})
    assert (done.status_code, done.json()["score"], done.json()["attempt"]) == (201, 20, 1)

    for result in done.json()["results"]:
        assert result["chosen"] == answers[result["question_id"]]
        assert result["correct"] is (result["right"] == result["chosen"])
        assert result["explanation"] == "标准第三条。"
    kept = await who.progress.pool.fetchval("SELECT answers FROM exercise_attempts")
    assert set(map(tuple, kept.values())) == {(2,)}


async def test_a_second_page_of_an_earlier_attempt_is_marked_in_its_own_order(
    learner: MakeLearner,
) -> None:
    # P-6: two tabs
    item = courseware(exercise=[asked(correct=[0]) for _ in range(10)])
    who = await learner(course(item))
    answers, _ = await choose(who, item, "甲")
    for _ in range(2):
        done = await who.post(exercise_of(item), {"answers": answers, "attempt": 1})
        assert done.json()["score"] == 100
    again, attempt = await choose(who, item, "甲")
    assert (attempt, again != answers) == (3, True)
    without = await who.post(exercise_of(item), {"answers": again})
    assert (without.json()["score"], without.json()["attempt"]) == (100, 3)


async def test_a_paper_that_was_never_shown_is_refused(learner: MakeLearner) -> None:
    item = courseware(exercise=[asked()])
    who = await learner(course(item))
    answers, _ = await choose(who, item, "甲")
    for attempt in (0, -1, 2, 10**9):
        refused = await who.post(exercise_of(item), {"answers": answers, "attempt": attempt})
        assert (refused.status_code, refused.json()["code"]) == (422, "NoSuchPaper")
    assert (await who.get(exercise_of(item))).json()["attempt"] == 1


async def test_the_best_score_stays(learner: MakeLearner) -> None:
    # P-6
    item = courseware(exercise=[asked(correct=[0])])
    who = await learner(course(item))
    for letter, score in (("乙", 0), ("甲", 100), ("乙", 0)):
        answers, _ = await choose(who, item, letter)
        assert (await who.post(exercise_of(item), {"answers": answers})).json()["score"] == score
    assert "得 100 分" in (await who.get(path_of(item))).text


async def test_the_page_explains_each_question_after_it_was_handed_in(
    learner: MakeLearner,
) -> None:
    # P-6
    one, two = asked(correct=[0]), asked(correct=[1])
    item = courseware(exercise=[one, two])
    who = await learner(course(item))
    exercise = f"{path_of(item)}/exercise"
    assert "标准第三条" not in (await who.get(exercise)).text

    answers, _ = await choose(who, item, "甲")
    fields = {f"answers.{name}": str(places[0]) for name, places in answers.items()}
    done = await send(who, exercise, exercise, attempt="1", **fields)
    assert (done.url.path, done.history[0].status_code) == (exercise, 303)
    for shown in (done.text, (await who.get(exercise)).text):
        assert "得 50 分。" in shown
        assert shown.count("标准第三条。") == 2
        for words in ("答对", "答错", "你的选择，正确", "你的选择，不正确", "正确答案"):
            assert shown.count(f">{words}<") == 1, words
    again = (await who.get(f"{exercise}?again=yes")).text
    assert "标准第三条" not in again
    assert re.search(r'name="attempt" value="2"', again)


async def test_exercises_handed_in_at_once_are_attempts_one_after_the_other(
    learner: MakeLearner,
) -> None:
    # P-6: the race
    item = courseware(exercise=[asked(correct=[0])])
    who = await learner(course(item))
    answers, _ = await choose(who, item, "甲")
    sent = [who.post(exercise_of(item), {"answers": answers}) for _ in range(6)]
    done = [answer.json() for answer in await asyncio.gather(*sent)]
    assert sorted(each["attempt"] for each in done) == [1, 2, 3, 4, 5, 6]
    assert (
        await who.progress.pool.fetchval("SELECT max(best_score) FROM courseware_progress") == 100
    )
