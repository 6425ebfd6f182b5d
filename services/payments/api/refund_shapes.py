"""The JSON of refunds."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from contracts.payments import RefundTarget

from ..model.refunds import REASON_MAX, Refund, RefundStatus
from .shapes import Asked


class RefundAsked(Asked):
    """`target`: back to the WeChat payment (`source`), or into the CNY account (`wallet`)."""

    order_id: UUID
    target: Literal[RefundTarget.SOURCE, RefundTarget.WALLET]
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_MAX)
    ]


class RefundShown(BaseModel):
    """`amount_fen` is known once the unstudied hours are counted; `answer` says why a refund was
    declined."""

    refund_id: UUID
    case_number: str
    order_id: UUID
    status: RefundStatus
    target: RefundTarget
    reason: str
    amount_fen: int | None
    answer: str
    asked_at: datetime
    refunded_at: datetime | None

    @classmethod
    def of(cls, refund: Refund) -> Self:
        declined = refund.status is RefundStatus.DECLINED
        return cls(
            refund_id=refund.refund_id,
            case_number=refund.case_number,
            order_id=refund.order_id,
            status=refund.status,
            target=refund.target,
            reason=refund.reason,
            amount_fen=refund.amount_fen,
            answer=refund.answer if declined else "",
            asked_at=refund.asked_at,
            refunded_at=refund.refunded_at,
        )


class RefundsShown(BaseModel):
    items: list[RefundShown]
    next_cursor: str | None
