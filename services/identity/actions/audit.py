"""Lines of the audit trail: who did what to which learner (I-9)."""

from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from chassis.sessions import Session

from ..model import Learner
from ..store import audit as store


async def note_staff(
    tx: Tx, who: Session, *, action: str, learner_id: UUID, note: str | None = None
) -> None:
    """A member of staff has done something."""
    await store.insert_audit_line(
        tx,
        line_id=ids.new_id(),
        at=clock.now(),
        actor_kind="staff",
        actor_id=who.subject,
        actor_name=who.name,
        action=action,
        learner_id=learner_id,
        note=note,
    )


async def note_learner(tx: Tx, learner: Learner, *, action: str) -> None:
    """A learner has done something to the own account."""
    await store.insert_audit_line(
        tx,
        line_id=ids.new_id(),
        at=clock.now(),
        actor_kind="learner",
        actor_id=learner.learner_id,
        actor_name=learner.real_name,
        action=action,
        learner_id=learner.learner_id,
    )
