"""The staff door, by noun."""

from . import (
    books,
    cards,
    discounts,
    employers,
    invoices,
    orders,
    overview,
    receipts,
    refunds,
    transfers,
)

ROUTERS = [
    overview.router,
    orders.router,
    cards.router,
    receipts.router,
    transfers.router,
    employers.router,
    discounts.router,
    refunds.router,
    invoices.router,
    books.router,
]
