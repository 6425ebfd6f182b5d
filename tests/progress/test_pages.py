"""The learner's pages of progress, as a browser without scripts meets them."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx

from chassis import clock
from contracts.catalogue import Courseware, CoursewareKind, Question, QuestionKind
from contracts.identity import LearnerKind
from tests.conftest import Running, bearer
from tests.progress.conftest import Learner, MakeLearner, course, courseware, question


def path_of(item: Courseware) -> str:
    return f"/study/{item.courseware_id}"


async def send(who: Learner, page: str, action: str, **fields: str) -> httpx.Response:
    """Fill in and send the form of a page."""
    token = re.search(r'name="csrf" value="([^"]+)"', (await who.get(page)).text)
    assert token is not None
    client = who.progress.client
    return await client.post(
        action, data={"csrf": token[1], **fields}, headers=bearer(who.token), follow_redirects=True
    )


async def test_a_visitor_is_sent_to_sign_in_and_back(progress: Running) -> None:
    for path in ("/study", "/hours", f"/study/{uuid4()}"):
        answer = await progress.client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/login?next={path}"


async def test_an_empty_learning_centre_says_how_to_fill_it(learner: MakeLearner) -> None:
    # P-1
    text = (await (await learner()).get("/study")).text
    assert "还差 <strong>40 学时</strong>" in text
    assert "买好的课程会在这里" in text


async def test_the_learning_centre_leads_to_where_i_left(learner: MakeLearner) -> None:
    # P-1
    first, second = courseware(), courseware()
    who = await learner(course(first, second, title="船舶水尺计重实务"))
    await who.has_studied(second, 30)
    text = (await who.get("/study")).text
    assert "船舶水尺计重实务" in text
    assert "计入 30 秒" in text
    assert re.search(rf'class="button button-next" href="{path_of(second)}"', text)


async def test_the_hour_account_shows_both_parts_of_a_holder(learner: MakeLearner) -> None:
    # P-10, P-11
    item = courseware()
    who = await learner(course(item), expires_on=clock.today() + timedelta(days=100))
    await who.completes(item)
    text = (await who.get("/hours")).text
    assert "必修课：10 学时，学完 1 学时" in text
    assert "选修课和认证课程：30 学时，学完 0 学时" in text
    assert "还有 100 天" in text
    assert "取样与制样" in text


async def test_a_newcomer_needs_40_hours_of_one_part(learner: MakeLearner) -> None:
    # P-10
    text = (await (await learner(kind=LearnerKind.NEWCOMER)).get("/hours")).text
    assert "选修课和认证课程：40 学时，学完 0 学时" in text
    assert "必修课：" not in text


async def test_before_the_facts_arrive_the_pages_wait(
    progress: Running, learner_token: Callable[..., str]
) -> None:
    who = Learner(progress, learner_token(), uuid4())
    for path in ("/study", "/hours"):
        answer = await who.get(path)
        assert answer.status_code == 200
        assert "学时账户正在建立" in answer.text


async def test_the_player_shows_the_video_and_what_is_missing(learner: MakeLearner) -> None:
    item = courseware(required_seconds=60, exercise=[question(), question()])
    who = await learner(course(item))
    await who.has_studied(item, 20)
    text = (await who.get(path_of(item))).text
    assert '<video src="/media/demo.mp4" controls' in text
    assert "学习时间还差 40 秒" in text
    assert "课后练习 2 题</a>，未做" in text
    assert "0:20" in text
    assert "今天的时间记录" in text


async def test_a_document_is_shown_in_a_frame(learner: MakeLearner) -> None:
    # C-5
    item = courseware(kind=CoursewareKind.DOCUMENT)
    who = await learner(course(item))
    assert f'<iframe src="/{item.media_path.lstrip("/")}"' in (await who.get(path_of(item))).text


async def test_every_uncredited_stretch_has_its_reason(learner: MakeLearner) -> None:
    # P-9
    item = courseware(required_seconds=600)
    who = await learner(course(item))
    page = await who.open(item)
    await page.study(until=60)
    await page.study(since=60, until=90, playing=False)
    text = (await who.get(f"{path_of(item)}/standing")).text
    assert "视频暂停着。播放时才计时。" in text
    assert "共 1 分 30 秒，计入 1 分" in text
    assert 'fill="url(#band-paused)"' in text


async def test_pressing_early_shows_what_is_missing(learner: MakeLearner) -> None:
    # P-7
    item = courseware(required_seconds=60, exercise=[question()])
    who = await learner(course(item))
    answer = await send(who, path_of(item), f"{path_of(item)}/completion")
    assert answer.status_code == 409
    assert "还不能按「学过了」" in answer.text
    assert "学习时间还差 1 分" in answer.text
    assert "课后练习还没有做" in answer.text
    again = await who.get(f"{path_of(item)}/completion")
    assert (again.status_code, again.headers["location"]) == (303, path_of(item))


async def test_exercise_and_button_work_without_scripts(learner: MakeLearner) -> None:
    # P-6, P-7
    asked = question(correct=[1])
    item = courseware(required_seconds=15, exercise=[asked])
    who = await learner(course(item))
    await who.has_studied(item)
    exercise = f"{path_of(item)}/exercise"

    shown = (await who.get(f"/api/progress/coursewares/{item.courseware_id}/exercise")).json()
    place = shown["questions"][0]["choices"].index(asked.choices[1])
    done = await send(who, exercise, exercise, **{f"answers.{asked.question_id}": str(place)})
    assert "练习完成，得 100 分。" in done.text
    assert re.search(rf'class="button button-next" href="{path_of(item)}"', done.text)

    pressed = await send(who, path_of(item), f"{path_of(item)}/completion")
    assert pressed.status_code == 200
    assert "学完 1 学时，本周期共 1 学时。" in pressed.text
    assert "已学完，计 1 学时" in pressed.text


async def test_an_unanswered_question_is_named_and_the_rest_is_kept(learner: MakeLearner) -> None:
    # P-6
    one, two = question(), question()
    item = courseware(exercise=[one, two])
    who = await learner(course(item))
    exercise = f"{path_of(item)}/exercise"
    answer = await send(who, exercise, exercise, **{f"answers.{one.question_id}": "1"})
    assert answer.status_code == 422
    assert f'href="#f-answers-{two.question_id}"' in answer.text
    assert f'href="#f-answers-{one.question_id}"' not in answer.text
    assert f'name="answers.{one.question_id}" value="1" checked' in answer.text


async def test_a_poor_result_counts_as_done_and_can_be_improved(learner: MakeLearner) -> None:
    # P-6
    asked = Question(
        question_id=uuid4(),
        kind=QuestionKind.MULTIPLE,
        text="哪些要修正？",
        choices=["密度", "纵倾", "颜色"],
        correct=[0, 1],
    )
    item = courseware(exercise=[asked])
    who = await learner(course(item))
    exercise = f"{path_of(item)}/exercise"
    assert 'type="checkbox"' in (await who.get(exercise)).text
    answer = await send(who, exercise, exercise, **{f"answers.{asked.question_id}": "2"})
    assert "得 0 分。" in answer.text
    assert 'href="?again=yes"' in answer.text
    assert 'type="checkbox"' in (await who.get(f"{exercise}?again=yes")).text
    assert "得 0 分" in (await who.get(path_of(item))).text


async def test_impossible_answers_are_a_sentence_not_a_fault(learner: MakeLearner) -> None:
    asked = question()
    item = courseware(exercise=[asked])
    who = await learner(course(item))
    exercise = f"{path_of(item)}/exercise"
    for wrong in ("9", "-1", "٣", "1e9", "x" * 500, "²"):
        answer = await send(who, exercise, exercise, **{f"answers.{asked.question_id}": wrong})
        assert answer.status_code == 422, wrong


async def test_what_i_do_not_own_is_not_shown(learner: MakeLearner) -> None:
    item = courseware()
    await learner(course(item))
    stranger = await learner()
    for path in (path_of(item), f"{path_of(item)}/exercise", f"{path_of(item)}/standing"):
        answer = await stranger.get(path)
        assert answer.status_code == 403, path
        assert "先到选课中心购买" in answer.text
    assert (await stranger.get(f"/study/{UUID(int=7)}")).status_code == 404
    assert (await stranger.get("/study/not-a-number")).status_code == 404


async def test_the_pages_speak_english_too(learner: MakeLearner) -> None:
    item = courseware(required_seconds=60)
    who = await learner(course(item))
    text = (await who.get("/study?lang=en")).text
    assert "Learning centre" in text
    assert "Required courses" in text
    assert "再" not in re.sub(r"<a[^>]*hreflang.*?</a>", "", text)
