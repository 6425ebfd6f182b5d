"""The audit finds the stored figures in the record again, and what somebody changed."""

import random
from typing import Any

from contracts.catalogue import QuestionRule
from services.progress.audit import Report, audit
from tests.conftest import Running
from tests.progress.conftest import INTERVAL, MakeLearner, Page, course, courseware
from tests.progress.test_fold import life


async def audited(progress: Running) -> Report:
    return await audit(progress.pool)


async def test_a_record_of_all_that_happens_gives_the_stored_figures(
    learner: MakeLearner, progress: Running
) -> None:
    # P-2, P-4, P-8: disorder, lateness, two devices, a silent page, leaving and coming back
    dice = random.Random(20261125)
    for _ in range(4):
        one, other = courseware(required_seconds=900), courseware(required_seconds=900)
        person = await learner(course(one), course(other))
        for item in (one, other):
            await (await person.open(item)).open_earlier(1000)
        for page in person.pages:
            await disorderly(page, dice)
        await person.pages[0].leave()
        again = await person.open(one)
        await again.deliver(700, *[again.make(step * INTERVAL) for step in range(1, 40)])
        await again.study(since=700, until=760)
    report = await audited(progress)
    assert (report.learners, report.differences) == (4, [])
    assert report.beats == await progress.pool.fetchval("SELECT count(*) FROM beats")


async def disorderly(page: Page, dice: random.Random) -> None:
    sent: list[tuple[float, dict[str, Any]]] = [
        ((number + 1) * INTERVAL + dice.choice([0, 0, 0, 20, 200]), beat)
        for number, beat in enumerate(life(page, dice))
    ]
    for at, beat in sorted(sent, key=lambda pair: pair[0]):
        await page.deliver(at, beat)


async def test_restarts_are_part_of_the_record(learner: MakeLearner, progress: Running) -> None:
    # P-5
    item = courseware(required_seconds=4000).model_copy(
        update={"question_rule": QuestionRule.RESTART}
    )
    page = await (await learner(course(item))).open(item)
    await page.study(until=960)
    shown = (await page.look())["question"]
    wrong = 1 - shown["choices"].index("核对批次")
    await page.learner.post(
        f"/api/progress/sessions/{page.session_id}/answers",
        {"question_id": shown["question_id"], "choices": [wrong]},
    )
    assert await page.credited() == 0
    await page.deliver(970, page.make(965), page.make(970))
    assert (await audited(progress)).differences == []


async def test_a_changed_figure_is_found(learner: MakeLearner, progress: Running) -> None:
    item = courseware()
    page = await (await learner(course(item))).open(item)
    await page.study(until=30)
    await progress.pool.execute("UPDATE courseware_progress SET credited_ms = 31000")
    await progress.pool.execute("UPDATE study_days SET credited_ms = credited_ms + 1")
    found = (await audited(progress)).differences
    assert [(one.stored, one.computed) for one in found] == [(31_000, 30_000), (30_001, 30_000)]
