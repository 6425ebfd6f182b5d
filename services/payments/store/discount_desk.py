"""What staff see of the applications for the discount."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.db import Pool

from ..model.discounts import DiscountStatus


@dataclass(frozen=True, slots=True)
class Row:
    """One application in a list."""

    discount_id: UUID
    case_number: str
    status: DiscountStatus
    real_name: str
    id_number_masked: str
    certificate_number: str
    cycle_ends_on: date
    requested_at: datetime
    decided_by_name: str | None


async def list_waiting(db: Pool, *, limit: int) -> list[Row]:
    """What waits for a decision, the longest waiting first."""
    rows = await db.fetch(
        """
          SELECT discount_id, case_number, status, real_name, id_number_masked,
                 certificate_number, cycle_ends_on, requested_at, decided_by_name
            FROM discounts
            JOIN learners USING (learner_id)
           WHERE status = 'requested'
        ORDER BY requested_at
           LIMIT $1
        """,
        limit,
    )
    return [Row(**{**row, "status": DiscountStatus(row["status"])}) for row in rows]


async def count_waiting(db: Pool) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM discounts WHERE status = 'requested'")
    return count


async def search(db: Pool, *, text: str, before: UUID | None, limit: int) -> list[Row]:
    """Applications by case number, certificate number or name (any if empty), newest first."""
    rows = await db.fetch(
        """
          SELECT discount_id, case_number, status, real_name, id_number_masked,
                 certificate_number, cycle_ends_on, requested_at, decided_by_name
            FROM discounts
            JOIN learners USING (learner_id)
           WHERE ($1 = '' OR case_number = upper($1) OR certificate_number = $1
                  OR starts_with(real_name, $1))
             AND ($2::uuid IS NULL OR discount_id < $2)
        ORDER BY discount_id DESC
           LIMIT $3
        """,
        text,
        before,
        limit,
    )
    return [Row(**{**row, "status": DiscountStatus(row["status"])}) for row in rows]


async def count_courses_of_unknown_kind(db: Pool) -> int:
    """Courses on sale that were published before payments kept their kind (C-1)."""
    count: int = await db.fetchval("SELECT count(*) FROM courses WHERE sold AND kind IS NULL")
    return count
