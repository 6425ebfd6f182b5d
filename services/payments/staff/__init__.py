"""The staff door, by noun."""

from . import (
    books,
    cards,
    discounts,
    employers,
    invoice_cases,
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
    invoice_cases.router,
    books.router,
]
