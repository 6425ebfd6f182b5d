"""A refund closes what is not studied ($-8): an hour is either studied or refunded, never both."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from contracts.catalogue import CoursePublished
from contracts.envelope import pack
from contracts.payments import OrderPaid, WithdrawalRequested
from contracts.progress import CoursesWithdrawn
from services.progress.audit import audit
from tests.conftest import Running
from tests.progress.conftest import Learner, MakeLearner, course, courseware, paid


async def buys(who: Learner, *courses: CoursePublished) -> OrderPaid:
    """Another order, a little later than all before."""
    at = datetime.now(UTC) + timedelta(seconds=1)
    order = paid(who.learner_id, *(each.course_id for each in courses), at=at)
    await who.progress.deliver(order)
    return order


def withdrawal(
    who: Learner, order: OrderPaid, *, refund_id: UUID | None = None
) -> WithdrawalRequested:
    return WithdrawalRequested(
        refund_id=refund_id or uuid4(),
        order_id=order.order_id,
        learner_id=who.learner_id,
        course_ids=[course_id for line in order.lines for course_id in line.course_ids],
    )


async def answers(progress: Running) -> list[CoursesWithdrawn]:
    return [
        CoursesWithdrawn.model_validate_json(message.body)
        for message in await progress.told()
        if message.name == CoursesWithdrawn.name
    ]


async def hours_studied(progress: Running) -> list[tuple[int, int]]:
    """(hours, studied) of each course of the newest answer."""
    newest = (await answers(progress))[-1]
    return sorted((each.hours, each.hours_studied) for each in newest.courses)


async def states(who: Learner) -> dict[str, str]:
    items = (await who.get("/api/progress/enrolments")).json()["items"]
    return {one["courseware_id"]: one["state"] for item in items for one in item["coursewares"]}


async def test_completed_hours_and_those_with_a_minute_of_credit_stay(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8
    done, minute, seconds, untouched = (courseware(required_seconds=60) for _ in range(4))
    other = course(courseware())
    who, published = await learner(other), course(done, minute, seconds, untouched)
    await progress.deliver(published)
    order = await buys(who, published)
    await who.completes(done)
    await who.has_studied(minute, 60)
    await who.has_studied(seconds, 59)
    await progress.deliver(withdrawal(who, order))
    assert await hours_studied(progress) == [(4, 2)]
    known = await states(who)
    assert [known[str(one.courseware_id)] for one in (done, minute, seconds, untouched)] == [
        "completed",
        "studied",
        "refunded",
        "refunded",
    ]
    assert known[str(other.coursewares[0].courseware_id)] == "new"
    assert (await who.press(minute)).json() == {"hours_total": 2}


async def test_a_closed_hour_says_that_it_was_refunded(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8
    kept, closed = courseware(), courseware()
    published = course(kept, closed)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    await who.completes(kept)
    await progress.deliver(withdrawal(who, order))
    body = {"courseware_id": str(closed.courseware_id)}
    refused = await who.post("/api/progress/sessions", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "HourRefunded")
    assert (await who.press(closed)).json()["code"] == "HourRefunded"
    page = await who.get(f"/study/{closed.courseware_id}?lang=en")
    assert page.status_code == 403
    assert "This hour was refunded" in page.text
    beside = await who.get(f"/study/{kept.courseware_id}?lang=en")
    assert f"/study/{closed.courseware_id}" not in beside.text
    assert "Refunded" in beside.text


async def test_a_wholly_refunded_course_leaves_the_learning_centre_but_not_the_record(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8, P-11: records are kept
    item = courseware()
    published = course(item, title="退掉的课程")
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    await who.has_studied(item, 30)
    await progress.deliver(withdrawal(who, order))
    assert "退掉的课程" not in (await who.get("/study")).text
    record = await who.get(f"/study/{item.courseware_id}/record")
    assert record.status_code == 200
    assert item.title in record.text
    kept = await progress.pool.fetchval("SELECT credited_ms FROM courseware_progress")
    assert kept == 30_000


async def test_open_pages_end_and_their_beats_earn_nothing(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8: also beats that were on their way; and the audit agrees
    item = courseware(required_seconds=600)
    published = course(item)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    left = await who.open(item)
    await left.open_earlier(300)
    await left.study(until=20)
    await left.leave()
    page = await who.open(item)
    await page.open_earlier(200)
    await page.study(until=30)
    await progress.deliver(withdrawal(who, order))
    assert await hours_studied(progress) == [(1, 0)]
    shown = await page.look()
    assert (shown["state"], shown["ended_by"]) == ("ended", "refunded")
    await page.deliver(190, *[page.make(30 + 15 * step) for step in range(1, 10)])
    await left.deliver(290, *[left.make(20 + 15 * step) for step in range(1, 10)])
    assert await progress.pool.fetchval("SELECT credited_ms FROM courseware_progress") == 50_000
    report = await audit(progress.pool)
    assert (report.learners, report.differences) == (1, [])


async def test_kept_hours_go_on_counting_and_the_audit_agrees(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8
    kept, closed = courseware(required_seconds=120), courseware()
    published = course(kept, closed)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    page = await who.open(kept)
    await page.open_earlier(400)
    await page.study(until=75)
    await progress.deliver(withdrawal(who, order))
    await page.study(since=75, until=120)
    assert await page.credited() == 120
    assert (await who.press(kept)).status_code == 201
    assert (await audit(progress.pool)).differences == []


async def test_asked_again_the_answer_is_the_same(learner: MakeLearner, progress: Running) -> None:
    # $-8: by the number of the refund, whatever was studied since
    kept, closed = courseware(), courseware()
    published = course(kept, closed)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    await who.has_studied(kept)
    asked = withdrawal(who, order)
    await progress.deliver(asked)
    assert await progress.deliver(asked) is False
    await progress.deliver(withdrawal(who, order, refund_id=asked.refund_id))
    first, again = await answers(progress)
    assert first.courses == again.courses
    later = withdrawal(who, order)
    await progress.deliver(later)
    assert (await answers(progress))[-1].courses == first.courses
    assert await progress.pool.fetchval("SELECT count(*) FROM withdrawals") == 2


async def test_a_withdrawal_that_overtakes_its_order_waits_for_it(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8: nothing is answered from half the facts
    published = course(courseware())
    who = await learner()
    order = paid(who.learner_id, published.course_id)
    message = pack(withdrawal(who, order))
    await progress.service.consumer.receive(progress.pool, message)
    assert await answers(progress) == []
    for missing in (order, published):
        await progress.deliver(missing)
        await progress.pool.execute("UPDATE inbox SET next_try_at = now() WHERE state = 'failed'")
        await progress.service.consumer.retry(progress.pool)
    assert await hours_studied(progress) == [(1, 0)]
    assert set((await states(who)).values()) <= {"refunded"}


async def test_bought_again_a_course_opens_again(learner: MakeLearner, progress: Running) -> None:
    # $-8: the studied hour stays where it was, the others are studied under the new order
    kept, closed = courseware(required_seconds=120), courseware()
    published = course(kept, closed)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    await who.has_studied(kept, 70)
    await progress.deliver(withdrawal(who, order))
    again = await buys(who, published)
    assert set((await states(who)).values()) == {"started", "new"}
    page = await who.open(kept)
    assert page.opened["credited_seconds"] == 70
    await page.leave()
    assert (await who.completes(closed)).status_code == 201
    await progress.deliver(withdrawal(who, again))
    assert await hours_studied(progress) == [(2, 1)]


async def test_a_later_outline_opens_nothing_that_was_refunded(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8
    kept, closed, added = courseware(), courseware(), courseware()
    published = course(kept, closed)
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    await who.has_studied(kept)
    await progress.deliver(withdrawal(who, order))
    await progress.deliver(course(kept, closed, added, version=2, course_id=published.course_id))
    assert (await states(who))[str(added.courseware_id)] == "refunded"


async def test_an_hour_completed_at_that_moment_is_either_studied_or_refunded(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8: the race
    seen = set()
    for _ in range(12):
        item = courseware(required_seconds=0)
        published = course(item)
        who = await learner()
        await progress.deliver(published)
        order = await buys(who, published)
        await who.open(item)
        pressed, _ = await asyncio.gather(who.press(item), progress.deliver(withdrawal(who, order)))
        [(_, studied)] = await hours_studied(progress)
        assert (pressed.status_code, studied) in {(201, 1), (403, 0)}
        hours = await progress.pool.fetchval(
            "SELECT count(*) FROM hour_entries WHERE learner_id = $1", who.learner_id
        )
        assert hours == studied
        seen.add(studied)
    assert seen


async def test_fifty_withdrawals_of_one_order_close_it_once(
    learner: MakeLearner, progress: Running
) -> None:
    # $-8: the race
    published = course(courseware(), courseware())
    who = await learner()
    await progress.deliver(published)
    order = await buys(who, published)
    asked = [withdrawal(who, order) for _ in range(50)]
    await asyncio.gather(*(progress.deliver(each) for each in asked))
    told = await answers(progress)
    assert {each.refund_id for each in told} == {each.refund_id for each in asked}
    assert {(one.hours, one.hours_studied) for each in told for one in each.courses} == {(2, 0)}
