"""What a person thinks of a suspicious pattern (P-12). Nothing follows from it by itself."""

from datetime import datetime
from uuid import UUID

from chassis.db import Tx

from ..model.desk import AlreadyJudged, FlagState, NoSuchFlag, StaffMember
from ..store import flags


async def judge_flag(
    tx: Tx, *, flag_id: UUID, state: FlagState, note: str, by: StaffMember, now: datetime
) -> None:
    """Clear or confirm a flag, once. Raises `NoSuchFlag`, `AlreadyJudged`."""
    if await flags.get_flag(tx, flag_id) is None:
        raise NoSuchFlag()

    judged = await flags.judge(
        tx,
        flag_id=flag_id,
        state=state,
        by_staff=by.staff_id,
        by_name=by.name,
        judged_at=now,
        note=note,
    )
    if not judged:
        raise AlreadyJudged()
