"""The tables that finance takes away: orders, and the journal with its postings ($-9)."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

import asyncpg

from chassis import clock
from chassis.db import Pool
from chassis.sheets import Row
from chassis.web.i18n import N_

from .store import exports as store

Table = Literal["orders", "journal"]
Say = Callable[[str], str]

HEADS: Mapping[Table, tuple[str, ...]] = {
    "orders": (
        N_("Order"),
        N_("Placed"),
        N_("Learner"),
        N_("Courses"),
        N_("Credit hours"),
        N_("State"),
        N_("Paid by"),
        N_("Paid on"),
        N_("Amount in yuan"),
        N_("Refunded in yuan"),
    ),
    "journal": (
        N_("Booked"),
        N_("Journal"),
        N_("Kind"),
        N_("About"),
        N_("Reference"),
        N_("Account"),
        N_("Debit in yuan"),
        N_("Credit in yuan"),
    ),
}
STATES = {
    "unpaid": N_("Awaiting payment"),
    "paid": N_("Paid"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Expired"),
}
METHODS = {"wechat": N_("WeChat Pay"), "wallet": N_("CNY account"), "none": N_("Nothing to pay")}
WRITTEN = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in China, both ends included."""

    since: date
    until: date

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.since, time(), clock.CHINA)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.until + timedelta(days=1), time(), clock.CHINA)


async def order_rows(db: Pool, period: Period, say: Say) -> AsyncIterator[list[Row]]:
    """One row an order that was placed in the period."""
    async for orders in store.order_pages(db, since=period.begins, until=period.ends):
        yield [_order_row(order, say) for order in orders]


def _order_row(order: asyncpg.Record, say: Say) -> Row:
    return (
        order["number"],
        _written(order["created_at"]),
        order["learner_name"],
        order["titles"],
        order["hours"],
        say(STATES[order["status"]]),
        say(METHODS[order["method"]]) if order["method"] else None,
        _written(order["paid_at"]) if order["paid_at"] else None,
        in_yuan(order["amount_fen"]),
        in_yuan(order["refunded_fen"]),
    )


async def journal_rows(db: Pool, period: Period) -> AsyncIterator[list[Row]]:
    """One row a posting that was booked in the period; debit and credit in their own columns."""
    async for postings in store.posting_pages(db, since=period.begins, until=period.ends):
        yield [_posting_row(posting) for posting in postings]


def _posting_row(posting: asyncpg.Record) -> Row:
    amount_fen = posting["amount_fen"]
    return (
        _written(posting["booked_at"]),
        str(posting["journal_id"]),
        posting["kind"],
        posting["label"],
        posting["reference"],
        posting["account"],
        in_yuan(amount_fen) if amount_fen > 0 else None,
        in_yuan(-amount_fen) if amount_fen < 0 else None,
    )


def in_yuan(fen: int) -> Decimal:
    """Exact, with its two digits."""
    return Decimal(fen).scaleb(-2)


def _written(at: datetime) -> str:
    return at.astimezone(clock.CHINA).strftime(WRITTEN)
