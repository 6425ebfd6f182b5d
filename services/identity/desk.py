"""The steps of a decision at the verification desk, the same for the page and the API (I-8)."""

from uuid import UUID

import structlog

from chassis.db import Pool, transaction
from chassis.refusals import Invalid
from chassis.sessions import Session
from chassis.web.i18n import N_, Sentence

from .actions import verification
from .model import Decision, Learner
from .registration import NO_CONTROLS

log = structlog.get_logger()

REASON_LONGEST = 500
REASON_MISSING = N_("Please say what the learner should mend. The learner reads this.")
REASON_TOO_LONG = N_("At most {n} characters.")


async def decide(
    db: Pool, learner_id: UUID, *, who: Session, decision: Decision, reason: str
) -> Learner:
    """Accept, or return with a reason. Raises Invalid at `reason` where it is missing."""
    text = " ".join(reason.split())
    if decision is Decision.RETURN:
        _check(text)
    async with transaction(db) as tx:
        if decision is Decision.ACCEPT:
            learner = await verification.accept(tx, learner_id, who=who)
        else:
            learner = await verification.give_back(tx, learner_id, who=who, reason=text)
    log.info("verification_decided", learner_id=str(learner_id), decision=decision)
    return learner


def _check(reason: str) -> None:
    if not reason:
        raise Invalid({"reason": REASON_MISSING})
    if len(reason) > REASON_LONGEST:
        raise Invalid({"reason": Sentence(REASON_TOO_LONG, n=REASON_LONGEST)})
    if not reason.isprintable():
        raise Invalid({"reason": NO_CONTROLS})
