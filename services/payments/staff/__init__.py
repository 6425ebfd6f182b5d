"""The staff door, by noun."""

from . import (
    batches,
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
    batches.router,
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
