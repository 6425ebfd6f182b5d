"""What a list may be asked for, by API and pages alike, and the opaque cursors that go on in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from chassis.refusals import Invalid
from chassis.web.i18n import N_
from contracts.catalogue import CourseKind
from contracts.identity import LearnerKind

from .model import Cursor, Key, Listing, Owned, Search, Sort

BAD_CURSOR = N_("This place in the list is not known. Start again from the first page.")
MAX_WORDS = 8


def _absent_if_empty(value: object) -> object:
    return None if value == "" else value


Absent = BeforeValidator(_absent_if_empty)
Words = Annotated[Annotated[str, Field(max_length=60)] | None, Absent]
Place = Annotated[Annotated[str, Field(max_length=400)] | None, Absent]
Limit = Annotated[int, Field(ge=1, le=100)]


class CourseQuery(BaseModel):
    """`q` is searched for in titles, trades, summaries and coursewares, word by word."""

    kind: Annotated[CourseKind | None, Absent] = None
    area: Words = None
    q: Words = None
    owned: Owned = Owned.ANY
    sort: Sort = Sort.NEWEST
    cursor: Place = None
    limit: Limit = 20

    def search(self, learner_id: UUID | None) -> Search:
        return Search(
            kind=self.kind,
            area=_clean(self.area) or None,
            words=tuple(_clean(self.q).split()[:MAX_WORDS]),
            owned=self.owned if learner_id else Owned.ANY,
            sort=self.sort,
            learner_id=learner_id,
        )

    def after(self) -> Cursor | None:
        return read(self.sort, self.cursor) if self.cursor else None


class PackageQuery(BaseModel):
    audience: Annotated[LearnerKind | None, Absent] = None
    cursor: Place = None
    limit: Limit = 20

    def after(self) -> Cursor | None:
        return read(Sort.HOURS, self.cursor) if self.cursor else None


def _clean(text: str | None) -> str:
    """PostgreSQL knows no NUL in text; nobody searches for one."""
    return (text or "").replace("\0", " ").strip()


def cursor_of(sort: Sort, last: Listing) -> str:
    """Where the list goes on after this course."""
    key: Key = last.hours if sort is Sort.HOURS else last.published_at
    return write(sort, Cursor(key, last.course_id))


def write(sort: Sort, cursor: Cursor) -> str:
    key = cursor.key.isoformat() if isinstance(cursor.key, datetime) else cursor.key
    text = json.dumps([sort.value, key, str(cursor.item_id)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(sort: Sort, text: str) -> Cursor:
    """Read a cursor that `write` made for the same sort. Raises `Invalid` for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        made_for, key, item_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if made_for != sort.value:
            raise ValueError(made_for)
        return Cursor(_key(sort, key), UUID(item_id))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Invalid({"cursor": BAD_CURSOR}) from None


def _key(sort: Sort, value: object) -> Key:
    if sort is Sort.NEWEST and isinstance(value, str):
        return _instant(value)
    if sort is Sort.HOURS and type(value) is int and 0 <= value < 2**31:
        return value
    raise ValueError(value)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant.astimezone(UTC)
