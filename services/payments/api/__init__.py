"""The JSON door, by noun."""

from . import discounts, employers, invoices, orders, refunds, transfers, wallet

ROUTERS = [
    orders.router,
    wallet.router,
    transfers.router,
    employers.router,
    discounts.router,
    refunds.router,
    invoices.router,
]
