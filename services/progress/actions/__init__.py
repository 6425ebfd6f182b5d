"""Everything that changes progress. Each action runs in its caller's transaction:
lock → decide → save → tell."""

from .appeals import open_appeal
from .completing import complete_courseware, review_cycle, submit_exercise
from .correcting import correct_hours, correct_study_time
from .deciding import decide_appeal
from .hearing import keep_course, keep_facts, open_courses
from .judging import judge_flag
from .questioning import answer, meet, miss_overdue
from .studying import leave_session, open_session
from .withdrawing import withdraw_courses

__all__ = [
    "answer",
    "complete_courseware",
    "correct_hours",
    "correct_study_time",
    "decide_appeal",
    "judge_flag",
    "keep_course",
    "keep_facts",
    "leave_session",
    "meet",
    "miss_overdue",
    "open_appeal",
    "open_courses",
    "open_session",
    "review_cycle",
    "submit_exercise",
    "withdraw_courses",
]
