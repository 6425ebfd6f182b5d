"""The rules of certificates, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from contracts.identity import LearnerKind, Qualification, Title
from services.certificates import model
from services.certificates.model import (
    AccountDetailsOnTheWay,
    CycleNotSatisfied,
    Details,
    NotAHolder,
    NotAsKnown,
    RenewalIsLate,
    Status,
    Wait,
)

COHORTS = [date(2023, 7, 6), date(2023, 7, 21), date(2023, 8, 15), date(2024, 3, 1)]
LEARNER_ID = UUID(int=1)
HELD = Qualification(number="JY-1", category="水平考试合格证", expires_on=date(2023, 7, 21))
LEARNER = model.Learner(
    LEARNER_ID,
    version=1,
    real_name="钟检",
    kind=LearnerKind.HOLDER,
    id_number_masked="110105********6789",
    verified=True,
    qualification=HELD,
)
CYCLE = model.Cycle(
    LEARNER_ID,
    starts_on=date(2019, 7, 22),
    ends_on=date(2023, 7, 21),
    hours=40,
    study_started_on=date(2023, 5, 2),
    satisfied_at=datetime(2023, 6, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("expires_on", "cohort_on"),
    [
        (date(2023, 1, 31), date(2023, 7, 6)),
        (date(2023, 7, 6), date(2023, 7, 6)),
        (date(2023, 7, 7), date(2023, 7, 21)),
        (date(2023, 7, 22), date(2023, 8, 15)),
        (date(2023, 8, 16), date(2024, 3, 1)),
        (date(2024, 3, 1), date(2024, 3, 1)),
        (date(2024, 3, 2), None),
    ],
)
def test_a_certificate_follows_the_first_cohort_from_its_expiry_date(  # Z-2
    expires_on: date, cohort_on: date | None
) -> None:
    assert model.cohort_for(expires_on, list(reversed(COHORTS))) == cohort_on


@pytest.mark.parametrize(
    ("satisfied_at", "late"),
    [
        (datetime(2023, 7, 21, 15, 59, tzinfo=UTC), False),  # 23:59 in Shanghai
        (datetime(2023, 7, 21, 16, 0, tzinfo=UTC), True),  # the next day there
    ],
)
def test_late_is_counted_by_the_day_in_shanghai(satisfied_at: datetime, *, late: bool) -> None:
    cycle = replace(CYCLE, satisfied_at=satisfied_at)
    assert model.is_late(cycle, HELD) is late  # Z-3


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2023, 3, 1), date(2027, 3, 1)),
        (date(2024, 2, 29), date(2028, 2, 29)),
        (date(2096, 2, 29), date(2100, 2, 28)),  # 2100 is no leap year
    ],
)
def test_a_certificate_is_valid_for_four_years(start: date, end: date) -> None:
    assert model.valid_until(start) == end


def waits(
    learner: model.Learner = LEARNER,
    *,
    cycle: model.Cycle = CYCLE,
    registered: bool = True,
    today: date = date(2023, 7, 21),
) -> tuple[Wait, ...]:
    return model.standing(learner, cycle, registered=registered, cohorts=COHORTS, today=today).waits


def test_what_is_missing_is_named() -> None:
    assert waits() == ()
    assert waits(registered=False) == (Wait.REGISTRATION,)
    assert waits(replace(LEARNER, verified=False)) == (Wait.IDENTITY,)  # I-3
    assert waits(today=date(2023, 7, 20)) == (Wait.DATE,)  # Z-2
    assert waits(replace(LEARNER, verified=False), registered=False, today=date(2023, 7, 1)) == (
        Wait.REGISTRATION,
        Wait.IDENTITY,
        Wait.DATE,
    )
    beyond = HELD.model_copy(update={"expires_on": date(2025, 1, 1)})
    assert waits(replace(LEARNER, qualification=beyond)) == (Wait.COHORT,)


def test_what_only_the_learner_can_mend_is_named_alone() -> None:
    late = replace(CYCLE, satisfied_at=datetime(2023, 8, 1, tzinfo=UTC))
    assert waits(cycle=late) == (Wait.LATE_RENEWAL,)  # Z-3
    assert waits(replace(LEARNER, kind=LearnerKind.NEWCOMER)) == (Wait.APPLICATION,)  # Z-4
    assert waits(replace(LEARNER, kind=LearnerKind.TITLED)) == (Wait.APPLICATION,)
    assert waits(model.Learner(LEARNER_ID)) == (Wait.ACCOUNT_DETAILS,)


def test_only_waiting_for_the_date_is_scheduled() -> None:
    for learner, status in (
        (LEARNER, Status.SCHEDULED),
        (replace(LEARNER, verified=False), Status.WAITING),
    ):
        standing = model.standing(
            learner, CYCLE, registered=True, cohorts=COHORTS, today=date(2023, 7, 1)
        )
        assert standing.status is status


@pytest.mark.parametrize(
    ("learner", "cycle", "refusal"),
    [
        (model.Learner(LEARNER_ID), CYCLE, AccountDetailsOnTheWay),
        (replace(LEARNER, kind=LearnerKind.NEWCOMER), CYCLE, NotAHolder),
        (LEARNER, None, CycleNotSatisfied),
        (LEARNER, replace(CYCLE, satisfied_at=datetime(2024, 1, 1, tzinfo=UTC)), RenewalIsLate),
    ],
)
def test_a_registration_is_refused_by_the_rule_that_was_hit(
    learner: model.Learner, cycle: model.Cycle | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        model.check_may_register(learner, cycle)


def test_what_was_confirmed_must_still_be_so() -> None:
    model.check_confirmed(LEARNER, Details(real_name="钟检", expires_on=HELD.expires_on))
    with pytest.raises(NotAsKnown) as refused:
        model.check_confirmed(LEARNER, Details(real_name="钟捡", certificate_number="JY-1"))
    assert list(refused.value.errors) == ["real_name"]


def composed(learner: model.Learner) -> model.Certificate:
    return model.compose(
        learner,
        CYCLE,
        certificate_id=UUID(int=2),
        sequence=123,
        check_code="a" * 22,
        cohort_on=date(2023, 7, 21),
        today=date(2023, 7, 24),
    )


def test_each_form_says_what_the_notice_asks_for() -> None:  # Z-1
    holder = composed(LEARNER).snapshot
    assert (holder["category"], holder["original_number"]) == ("水平考试合格证", "JY-1")

    newcomer = composed(replace(LEARNER, kind=LearnerKind.NEWCOMER, qualification=None)).snapshot
    assert (newcomer["study_started_on"], newcomer["satisfied_on"]) == ("2023-05-02", "2023-06-01")
    assert "category" not in newcomer

    title = Title(category="高级工程师", authority="人社部", number="GC-1")
    titled = composed(replace(LEARNER, kind=LearnerKind.TITLED, title=title)).snapshot
    assert (titled["title_category"], titled["title_authority"]) == ("高级工程师", "人社部")
    assert titled["title_number"] == "GC-1"


def test_a_late_issue_is_dated_today_but_ends_with_its_cohort() -> None:
    certificate = composed(LEARNER)
    assert certificate.number == "JXJY-2023-000123"
    assert certificate.issued_on == date(2023, 7, 24)
    assert certificate.valid_until == date(2027, 7, 21)


def test_a_certificate_is_valid_through_its_last_day() -> None:
    certificate = composed(LEARNER)
    assert certificate.status_on(date(2027, 7, 21)) is Status.VALID
    assert certificate.status_on(date(2027, 7, 22)) is Status.EXPIRED
    revoked = replace(certificate, state=Status.REVOKED)
    assert revoked.status_on(date(2027, 7, 22)) is Status.REVOKED
