"""Pop-up questions: when they come, how they are judged, and what a missed one costs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.catalogue import Courseware, Question, QuestionKind, QuestionRule
from services.progress import overdue
from services.progress.settings import ProgressSettings
from tests.conftest import MakeService, Running
from tests.progress.conftest import INTERVAL, Learner, MakeLearner, Page, course, courseware
from tests.progress.conftest import question as exercise_question

LIMIT = 90
EVERY = 30
LENGTH = 600


@pytest.fixture
async def progress(service: MakeService) -> Running:
    """Questions come after 15 to 30 credited seconds."""
    return await service(
        "progress",
        beat_interval_seconds=INTERVAL,
        beat_batch_milliseconds=1,
        question_every_seconds=EVERY,
        question_limit_seconds=LIMIT,
    )


def with_pool(
    *, rule: QuestionRule = QuestionRule.RESTART, pool: list[Question] | None = None
) -> Courseware:
    chosen = [exercise_question() for _ in range(5)] if pool is None else pool
    return courseware(required_seconds=LENGTH).model_copy(
        update={"question_rule": rule, "popup_questions": chosen}
    )


async def opened(learner: MakeLearner, item: Courseware) -> Page:
    return await (await learner(course(item))).open(item)


async def asked(page: Page, *, since: float = 0) -> dict[str, Any]:
    """Study until a question comes."""
    await page.study(since=since, until=since + EVERY)
    shown = await page.look()
    assert "question" in shown, shown
    return dict(shown["question"])


async def answer(page: Page, question: dict[str, Any], *, right: bool) -> dict[str, Any]:
    correct = question["choices"].index("核对批次")
    chosen = correct if right else 1 - correct
    sent = await post(page, question["question_id"], [chosen])
    assert sent.status_code == 200, sent.text
    return dict(sent.json())


async def post(page: Page, question_id: str, choices: list[int]) -> Any:
    path = f"/api/progress/sessions/{page.session_id}/answers"
    return await page.learner.post(path, {"question_id": question_id, "choices": choices})


async def move_back(progress: Running, seconds: float, *, page_too: bool = True) -> None:
    """So many seconds pass: what is stored lies further back."""
    await progress.pool.execute(
        "UPDATE questions SET asked_at = asked_at - $1::interval,"
        " deadline = deadline - $1::interval, seen_at = seen_at - $1::interval",
        timedelta(seconds=seconds),
    )
    if page_too:
        await progress.pool.execute("UPDATE sessions SET heard_at = now() WHERE ended_at IS NULL")


async def sweep(progress: Running) -> None:
    settings = progress.kit.settings
    assert isinstance(settings, ProgressSettings)
    await overdue.miss_overdue(progress.pool, settings)


async def test_a_question_comes_at_a_moment_that_the_server_chooses(learner: MakeLearner) -> None:
    # P-5
    page = await opened(learner, with_pool())
    assert "question" not in await page.look()
    question = await asked(page)
    assert set(question) == {
        "question_id", "kind", "text", "choices", "asked_at", "deadline", "seconds_left",
    }  # fmt: skip
    assert sorted(question["choices"]) == ["出具证书", "核对批次"]
    assert LIMIT - 5 <= question["seconds_left"] <= LIMIT
    assert (await page.look())["missing"]["question"] is True


async def test_a_right_answer_lets_study_go_on(learner: MakeLearner) -> None:
    # P-5
    page = await opened(learner, with_pool())
    said = await answer(page, await asked(page), right=True)
    assert (said["correct"], said["restarted"], said["credited_seconds"]) == (True, False, EVERY)
    shown = await page.look()
    assert "question" not in shown
    assert "restart" not in shown


async def test_an_answer_below_the_mark_starts_the_courseware_again(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5
    page = await opened(learner, with_pool())
    said = await answer(page, await asked(page), right=False)
    assert (said["correct"], said["restarted"], said["credited_seconds"]) == (False, True, 0)
    shown = await page.look()
    assert shown["credited_seconds"] == 0
    assert shown["restart"]["cause"] == "wrong"
    assert (shown["restart"]["lost_seconds"], shown["restart"]["position_seconds"]) == (EVERY, 0)
    row = await progress.pool.fetchrow("SELECT kind, credited_ms, reason FROM credit_entries")
    assert row is not None
    assert tuple(row) == ("restart", -1000 * EVERY, "wrong")


async def test_one_wrong_answer_among_enough_right_ones_costs_nothing(
    learner: MakeLearner,
) -> None:
    # P-5: two of three are 67 %
    page = await opened(learner, with_pool())
    await answer(page, await asked(page), right=True)
    await answer(page, await asked(page, since=EVERY), right=True)
    said = await answer(page, await asked(page, since=2 * EVERY), right=False)
    assert (said["correct"], said["restarted"], said["credited_seconds"]) == (False, False, 90)


async def test_study_after_a_restart_counts_from_zero_and_time_before_it_does_not(
    learner: MakeLearner,
) -> None:
    # P-5, P-8: a late beat about the time before the restart earns nothing
    page = await opened(learner, with_pool())
    await page.open_earlier(100)
    await answer(page, await asked(page), right=False)
    await page.deliver(101, page.make(45), page.make(60))
    shown = await page.look()
    assert shown["credited_seconds"] == 0
    assert shown["reasons"][-1]["reason"] == "restarted"
    await page.deliver(115, page.make(115))
    assert await page.credited() == pytest.approx(15, abs=2)


async def test_no_answer_within_the_limit_starts_the_courseware_again(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5
    page = await opened(learner, with_pool())
    await asked(page)
    await move_back(progress, LIMIT - 10)
    await sweep(progress)
    assert "restart" not in await page.look()
    await move_back(progress, 13)
    await sweep(progress)
    await sweep(progress)
    shown = await page.look()
    assert (shown["credited_seconds"], shown["restart"]["cause"]) == (0, "unanswered")
    assert "question" not in shown
    assert await progress.pool.fetchval("SELECT count(*) FROM credit_entries") == 1


async def test_an_answer_after_the_limit_is_none(learner: MakeLearner, progress: Running) -> None:
    # P-5
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, LIMIT + 3)
    assert (await post(page, question["question_id"], [0])).status_code == 409
    assert (await page.look())["restart"]["cause"] == "unanswered"


async def test_an_outage_is_not_no_answer(learner: MakeLearner, progress: Running) -> None:
    # P-5: the limit runs on connected time; a page without network for five minutes has not missed
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, 300, page_too=False)
    await progress.pool.execute(
        "UPDATE sessions SET heard_at = heard_at - interval '300 seconds' - $1::interval",
        timedelta(seconds=EVERY),
    )
    await sweep(progress)
    assert "restart" not in await page.look()
    back = (datetime.now(UTC) - page.opened_at).total_seconds()
    await page.deliver(back, page.make(back, playing=False))
    shown = await page.look()
    assert shown["question"]["question_id"] == question["question_id"]
    assert 0 < shown["question"]["seconds_left"] <= LIMIT
    assert (await answer(page, shown["question"], right=True))["correct"]


async def test_an_outage_that_hides_the_end_of_the_limit_is_not_no_answer(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5: the network went seconds before the limit, the answer comes when it is back
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, LIMIT + 30, page_too=False)
    await progress.pool.execute("UPDATE sessions SET heard_at = now() - interval '35 seconds'")
    await sweep(progress)
    assert (await answer(page, question, right=True))["correct"]


async def test_a_question_waits_in_every_page_of_its_courseware(learner: MakeLearner) -> None:
    # P-4, P-5
    page = await opened(learner, with_pool())
    question = await asked(page)
    other = await page.learner.open(UUID(page.opened["courseware_id"]))
    for each in (page, other):
        assert (await each.look())["question"]["question_id"] == question["question_id"]
    assert (await answer(page, question, right=True))["correct"]
    assert "question" not in await other.look()


async def test_who_was_away_for_long_is_asked_another_question(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5: bounded, and never a restart
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, 3600, page_too=False)
    await progress.pool.execute("UPDATE sessions SET heard_at = heard_at - interval '3600 seconds'")
    await page.leave()
    again = await page.learner.open(UUID(page.opened["courseware_id"]))
    shown = await again.look()
    assert "question" not in shown
    await again.study(until=INTERVAL)
    shown = await again.look()
    assert shown["question"]["question_id"] != question["question_id"]
    assert shown["credited_seconds"] == EVERY + INTERVAL


async def test_closing_the_page_does_not_get_rid_of_a_question(learner: MakeLearner) -> None:
    # P-5
    page = await opened(learner, with_pool())
    question = await asked(page)
    await page.leave()
    again = await page.learner.open(UUID(page.opened["courseware_id"]))
    shown = await again.look()
    assert shown["question"]["question_id"] == question["question_id"]
    assert (await answer(again, shown["question"], right=True))["correct"]


async def test_a_question_goes_along_when_the_page_crashed_or_study_goes_on_elsewhere(
    learner: MakeLearner, progress: Running
) -> None:
    # P-4, P-5: at once, with the time that was left
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, LIMIT - 20)
    courseware_id = page.opened["courseware_id"]
    again = await page.learner.open(UUID(courseware_id))
    shown = (await again.look())["question"]
    assert shown["question_id"] == question["question_id"]
    assert shown["seconds_left"] <= 20

    path, wish = "/api/progress/sessions", {"courseware_id": courseware_id, "study_here": True}
    here = (await page.learner.post(path, wish)).json()
    assert here["question"]["question_id"] == question["question_id"]
    assert "question" not in await again.look()


async def test_back_to_the_last_passed_question_where_the_courseware_says_so(
    learner: MakeLearner,
) -> None:
    # P-5
    page = await opened(learner, with_pool(rule=QuestionRule.CHECKPOINT))
    await answer(page, await asked(page), right=True)
    said = await answer(page, await asked(page, since=EVERY), right=False)
    assert (said["restarted"], said["credited_seconds"]) == (True, EVERY)
    restart = (await page.look())["restart"]
    assert (restart["lost_seconds"], restart["credited_seconds"]) == (EVERY, EVERY)
    assert restart["position_seconds"] == EVERY


@pytest.mark.parametrize(
    "item", [with_pool(rule=QuestionRule.NONE), with_pool(pool=[])], ids=["none", "no pool"]
)
async def test_where_nothing_is_to_be_asked_nothing_is(
    learner: MakeLearner, item: Courseware
) -> None:
    # P-5
    page = await opened(learner, item)
    await page.study(until=120)
    shown = await page.look()
    assert (shown["credited_seconds"], "question" in shown) == (120, False)


async def test_a_question_is_answered_once_however_often_it_is_sent(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5: single use, also in a race
    page = await opened(learner, with_pool())
    question = await asked(page)
    wrong = 1 - question["choices"].index("核对批次")
    sent = await asyncio.gather(*(post(page, question["question_id"], [wrong]) for _ in range(10)))
    assert sorted(answer.status_code for answer in sent) == [200] + [409] * 9
    assert await progress.pool.fetchval("SELECT count(*) FROM credit_entries") == 1


async def test_the_limit_and_the_answer_race_and_one_of_them_wins(
    learner: MakeLearner, progress: Running
) -> None:
    # P-5
    page = await opened(learner, with_pool())
    question = await asked(page)
    await move_back(progress, LIMIT + 3)
    await asyncio.gather(
        post(page, question["question_id"], [0]), *(sweep(progress) for _ in range(5))
    )
    assert await progress.pool.fetchval("SELECT count(*) FROM credit_entries") == 1


async def test_an_impossible_choice_is_explained_and_uses_nothing_up(
    learner: MakeLearner,
) -> None:
    # P-5
    page = await opened(learner, with_pool())
    question = await asked(page)
    for choices in ([], [7], [0, 1]):
        refused = await post(page, question["question_id"], choices)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "choices"
    assert (await answer(page, question, right=True))["correct"]


async def test_another_learners_question_is_not_there(learner: MakeLearner) -> None:
    page = await opened(learner, with_pool())
    question = await asked(page)
    other = await opened(learner, with_pool())
    assert (await post(other, question["question_id"], [0])).status_code == 404


async def test_an_open_question_keeps_the_hour_waiting(learner: MakeLearner) -> None:
    # P-5, P-7
    item = with_pool().model_copy(update={"required_seconds": EVERY})
    page = await opened(learner, item)
    await asked(page)
    refused = await page.learner.press(item)
    assert refused.status_code == 409
    assert refused.json()["missing_question"] is True


async def test_a_multiple_choice_must_be_wholly_right(learner: MakeLearner) -> None:
    # P-5
    many = Question(
        question_id=exercise_question().question_id,
        kind=QuestionKind.MULTIPLE,
        text="哪些要记？",
        choices=["批号", "数量", "天气"],
        correct=[0, 1],
    )
    page = await opened(learner, with_pool(pool=[many]))
    question = await asked(page)
    right = [question["choices"].index(text) for text in ("批号", "数量")]
    assert (await post(page, question["question_id"], right)).json()["correct"] is True


async def test_study_here_ends_the_other_pages_at_once(
    learner: MakeLearner, progress: Running
) -> None:
    # P-4: what the old page still sends is kept and earns nothing
    one, other = with_pool(pool=[]), with_pool(pool=[])
    person: Learner = await learner(course(one), course(other))
    old = await person.open(one)
    await old.study(until=INTERVAL)
    answer = await person.post(
        "/api/progress/sessions",
        {"courseware_id": str(other.courseware_id), "study_here": True},
    )
    assert answer.json()["state"] == "counting"
    shown = await old.look()
    assert (shown["state"], shown["ended_by"]) == ("ended", "taken")
    before = shown["credited_seconds"]
    await old.deliver(60, old.make(60))
    assert await old.credited() == before
    kept = await progress.pool.fetchval(
        "SELECT count(*) FROM beats WHERE session_id = $1", old.session_id
    )
    assert kept == 2
