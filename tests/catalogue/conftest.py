"""Builders of courses, and a catalogue to put them into."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis import clock, ids
from chassis.db import transaction
from contracts.catalogue import CourseKind, Courseware, CoursewareKind, Question, QuestionKind
from contracts.payments import (
    ItemKind,
    OrderLine,
    OrderPaid,
    OrderRefunded,
    PaymentMethod,
    RefundTarget,
)
from services.catalogue import actions, demo
from services.catalogue.model import Course
from services.catalogue.settings import CatalogueSettings
from tests.conftest import MakeService, Running


@pytest.fixture
async def catalogue(service: MakeService) -> Running:
    """An empty catalogue."""
    return await service("catalogue")


@pytest.fixture
async def demo_catalogue(service: MakeService) -> Running:
    """A catalogue with the demo courses."""
    running = await service("catalogue")
    await seed(running)
    return running


async def seed(running: Running) -> dict[str, Any]:
    assert isinstance(running.kit.settings, CatalogueSettings)
    return await demo.seed(running.kit, running.kit.settings)


def a_question(**values: Any) -> Question:
    standing: dict[str, Any] = {
        "question_id": uuid4(),
        "kind": QuestionKind.SINGLE,
        "text": "六面吃水要读几处？",
        "choices": ["四处", "六处"],
        "correct": [1],
    }
    return Question(**(standing | values))


def a_courseware(place: int = 1, **values: Any) -> Courseware:
    standing: dict[str, Any] = {
        "courseware_id": uuid4(),
        "title": f"第 {place} 讲 示例",
        "kind": CoursewareKind.DOCUMENT,
        "required_seconds": 60,
        "media_path": "/media/documents/x",
    }
    return Courseware(**(standing | values))


def a_course(*, hours: int = 2, **values: Any) -> Course:
    standing: dict[str, Any] = {
        "course_id": ids.new_id(),
        "title": "船舶水尺计重实务",
        "kind": CourseKind.ELECTIVE,
        "area": "重量鉴定",
        "summary": "吃水读取到计重报告。",
        "description": "六讲。",
        "price_fen": 1500 * hours,
        "coursewares": tuple(a_courseware(place) for place in range(1, hours + 1)),
    }
    return Course(**(standing | values))


Publish = Callable[..., Awaitable[Course]]


@pytest.fixture
def publish(catalogue: Running) -> Publish:
    """`await publish(title=…)` → a course that is on sale now."""

    async def put_up(**values: Any) -> Course:
        course = a_course(**values)
        async with transaction(catalogue.pool) as tx:
            await actions.publish_course(tx, course)
        return course

    return put_up


def order_paid(learner_id: UUID, *course_ids: UUID) -> OrderPaid:
    line = OrderLine(
        kind=ItemKind.COURSE,
        item_id=course_ids[0],
        title="课程",
        hours=2,
        amount_fen=3000,
        course_ids=list(course_ids),
    )
    return OrderPaid(
        order_id=ids.new_id(),
        number="20261122000001",
        learner_id=learner_id,
        method=PaymentMethod.WECHAT,
        amount_fen=3000,
        paid_at=clock.now(),
        lines=[line],
    )


def order_refunded(paid: OrderPaid, *course_ids: UUID) -> OrderRefunded:
    return OrderRefunded(
        refund_id=ids.new_id(),
        order_id=paid.order_id,
        number=paid.number,
        learner_id=paid.learner_id,
        amount_fen=1500,
        target=RefundTarget.SOURCE,
        course_ids=list(course_ids),
        refunded_at=clock.now(),
    )


@pytest.fixture
async def demo_settings(service: MakeService) -> CatalogueSettings:
    """Settings with a study time that only a setting can give."""
    running = await service("catalogue", demo_required_seconds=7)
    assert isinstance(running.kit.settings, CatalogueSettings)
    return running.kit.settings
