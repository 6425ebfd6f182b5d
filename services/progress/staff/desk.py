"""What the pages of the desk have in common."""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import StringConstraints

from chassis.permissions import Permission
from chassis.web.who import Session, StaffWith

from ..model.desk import StaffMember

DESK = "/staff/progress"
PAGE_ROWS = 50
REASON_MAX = 500

Reader = Annotated[Session, StaffWith(Permission.PROGRESS_READ)]
Corrector = Annotated[Session, StaffWith(Permission.PROGRESS_CORRECT)]
Reason = Annotated[str, StringConstraints(min_length=4, max_length=REASON_MAX)]


def written_by(who: Session) -> StaffMember:
    """Who signs an entry."""
    return StaffMember(who.subject, who.name)


def url(path: str, **asked: object) -> str:
    """An address of the desk; what is empty is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{DESK}{path}?{query}" if query else f"{DESK}{path}"
