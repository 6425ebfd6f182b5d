"""The rules that a request can hit. The docstring is the sentence that the person reads."""

from chassis.refusals import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorized
from chassis.refusals import Unavailable as Away


class NoSuchCourseware(NotFound):
    """There is no such courseware."""


class NoSuchSession(NotFound):
    """There is no such study session."""


class NotEnrolled(Forbidden):
    """You do not own this course yet. Buy it in the course centre, then study it here."""


class HourRefunded(Forbidden):
    """This hour was refunded. Buy the course again to study it."""


class StillMissing(Conflict):
    """This courseware is not finished yet."""

    @property
    def code(self) -> str:
        return "StillMissing"


class TimeMissing(StillMissing):
    """Please study for another {missing_seconds} seconds before pressing 「学过了」."""


class ExerciseMissing(StillMissing):
    """Please do the exercise before pressing 「学过了」."""


class TimeAndExerciseMissing(StillMissing):
    """Please study for another {missing_seconds} seconds and do the exercise before pressing 「学过了」."""  # noqa: E501


class QuestionMissing(StillMissing):
    """A question is waiting on the courseware's page. Please answer it first."""


class NoSuchQuestion(NotFound):
    """There is no such question."""


class QuestionClosed(Conflict):
    """This question can't be answered any more. Look at the courseware's page to see why."""


class ExerciseIncomplete(Invalid):
    """Please answer every question of the exercise."""


class NoSuchPaper(Invalid):
    """This exercise is out of date. Open it again; nothing was handed in."""


class TooManySessions(TooMany):
    """Too many coursewares are open. Close the others, then try again."""


class SessionTokenInvalid(Unauthorized):
    """This study session has expired. Open the courseware again."""


class NothingToAppeal(Conflict):
    """On this day all the time of this courseware was credited; there is nothing to appeal against."""  # noqa: E501


class AppealOpen(Conflict):
    """Your appeal about this day is being looked at already. The answer will stand here."""


class FactsNotHeard(Away):
    """Your account is still being set up. Please try again in a moment."""


class BeatsNotTaken(Away):
    """Study time can't be taken in at the moment. It is kept in this page and sent again."""
