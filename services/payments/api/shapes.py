"""The JSON that the API takes and gives. Money in fen, times in RFC 3339 UTC."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.web.i18n import gettext
from contracts.payments import ItemKind, PaymentMethod

from ..model.attempts import Attempt, AttemptStatus, Method
from ..model.carts import Cart, CartLine
from ..model.goods import CART_MAX, Item
from ..model.orders import Line, Order, OrderStatus

Sign = Callable[[str], Mapping[str, str]]  # a prepay_id → what WeChat's bridge is given


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemAsked(Asked):
    kind: ItemKind
    id: UUID

    @property
    def item(self) -> Item:
        return Item(self.kind, self.id)


class OrderAsked(Asked):
    items: list[ItemAsked] | None = Field(default=None, min_length=1, max_length=CART_MAX)


class PaymentAsked(Asked):
    """`code`: inside WeChat (`wechat_jsapi`), what its OAuth gave for this app; it says who
    pays."""

    method: Method
    code: str | None = Field(default=None, min_length=1, max_length=512)

    @model_validator(mode="after")
    def _code_inside_wechat(self) -> Self:
        if (self.method is Method.WECHAT_JSAPI) != (self.code is not None):
            raise ValueError("Give a code of WeChat's for wechat_jsapi, and for nothing else.")
        return self


class RefusalShown(BaseModel):
    code: str
    detail: str


class CartLineShown(BaseModel):
    kind: ItemKind
    id: UUID
    title: str
    hours: int
    amount_fen: int
    discount_fen: int
    refusal: RefusalShown | None

    @classmethod
    def of(cls, line: CartLine) -> Self:
        refusal = line.refusal
        return cls(
            kind=line.good.kind,
            id=line.good.item_id,
            title=line.good.title,
            hours=line.good.hours,
            amount_fen=line.amount_fen,
            discount_fen=line.discount_fen,
            refusal=refusal
            and RefusalShown(code=refusal.code, detail=gettext(refusal.message, **refusal.values)),
        )


class CartShown(BaseModel):
    lines: list[CartLineShown]
    hours: int
    amount_fen: int
    discount_fen: int

    @classmethod
    def of(cls, cart: Cart) -> Self:
        lines = [CartLineShown.of(line) for line in cart.lines]
        return cls(
            lines=lines,
            hours=cart.hours,
            amount_fen=cart.amount_fen,
            discount_fen=cart.discount_fen,
        )


class LineShown(BaseModel):
    kind: ItemKind
    id: UUID
    title: str
    hours: int
    amount_fen: int
    discount_fen: int = 0
    course_ids: list[UUID]

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(
            kind=line.kind,
            id=line.item_id,
            title=line.title,
            hours=line.hours,
            amount_fen=line.amount_fen,
            discount_fen=line.discount_fen,
            course_ids=list(line.course_ids),
        )


class PaymentShown(BaseModel):
    """`status`: "pending" while WeChat has not answered, "waiting" once `code_url` can be
    scanned or `bridge` be given to WeChat's bridge, then "paid", "closed", …"""

    method: Method
    status: str
    code_url: str | None
    expires_at: datetime
    bridge: dict[str, str] | None = None

    @classmethod
    def of(cls, attempt: Attempt, sign: Sign | None = None) -> Self:
        pending = attempt.status is AttemptStatus.CREATING
        waiting = attempt.status is AttemptStatus.WAITING
        prepay_id = attempt.prepay_id if waiting else None
        return cls(
            method=attempt.method,
            status="pending" if pending else attempt.status.value,
            code_url=attempt.code_url if waiting else None,
            expires_at=attempt.expires_at,
            bridge=dict(sign(prepay_id)) if sign and prepay_id else None,
        )

    @classmethod
    def from_wallet(cls, order: Order) -> Self:
        return cls(method=Method.WALLET, status="paid", code_url=None, expires_at=order.expires_at)


class OrderShown(BaseModel):
    """`payment`: the latest attempt to pay it; `payments`: the latest of each method."""

    order_id: UUID
    number: str
    status: OrderStatus
    amount_fen: int
    hours: int
    lines: list[LineShown]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    method: PaymentMethod | None
    payment: PaymentShown | None
    payments: list[PaymentShown] = []

    @classmethod
    def of(cls, order: Order, attempts: Sequence[Attempt] = (), sign: Sign | None = None) -> Self:
        latest = {attempt.method: attempt for attempt in reversed(attempts)}
        return cls(
            order_id=order.order_id,
            number=order.number,
            status=order.status,
            amount_fen=order.amount_fen,
            hours=order.hours,
            lines=[LineShown.of(line) for line in order.lines],
            created_at=order.created_at,
            expires_at=order.expires_at,
            paid_at=order.paid_at,
            method=order.method,
            payment=PaymentShown.of(attempts[0], sign) if attempts else None,
            payments=[PaymentShown.of(attempt, sign) for attempt in latest.values()],
        )


class OrdersShown(BaseModel):
    items: list[OrderShown]
    next_cursor: str | None
