"""The record of a courseware: every day, every reason, restarts, corrections and appeals."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis import clock
from contracts.catalogue import Courseware
from tests.progress.conftest import Learner, MakeLearner, course, courseware, question
from tests.progress.test_appeals import appeal, pauses
from tests.progress.test_exercises import choose, exercise_of
from tests.progress.test_pages import path_of, send


async def studied_on(
    who: Learner, item: Courseware, days_ago: int, *, paused: bool = False
) -> datetime:
    """A session of a minute at noon of that day; when it began."""
    page = await who.open(item)
    await page.study(until=60, playing=not paused)
    await page.leave()
    began = datetime.combine(
        clock.today() - timedelta(days=days_ago), datetime.min.time(), clock.CHINA
    ) + timedelta(hours=12)
    late = began - page.opened_at
    move = "UPDATE sessions SET started_at = started_at + $2, accounted_at = accounted_at + $2"
    await who.progress.pool.execute(f"{move} WHERE session_id = $1", page.session_id, late)
    stretch = "UPDATE uncredited SET from_at = from_at + $2, until_at = until_at + $2"
    await who.progress.pool.execute(f"{stretch} WHERE session_id = $1", page.session_id, late)
    return began


async def add_entry(who: Learner, item: Courseware, **row: Any) -> None:
    """A line in the list of what moves credit, as the restart and the desk write it."""
    key = await who.progress.pool.fetchval("SELECT enrolment_id FROM enrolments LIMIT 1")
    given = {
        "entry_id": uuid4(),
        "learner_id": who.learner_id,
        "enrolment_id": key,
        "courseware_id": item.courseware_id,
        "made_at": clock.now(),
        **row,
    }
    places = ", ".join(f"${n}" for n in range(1, len(given) + 1))
    await who.progress.pool.execute(
        f"INSERT INTO credit_entries ({', '.join(given)}) VALUES ({places})",  # noqa: S608
        *given.values(),
    )


def days_of(text: str) -> list[str]:
    return re.findall(r'id="day-(\d{4}-\d\d-\d\d)"', text)


def ago(days: int) -> str:
    return (clock.today() - timedelta(days=days)).isoformat()


async def test_the_record_shows_every_day_latest_first_and_pages_by_day(
    learner: MakeLearner,
) -> None:
    # P-9, P-11
    item = courseware(required_seconds=6000)
    who = await learner(course(item))
    for days_ago in (1, 3, 4, 7, 9, 10, 20, 21, 30):
        await studied_on(who, item, days_ago, paused=days_ago == 3)
    await who.has_studied(item, 30)
    first = (await who.get(f"{path_of(item)}/record")).text
    assert days_of(first) == [ago(n) for n in (0, 1, 3, 4, 7, 9, 10)]
    [cursor] = re.findall(r'href="\?cursor=(\S+?)" rel="next"', first)
    second = (await who.get(f"{path_of(item)}/record?cursor={cursor}")).text
    assert days_of(second) == [ago(n) for n in (20, 21, 30)]
    assert 'rel="next"' not in second
    assert "已计入 <strong>8 分 30 秒</strong>" in first
    assert len(re.findall("12:00 开始，共 1 分钟", first)) == 6
    assert first.count("视频暂停着。播放时才计时。") == 1


async def test_a_session_over_midnight_stands_on_both_days(learner: MakeLearner) -> None:
    # P-9
    item = courseware(required_seconds=6000)
    who = await learner(course(item))
    began = await studied_on(who, item, 2)
    half = timedelta(hours=11, minutes=59, seconds=40)
    await who.progress.pool.execute(
        "UPDATE sessions SET started_at = $1, accounted_at = $2",
        began + half,
        began + half + timedelta(seconds=60),
    )
    text = (await who.get(f"{path_of(item)}/record")).text
    assert days_of(text) == [ago(1), ago(2)]
    assert "共 40 秒，计入 40 秒" in text
    assert "共 20 秒，计入 20 秒" in text


async def test_what_a_restart_took_back_is_shown_as_such(learner: MakeLearner) -> None:
    # P-5, P-9
    item = courseware(required_seconds=6000)
    who = await learner(course(item))
    began = await studied_on(who, item, 1)
    await add_entry(
        who,
        item,
        kind="restart",
        credited_ms=-40_000,
        reason="unanswered",
        since_at=began,
        made_at=began + timedelta(seconds=40),
    )
    text = (await who.get(f"{path_of(item)}/record")).text
    assert "共 1 分钟，计入 20 秒" in text
    assert "没有过关，课件重新开始，这段时间不再计入" in text
    assert 'fill="url(#band-restarted)"' in text
    assert "弹出练习题没有按时回答，课件重新开始。" in text
    assert "−40 秒" in text


async def test_a_first_restart_voids_all_since_the_purchase_and_nothing_after(
    learner: MakeLearner,
) -> None:
    # P-5
    item = courseware(required_seconds=6000)
    who = await learner(course(item))
    await who.progress.pool.execute("UPDATE enrolments SET enrolled_at = now() - interval '9 d'")
    first = await studied_on(who, item, 3)
    await studied_on(who, item, 1)
    await add_entry(
        who,
        item,
        kind="restart",
        credited_ms=-60_000,
        reason="wrong",
        made_at=first + timedelta(days=1),
    )
    text = (await who.get(f"{path_of(item)}/record")).text
    assert days_of(text) == [ago(1), ago(2), ago(3)]
    assert re.findall(r"共 1 分钟，计入 (\d+ \w+)", text) == ["1 分钟", "0 秒"]


async def test_corrections_and_exercises_stand_in_the_record(learner: MakeLearner) -> None:
    # P-6, P-9, P-12
    item = courseware(exercise=[question(correct=[0])])
    who = await learner(course(item))
    page = await who.open(item)
    await page.leave()
    await add_entry(
        who,
        item,
        kind="correction",
        credited_ms=600_000,
        reason="网络故障，核对日志后补计。",
        by_staff=uuid4(),
        by_name="李核对",
    )
    answers, _ = await choose(who, item, "核对批次")
    await who.post(exercise_of(item), {"answers": answers})
    text = (await who.get(f"{path_of(item)}/record")).text
    assert "李核对 更正：网络故障，核对日志后补计。" in text
    assert "+10 分钟" in text
    assert "提交了课后练习。" in text
    assert "100 分" in text


async def test_an_appeal_is_sent_from_its_day_and_its_answer_stands_there(
    learner: MakeLearner,
) -> None:
    # P-9
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    await pauses(who, item)
    record, today = f"{path_of(item)}/record", clock.today().isoformat()
    words = {f"words-{today}": "视频暂停是因为网络断了。", "day": today}
    sent = await send(who, record, f"{path_of(item)}/appeals", **words)
    assert (sent.url.path, sent.history[0].status_code) == (record, 303)
    assert sent.history[0].headers["location"].endswith(f"/record#day-{today}")
    assert "申诉已提交" in sent.text
    assert "处理中" in sent.text
    assert "「视频暂停是因为网络断了。」" in sent.text
    assert f'name="words-{today}"' not in sent.text

    await who.progress.pool.execute(
        """
        UPDATE appeals
           SET state = 'granted', decided_at = now(), decided_by = gen_random_uuid(),
               decided_name = '李核对', answer = '日志里确有断网，予以补计。', granted_ms = 30000
        """
    )
    text = (await who.get(record)).text
    assert "已采纳" in text
    assert "日志里确有断网，予以补计。" in text
    assert "补计 30 秒。" in text
    assert f'name="words-{today}"' in text


async def test_a_refused_appeal_keeps_what_was_written(learner: MakeLearner) -> None:
    # P-9
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    await pauses(who, item)
    record, today = f"{path_of(item)}/record", clock.today().isoformat()
    action = f"{path_of(item)}/appeals"
    empty = await send(who, record, action, day=today)
    assert (empty.status_code, f'href="#f-words-{today}"' in empty.text) == (422, True)
    long = await send(who, record, action, day=today, **{f"words-{today}": "长" * 1001})
    assert (long.status_code, "长" * 1001 in long.text) == (422, True)
    assert (await appeal(who, item)).status_code == 201
    again = await send(who, path_of(item), action, day=today, **{f"words-{today}": "再申诉"})
    assert (again.status_code, "已经在处理" in again.text) == (409, True)
    no_day = await send(who, path_of(item), action, day="x", cursor="y")
    assert no_day.status_code == 422
    assert (await who.get(action)).status_code == 303


async def test_where_everything_was_credited_no_appeal_is_offered(learner: MakeLearner) -> None:
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    await who.has_studied(item, 60)
    assert "提出申诉" not in (await who.get(f"{path_of(item)}/record")).text


async def test_the_record_of_an_open_page_refreshes_itself(learner: MakeLearner) -> None:
    # P-9
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    assert "还没有记录" in (await who.get(f"{path_of(item)}/record")).text
    page = await who.open(item)
    await page.study(until=30)
    assert "data-live" in (await who.get(f"{path_of(item)}/record")).text
    await page.leave()
    assert "data-live" not in (await who.get(f"{path_of(item)}/record")).text


@pytest.mark.parametrize("cursor", ["", "x", "2026-13-01"])
async def test_a_cursor_that_is_no_day_is_refused(learner: MakeLearner, cursor: str) -> None:
    item = courseware()
    who = await learner(course(item))
    assert (await who.get(f"{path_of(item)}/record?cursor={cursor}")).status_code == 422


async def test_nobody_sees_the_record_of_others(learner: MakeLearner) -> None:
    item = courseware(required_seconds=600)
    bought = course(item)
    owner, other = await learner(bought), await learner(bought)
    await pauses(owner, item)
    assert days_of((await other.get(f"{path_of(item)}/record")).text) == []
    assert (await (await learner()).get(f"{path_of(item)}/record")).status_code == 403
