"""The record of a courseware after a missed question, as it really comes about (P-5, P-9)."""

from datetime import timedelta

import pytest

from chassis import clock
from tests.conftest import MakeService, Running
from tests.progress.conftest import INTERVAL, MakeLearner, Page, course
from tests.progress.test_appeals import appeal
from tests.progress.test_pages import path_of
from tests.progress.test_questions import EVERY, answer, asked, with_pool


@pytest.fixture
async def progress(service: MakeService) -> Running:
    """Questions come after 15 to 30 credited seconds."""
    return await service(
        "progress",
        beat_interval_seconds=INTERVAL,
        beat_batch_milliseconds=1,
        question_every_seconds=EVERY,
    )


async def move_back(page: Page, seconds: float) -> None:
    """The page was opened so long ago."""
    await page.progress.pool.execute(
        "UPDATE sessions SET started_at = started_at - $1::interval,"
        " accounted_at = accounted_at - $1::interval",
        timedelta(seconds=seconds),
    )


async def test_a_missed_question_stands_in_the_record_with_what_it_took(
    learner: MakeLearner,
) -> None:
    # P-5, P-9
    item = with_pool()
    who = await learner(course(item))
    await who.progress.pool.execute("UPDATE enrolments SET enrolled_at = now() - interval '1 h'")
    page = await who.open(item)
    question = await asked(page)
    await move_back(page, 60)
    assert (await answer(page, question, right=False))["restarted"] is True

    for path in (f"{path_of(item)}/record", f"{path_of(item)}/standing"):
        text = (await who.get(path)).text
        assert f"共 {EVERY} 秒，计入 0 秒" in text, path
        assert "没有过关，课件重新开始，这段时间不再计入" in text, path
        assert 'fill="url(#band-restarted)"' in text, path
    record = (await who.get(f"{path_of(item)}/record")).text
    assert "弹出练习题的正确率不够，课件重新开始。" in record
    assert "题目：「取样的第一步是什么？」" in record
    assert f"−{EVERY} 秒" in record

    assert f'name="words-{clock.today()}"' in record
    assert (await appeal(who, item)).status_code == 201
